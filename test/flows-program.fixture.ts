/**
 * Connections that stay. `serve PORT` echoes, each answer with its own name (the argument after the port); `hold HOST PORT COUNT`
 * opens connections, and for each line on standard input asks every one of them once and prints, as JSON, how many answered as before.
 */
import { type Socket, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [mode = '', ...args] = process.argv.slice(2);
const PATIENCE_MS = 5000;

function serve(port: number, name: string): void {
  createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(`${name}\n`));
  }).listen(port, '0.0.0.0', () => process.stdout.write('ready\n'));
}

/** What the member answers; empty when it does not in time. */
function ask(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const done = (answer: string): void => {
      clearTimeout(timer);
      socket.removeAllListeners('data');
      resolve(answer);
    };
    const timer = setTimeout(() => done(''), PATIENCE_MS);
    socket.once('data', (chunk: Buffer) => done(chunk.toString().trim()));
    if (socket.destroyed) done('');
    else socket.write('who\n');
  });
}

async function hold(host: string, port: number, count: number): Promise<void> {
  const sockets = Array.from({ length: count }, () => connect(port, host).on('error', () => {}));
  const first = await Promise.all(sockets.map(ask));
  process.stdout.write(`${JSON.stringify({ opened: first.filter((name) => name !== '').length, members: new Set(first).size })}\n`);
  for await (const _line of createInterface({ input: process.stdin })) {
    const now = await Promise.all(sockets.map(ask));
    process.stdout.write(`${JSON.stringify({ same: now.filter((name, index) => name !== '' && name === first[index]).length })}\n`);
  }
}

if (mode === 'serve') serve(Number(args[0]), args[1] ?? '');
else await hold(args[0] ?? '', Number(args[1]), Number(args[2]));
