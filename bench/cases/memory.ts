/**
 * What a balancer costs in memory when nobody uses it: a listener, a pool, two members; HAProxy's master and worker. PSS shares
 * what several processes have in common between them (proc(5)), so a balancer among many costs less than the first one.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { until } from '../../src/nodes/local/pause.ts';
import { type Effort, WHOLE } from '../effort.ts';
import type { Api } from '../http.ts';
import { addMember, makeSubnet, makeTree, untilActive } from '../octavia.ts';
import { concurrently } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const GOAL_MIB = 6;
const CLIENTS = 8;
const SETTLED_WITHIN_MS = 30_000;

export async function memory({ balancers }: Effort = WHOLE): Promise<Row[]> {
  return withServer({ provider: 'octavia' }, async (server) => {
    const subnet = await makeSubnet(server.api);
    const rows: Row[] = [];
    let made = 0;
    for (const wanted of balancers) {
      await concurrently(CLIENTS, Array.from({ length: wanted - made }), () => makeIdle(server.api, subnet));
      made = wanted;
      rows.push(...rowsOf(server, await balancersBelow(server.runPath, made)));
    }
    return rows;
  });
}

/** Its members are not there, and nobody checks them. */
async function makeIdle(api: Api, subnet: string): Promise<void> {
  const tree = await makeTree(api, subnet);
  for (const address of ['198.19.255.10', '198.19.255.11']) await addMember(api, tree, address);
  await untilActive(api, tree.balancer.id);
}

/** The first balancer has nobody to share with, so it is left out of the goal. */
function rowsOf(server: ServerUnderTest, sizes: readonly number[]): Row[] {
  const made = sizes.length;
  const goal = made > 1 ? { goal: GOAL_MIB } : {};
  return [
    { what: `balancers, ${made}: PSS of each`, unit: 'MiB', values: sizes, better: 'less', ...goal },
    { what: `balancers, ${made}: memory of the server`, unit: 'MiB', values: [server.memory()], better: 'less' },
  ];
}

/** MiB of each balancer's proxies, once they are a master and a worker each: a worker that was replaced needs a moment to end. */
async function balancersBelow(runPath: string, made: number): Promise<number[]> {
  const look = (): Promise<string[][] | null> => {
    const proxies = [...proxiesBelow(runPath).values()];
    return Promise.resolve(proxies.length === made && proxies.every(({ length }) => length === 2) ? proxies : null);
  };
  const settled = await until(look, 500, SETTLED_WITHIN_MS);
  if (settled === null) throw new Error(`There are not a master and a worker for each of ${made} balancers`);
  return settled.map((pids) => pids.map(proportional).reduce((sum, size) => sum + size, 0));
}

/** Ids of HAProxy's processes by the directory they work in, which is a balancer's own. */
function proxiesBelow(runPath: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const place = placeOf(pid);
    if (place?.startsWith(`${runPath}/`) && nameOf(pid) === 'haproxy') found.set(place, [...(found.get(place) ?? []), pid]);
  }
  return found;
}

function placeOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It ended meanwhile.
    return null;
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    // It ended meanwhile.
    return '';
  }
}

function proportional(pid: string): number {
  const [, kilobytes = 'NaN'] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
