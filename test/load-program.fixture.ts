/**
 * A client that never rests: asks the addresses (or https:// URLs, whose certificates it takes as they are) in its arguments in turn, over kept-alive connections and over a new
 * connection each time, until its input ends. Prints how many requests each server answered and how many failed, as
 * JSON. Prints `ready` after the first answer.
 */
import { Agent, type IncomingMessage, get } from 'node:http';
import * as https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

const addresses = process.argv.slice(2);
/** Connections of each kind. */
const EACH = 4;
/** Fewer new connections than a host has ports, however long a test takes. */
const PAUSE_MS = 2;
const keeping = { keepAlive: true, maxSockets: EACH * addresses.length };
const kept = { plain: new Agent(keeping), tls: new https.Agent({ ...keeping, rejectUnauthorized: false }) };
const fresh = { plain: new Agent({ keepAlive: false }), tls: new https.Agent({ keepAlive: false, rejectUnauthorized: false }) };
const tally: Record<string, number> = {};
const stop = new AbortController();

function ask(address: string, agent: typeof kept): Promise<string> {
  return new Promise((resolve) => {
    const answered = (response: IncomingMessage): void => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve(response.statusCode === 200 ? text.trim() : `failed: status ${response.statusCode}`));
      response.on('error', (error) => resolve(`failed: answer ${error.message}`));
    };
    const request = address.startsWith('https://')
      ? https.get(`${address}/`, { agent: agent.tls, timeout: 5000 }, answered)
      : get(`http://${address}/`, { agent: agent.plain, timeout: 5000 }, answered);
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve(`failed: ${agent === kept ? 'kept' : 'new'} ${request.reusedSocket ? 'reused ' : ''}${error.message}`));
  });
}

async function hammer(agent: typeof kept): Promise<void> {
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
kept.plain.destroy();
kept.tls.destroy();
