/** PROMETHEUS listeners on a real HAProxy in a namespace of its own, read by a strict parser. */
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNamespace } from './live-proxy.fixture.ts';

test("a PROMETHEUS listener tells Octavia's 144 metrics of real traffic, and nothing else", () =>
  runInNamespace(fileURLToPath(new URL('metrics-live.fixture.ts', import.meta.url))));
