/**
 * A client that asks the address in its first argument every 5 ms over a new connection, each with a deadline of 150 ms,
 * until its input ends. Prints `ready` after the first answer, and at the end, as JSON: how many requests were answered
 * and how many were not, how many of these were refused, cut or answered badly rather than late, and for how long nothing was answered at the worst, milliseconds. What was not answered began
 * between the last answer before and the first one after that time.
 */
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const [host = ''] = process.argv.slice(2);
const EVERY_MS = 5;
const DEADLINE_MS = 150;

let answered = 0;
let failed = 0;
let refused = 0;
let longest = 0;
let last = Number.POSITIVE_INFINITY;
const stop = new AbortController();

function probe(): Promise<void> {
  return new Promise((done) => {
    const began = performance.now();
    const request = get({ host, agent: false, signal: AbortSignal.timeout(DEADLINE_MS) }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) succeeded(began);
        else {
          failed++;
          refused++;
        }
        done();
      });
      response.on('error', () => done());
    });
    request.on('error', (error) => {
      failed++;
      // On a busy machine an answer can be late without anybody having lost it.
      if (error.name !== 'TimeoutError' && error.name !== 'AbortError') refused++;
      done();
    });
  });
}

/** Requests that began before the last answered one, and were answered later, say nothing about a gap. */
function succeeded(began: number): void {
  answered++;
  if (began - last > longest) longest = began - last;
  last = last === Number.POSITIVE_INFINITY ? began : Math.max(last, began);
}

process.stdin.on('end', () => stop.abort()).resume();
const probes = new Set<Promise<void>>();
let told = false;
while (!stop.signal.aborted) {
  const one = probe();
  probes.add(one);
  void one.finally(() => probes.delete(one));
  if (!told && answered > 0) {
    told = true;
    process.stdout.write('ready\n');
  }
  await pause(EVERY_MS);
}
await Promise.all(probes);
process.stdout.write(`${JSON.stringify({ answered, failed, refused, outage: Math.round(longest) })}\n`);
