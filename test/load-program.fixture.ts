/**
 * A client that never rests: asks the addresses in its arguments in turn, over kept-alive connections and over a new
 * connection each time, until its input ends. Prints how many requests each server answered and how many failed, as
 * JSON. Prints `ready` after the first answer.
 */
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const addresses = process.argv.slice(2);
/** Connections of each kind. */
const EACH = 4;
/** Fewer new connections than a host has ports, however long a test takes. */
const PAUSE_MS = 2;
const kept = new Agent({ keepAlive: true, maxSockets: EACH * addresses.length });
const fresh = new Agent({ keepAlive: false });
const tally: Record<string, number> = {};
const stop = new AbortController();

function ask(address: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const request = get(`http://${address}/`, { agent, timeout: 5000 }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve(response.statusCode === 200 ? text.trim() : `failed: status ${response.statusCode}`));
      response.on('error', (error) => resolve(`failed: answer ${error.message}`));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve(`failed: ${agent === kept ? 'kept' : 'new'} ${request.reusedSocket ? 'reused ' : ''}${error.message}`));
  });
}

async function hammer(agent: Agent): Promise<void> {
  for (let turn = 0; !stop.signal.aborted; turn++) {
    const answer = await ask(addresses[turn % addresses.length] ?? '', agent);
    tally[answer] = (tally[answer] ?? 0) + 1;
    if (agent === fresh) await pause(PAUSE_MS);
  }
}

process.stdin.on('end', () => stop.abort()).resume();
const work = Array.from({ length: EACH }, () => [hammer(kept), hammer(fresh)]).flat();
while (Object.keys(tally).length === 0) await pause(PAUSE_MS);
process.stdout.write('ready\n');
await Promise.all(work);
process.stdout.write(`${JSON.stringify(tally)}\n`);
kept.destroy();
