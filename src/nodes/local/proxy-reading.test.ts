/** Counters of workers of before a reload, asked from sockets that answer as HAProxy's do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { nodeFiles } from './names.ts';
import { readProxyReading } from './proxy-reading.ts';

const NODE = '11111111-2222-4333-8444-555555555555';
const STAT = '# pxname,svname,type,scur,bin,bout,ereq,stot\nlistener-1,FRONTEND,0,0,10,20,0,7\n';

function info(pid: number): string {
  return `Name: HAProxy\nPid: ${pid}\nStart_time_sec: 5\n`;
}

const PROCESSES = `#<PID>          <type>          <reloads>       <uptime>        <version>
1               master          1 [failed: 0]   0d00h00m01s     2.6.12
# workers
101             worker          0               0d00h00m00s     2.6.12
# old workers
100             worker          1               0d00h00m01s     2.6.12
# programs
`;

async function serve(t: TestContext, path: string, answer: (question: string) => string): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('data', () => text.endsWith('\n') && socket.end(answer(text)));
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => server.close());
}

test('a worker that a reload makes old while it is read is counted once', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-reading-'));
  t.after(() => rm(directory, { recursive: true }));
  const files = { ...nodeFiles(directory, NODE), statsSocket: join(directory, 'stats.sock'), masterSocket: join(directory, 'master.sock') };
  await serve(t, files.statsSocket, () => `\n> ${info(100)}\n> ${STAT}\n> `);
  await serve(t, files.masterSocket, (question) => (question.startsWith('show proc') ? PROCESSES : question.includes('show info') ? info(100) : STAT));
  const reading = await readProxyReading(files);
  assert.deepEqual(reading?.listeners[0]?.counters, [
    { worker: '100-5', activeConnections: 0, bytesIn: 10, bytesOut: 20, requestErrors: 0, totalConnections: 7 },
  ]);
});
