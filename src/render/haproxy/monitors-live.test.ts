/** Health monitors on a real HAProxy in a namespace of its own: what each kind takes for healthy, and what it says otherwise. */
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNamespace } from './live-proxy.fixture.ts';

test('monitors of every kind see what they are to see', () => runInNamespace(fileURLToPath(new URL('monitors-live.fixture.ts', import.meta.url))));
