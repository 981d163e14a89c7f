/** wrk, the client that costs least: one run of it, and what it saw. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/nodes/local/command.ts';
import { type Processors, inside } from './processes.ts';

export interface Shot {
  readonly namespace: string;
  readonly processors: Processors;
  /** One or more; threads take them in turn. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  /** A connection for each request. */
  readonly fresh: boolean;
  readonly seconds: number;
}

export interface Seen {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Connections that failed or timed out, and answers other than 2xx and 3xx. */
  readonly failed: number;
}

/** As many threads as there are backends, so that paths without a balancer spread over them as those with one do. */
const THREADS = 3;
const CONNECTIONS = 30;

/** `setup` gives each thread its address (wrk's SCRIPTING file); the table of addresses is made of numbers and dots. */
function script(addresses: readonly string[], port: number): string {
  return `local addresses = { ${addresses.map((address) => `"${address}"`).join(', ')} }
local count = 0
function setup(thread)
  thread.addr = wrk.lookup(addresses[count % #addresses + 1], "${port}")[1]
  count = count + 1
end
function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('\\n{"requests":%d,"seconds":%f,"p99":%f,"failed":%d}\\n', summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3, failed))
end
`;
}

export async function shoot(shot: Shot, directory: string): Promise<Seen> {
  const file = join(directory, 'wrk.lua');
  writeFileSync(file, script(shot.addresses, shot.port));
  const url = `${shot.tls ? 'https' : 'http'}://${shot.addresses[0] ?? ''}:${shot.port}${shot.path}`;
  const header = shot.fresh ? ['--header', 'Connection: close'] : [];
  const words = ['wrk', '-t', String(THREADS), '-c', String(CONNECTIONS), '-d', `${shot.seconds}s`, '-s', file, ...header, url];
  const [program = '', ...rest] = inside(shot.namespace, shot.processors, words);
  const said = await run(program, rest);
  const line = said.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`wrk said nothing of its result:\n${said}`);
  return JSON.parse(line) as Seen;
}
