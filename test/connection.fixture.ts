/** A connection of the lab's client that stays. */
import { spawn } from 'node:child_process';
import { type Playground, until } from './playground.fixture.ts';

/** One connection from the lab's client, over which requests are sent one after the other; what `headers` says goes with each. */
export function connection(cloud: Playground, address: string): { ask: (headers?: string) => Promise<string>; end: () => void } {
  const program = `
    const socket = require('net').connect(80, ${JSON.stringify(address)});
    process.stdin.on('data', (text) => socket.write(text));
    socket.on('data', (data) => process.stdout.write(data));
    socket.on('error', () => {});
    socket.on('close', () => process.exit());`;
  const client = spawn('nsenter', [`--net=/run/netns/weir-${cloud.instance}-lab-client`, process.execPath, '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let [said, closed] = ['', false];
  client.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  client.once('exit', () => (closed = true));
  client.stdin.on('error', () => {});
  const ask = async (headers = ''): Promise<string> => {
    said = '';
    client.stdin.write(`GET /headers HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
    await until('there is an answer', async () => closed || /\r\n\r\n[^]*web[12]/.test(said));
    return said;
  };
  return { ask, end: () => client.kill('SIGKILL') };
}
