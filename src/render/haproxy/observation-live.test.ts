/** A killed member under load, on a real HAProxy in a namespace of its own. */
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNamespace } from './live-proxy.fixture.ts';

test('the death of a member costs what it had in hand, or by flavor no request that may be repeated; it is back when its monitor says so', () =>
  runInNamespace(fileURLToPath(new URL('observation-live.fixture.ts', import.meta.url))));
