/** PROXY protocol, inserted headers and flows by address and port, on a real HAProxy in a namespace of its own. */
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNamespace } from './live-proxy.fixture.ts';

test('members are told who the client is, by members of the file and of the runtime alike', () =>
  runInNamespace(fileURLToPath(new URL('proxy-protocol-live.fixture.ts', import.meta.url))));
