/**
 * Clients that ought to keep their members: asks the address in the first argument from each of the other arguments, over a
 * new connection each time, until its input ends. Prints `ready` when each has its member, and in the end, as JSON, how
 * many were answered, who got another member than the first time, and what went wrong.
 */
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const [address = '', ...sources] = process.argv.slice(2);
/** Fewer connections than a host has ports, however long a test takes. */
const PAUSE_MS = 10;
const member = new Map<string, string>();
const moved: string[] = [];
const failed: string[] = [];
let answered = 0;
const stop = new AbortController();

function ask(localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host: address, localAddress, agent: false, timeout: 5000 }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (part: string) => (text += part));
      response.on('end', () => (response.statusCode === 200 ? resolve(text.trim()) : reject(new Error(`status ${response.statusCode}`))));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
  });
}

async function askOnce(source: string): Promise<void> {
  try {
    const answer = await ask(source);
    answered++;
    const before = member.get(source);
    if (before !== undefined && before !== answer) moved.push(`${source}: ${before} → ${answer} ${new Date().toISOString()}`);
    member.set(source, answer);
  } catch (error) {
    failed.push(`${source}: ${String(error)}`);
  }
}

async function hammer(source: string): Promise<void> {
  while (!stop.signal.aborted) {
    await askOnce(source);
    await pause(PAUSE_MS);
  }
}

process.stdin.on('end', () => stop.abort()).resume();
// One after the other, so that round robin gives both members their share.
for (const source of sources) await askOnce(source);
process.stdout.write('ready\n');
await Promise.all(sources.map(hammer));
process.stdout.write(`${JSON.stringify({ answered, members: [...new Set(member.values())].toSorted(), moved, failed })}\n`);
