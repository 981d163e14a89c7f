/** What edge/edgeweir-status prints → readings of shares. */
import type { ListenerReading, MemberReading, Reading } from '../../model/reading.ts';
import { ofListener } from '../../render/gateway/names.ts';
import { STATUS as FRONTEND } from '../../render/gateway/proxy-file.ts';
import { poolIdOf } from '../../render/haproxy/names.ts';
import { sectionsOf } from '../../render/haproxy/pack.ts';
import { NodeError } from '../node.ts';
import { parseStat } from '../local/proxy-answers.ts';
import { COLUMNS } from '../local/proxy-reading.ts';
import { readingOf } from '../local/reading.ts';

/** Where our programs are on a gateway. */
export const STATUS = '/usr/libexec/edgeweir-status';
export const BALANCER = '/usr/libexec/edgeweir-balance';

/** What the first says where it has no program to ask HAProxy with. */
export const BLIND = 'nothing to ask the proxy with';

const END_OF_TABLES = 'end of tables\n';
const WORKER = /^proxy ([0-9]{1,20}-[0-9]{1,20})\n/;

/** Addresses that the gateway has at this moment. */
export function addressesIn(output: string): ReadonlySet<string> {
  return new Set([...output.matchAll(/^address ([0-9a-fA-F.:]{2,45})\/\d{1,3}$/gm)].map(([, address = '']) => address));
}

/** Of all shares together. Throws a NodeError for what is none of the script's words. */
export function readingIn(output: string): Reading {
  const end = output.indexOf(END_OF_TABLES);
  const tables = end === -1 ? '' : output.slice(0, end);
  const rest = end === -1 ? output : output.slice(end + END_OF_TABLES.length);
  return together(tableReading(tables), proxyReading(rest));
}

function together(a: Reading, b: Reading): Reading {
  return { listeners: [...a.listeners, ...b.listeners], pools: [...a.pools, ...b.pools], members: [...a.members, ...b.members] };
}

const NOTHING: Reading = { listeners: [], pools: [], members: [] };

function proxyReading(output: string): Reading {
  const [head = '', worker] = WORKER.exec(output) ?? [];
  if (worker === undefined) return NOTHING;
  const rows = parseStat(output.slice(head.length), COLUMNS).filter(({ pxname }) => pxname !== FRONTEND);
  return readingOf({ worker, rows }, []);
}

/** What the kernel carries: a table and its counters first, then its services, and the members of each. */
function tableReading(output: string): Reading {
  const listeners: ListenerReading[] = [];
  const members: MemberReading[] = [];
  let worker = '';
  let counters = new Map<string, Counted>();
  for (const line of output.split('\n').filter((one) => one !== '')) {
    const [word = '', ...words] = line.split(' ');
    if (word === 'table') [worker, counters] = [words[0] ?? '', new Map()];
    else if (word === 'counter') counters.set(words[0] ?? '', { packets: whole(words[1]), bytes: whole(words[2]) });
    else if (word === 'address') continue;
    else if (word === 'service') listeners.push(serviceReading(words, worker, counters));
    else if (word === 'member') members.push(memberReading(words));
    else throw new NodeError(`a gateway's status is of an unknown format: ${line.slice(0, 100)}`);
  }
  return { listeners, members, pools: poolsOf(members) };
}

interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

function whole(text = ''): number {
  if (!/^\d{1,20}$/.test(text)) throw new NodeError(`a gateway's status has something else than a number: ${text.slice(0, 40)}`);
  return Number(text);
}

const NONE: Counted = { packets: 0, bytes: 0 };

function serviceReading([id = '', , active]: readonly string[], worker: string, counters: ReadonlyMap<string, Counted>): ListenerReading {
  const of = (kind: 'in' | 'out' | 'new'): Counted => counters.get(ofListener(kind, id)) ?? NONE;
  const counted = {
    activeConnections: whole(active),
    bytesIn: of('in').bytes,
    bytesOut: of('out').bytes,
    requestErrors: 0,
    totalConnections: of('new').packets,
  };
  return { id, state: 'open', counters: [{ worker, ...counted }] };
}

const STATES: readonly MemberReading['state'][] = ['up', 'down', 'drain', 'maint', 'unchecked', 'unknown'];

function memberReading([poolId = '', id = '', state, ...reason]: readonly string[]): MemberReading {
  const known = STATES.find((one) => one === state);
  if (known === undefined) throw new NodeError(`a gateway's status has an unknown state of a member: ${String(state).slice(0, 40)}`);
  return { id, poolId, state: known, reason: reason.join(' ').slice(0, 500) };
}

/** A pool is down when none of its members can be asked. */
function poolsOf(members: readonly MemberReading[]): Reading['pools'] {
  const byPool = Map.groupBy(members, ({ poolId }) => poolId);
  return [...byPool].map(([id, of]) => ({ id, state: of.every(({ state }) => state === 'down' || state === 'maint') ? 'down' : 'up' }));
}

/**
 * @param proxy - the share's sections of haproxy.cfg
 * @param packets - what the kernel balances of it
 */
export function shareReading(all: Reading, proxy: string, packets: string): Reading {
  const { frontends, backends } = sectionsOf(proxy);
  const services = [...packets.matchAll(/^@service (\S+) (\S+) /gm)];
  const listeners = new Set([...frontends, ...services.map(([, id = '']) => id)]);
  const pools = new Set([...[...backends].map(poolIdOf), ...services.map(([, , pool = '']) => pool)]);
  return {
    listeners: all.listeners.filter(({ id }) => listeners.has(id)),
    pools: all.pools.filter(({ id }) => pools.has(id)),
    members: all.members.filter(({ poolId }) => pools.has(poolId)),
  };
}
