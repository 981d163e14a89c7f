/**
 * What a balancer costs in memory when nobody uses it: a listener, a pool, two members; HAProxy's master and worker. PSS shares
 * what several processes have in common between them (proc(5)), so a balancer among many costs less than the first one. As it
 * comes, HAProxy keeps room for Octavia's 50,000 connections; then with fewer, and with one process for all of them.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { until } from '../../src/nodes/local/pause.ts';
import { type Effort, WHOLE } from '../effort.ts';
import type { Api } from '../http.ts';
import { type Whole, makeFlavor, makeSubnet, makeWhole, untilActive } from '../octavia.ts';
import { concurrently } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const GOAL_MIB = 6;
const PACKED_GOAL_MIB = 0.2;
const CLIENTS = 8;
const SETTLED_WITHIN_MS = 60_000;
const FEWER_CONNECTIONS = 10_000;
/** The directory of the process that several share. */
const PACK = 'pack';

type Kind = 'as they come' | 'for 10,000 connections' | 'packed';

export async function memory({ balancers }: Effort = WHOLE): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of ['as they come', 'for 10,000 connections', 'packed'] as const) rows.push(...(await memoryOf(kind, balancers)));
  return rows;
}

async function memoryOf(kind: Kind, balancers: readonly number[]): Promise<Row[]> {
  return withServer({ provider: 'octavia' }, async (server) => {
    const { api } = server;
    const [subnet, attributes] = [await makeSubnet(api), await attributesOf(api, kind)];
    const rows: Row[] = [];
    let made = 0;
    for (const wanted of balancers) {
      await concurrently(CLIENTS, Array.from({ length: wanted - made }), () => makeIdle(api, subnet, attributes));
      made = wanted;
      rows.push(...rowsOf(server, kind, kind === 'packed' ? await packed(server.runPath, made) : await balancersBelow(server.runPath, made)));
    }
    return rows;
  });
}

async function attributesOf(api: Api, kind: Kind): Promise<Whole> {
  if (kind === 'packed') return { flavor_id: await makeFlavor(api, 'packed', { packed: true }) };
  return kind === 'as they come' ? {} : { listener: { connection_limit: FEWER_CONNECTIONS } };
}

/** Its members are not there, and nobody checks them. */
async function makeIdle(api: Api, subnet: string, attributes: Whole): Promise<void> {
  const { id } = await makeWhole(api, subnet, ['198.19.255.10', '198.19.255.11'], attributes);
  await untilActive(api, id);
}

/** The first balancer has nobody to share with, so it is left out of the goal. */
function rowsOf(server: ServerUnderTest, kind: Kind, sizes: readonly number[]): Row[] {
  const made = sizes.length;
  const goal = made > 1 ? { goal: kind === 'packed' ? PACKED_GOAL_MIB : GOAL_MIB } : {};
  return [
    { what: `${made} ${kind}: PSS of each`, unit: 'MiB', values: sizes, better: 'less', ...goal },
    { what: `${made} ${kind}: memory of the server`, unit: 'MiB', values: [server.memory()], better: 'less' },
  ];
}

/** MiB of each balancer's part, which is the same for all. */
async function packed(runPath: string, made: number): Promise<number[]> {
  const [[, pids] = []] = await settled(
    runPath,
    (proxies) => proxies.length === 1 && proxies.every(([place, { length }]) => basename(place) === PACK && length === 2),
  );
  const part = (pids ?? []).map(proportional).reduce((sum, size) => sum + size, 0) / made;
  return Array.from({ length: made }, () => part);
}

/** MiB of each balancer's proxies, once they are a master and a worker each. */
async function balancersBelow(runPath: string, made: number): Promise<number[]> {
  const proxies = await settled(runPath, (found) => found.length === made && found.every(([, { length }]) => length === 2));
  return proxies.map(([, pids]) => pids.map(proportional).reduce((sum, size) => sum + size, 0));
}

type Proxies = readonly (readonly [string, readonly string[]])[];

/** A worker that was replaced needs a moment to end. */
async function settled(runPath: string, isSettled: (proxies: Proxies) => boolean): Promise<Proxies> {
  const look = (): Promise<Proxies | null> => {
    const proxies = [...proxiesBelow(runPath)];
    return Promise.resolve(isSettled(proxies) ? proxies : null);
  };
  const found = await until(look, 500, SETTLED_WITHIN_MS);
  if (found === null) throw new Error('There are not a master and a worker where they should be');
  return found;
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
