/**
 * What a balancer's data plane carries, beside what else could stand in its place: a HAProxy written by hand, a few rules of
 * nft, a router, and nothing. All of it is there at once, on the same bridges, and each round takes every path once (A B C … A B C …), so that what
 * else the machine does falls on all of them. Ratios are those of a round.
 *
 * `by hand` is in a namespace as `ip netns add` makes it, with this host's own sysctls: its congestion control among them.
 * `by hand, our sysctls` is the same HAProxy with the settings of our nodes: what remains is HAProxy's configuration alone.
 */
import { type Effort, WHOLE } from '../effort.ts';
import type { Row } from '../result.ts';
import { ANYWHERE, APART, type Path, type PathName, type Seats, type Site, withPaths } from '../dataplane/paths.ts';
import { processorSeconds } from '../dataplane/processes.ts';
import { shoot } from '../dataplane/wrk.ts';
import { BODIES } from '../dataplane/backends.ts';

interface Load {
  readonly name: string;
  readonly path: string;
  readonly fresh: boolean;
  readonly tls: boolean;
  /** What ours ought to reach of a HAProxy written by hand; null where nothing was set. */
  readonly goal: number | null;
  /** What our kernel engine ought to reach of plain routing. */
  readonly kernelGoal: number | null;
}

const KERNEL = { tls: false, kernelGoal: 0.9 } as const;
const LOADS: readonly Load[] = [
  { name: 'keep-alive', path: '/', fresh: false, goal: 0.98, ...KERNEL },
  { name: 'new connections', path: '/', fresh: true, goal: null, ...KERNEL },
  { name: '64 KiB', path: '/64k', fresh: false, goal: 1.5, ...KERNEL },
  { name: '1 MiB', path: '/1m', fresh: false, goal: 1.5, ...KERNEL },
  { name: 'TLS, keep-alive', path: '/', fresh: false, goal: 0.98, tls: true, kernelGoal: null },
];

interface Shot {
  readonly rate: number;
  /** Microseconds of a processor for each request; null where no process is in between. */
  readonly cost: number | null;
  readonly p99: number;
  readonly failed: number;
}

type Shots = ReadonlyMap<PathName, readonly Shot[]>;

/** The proxy has one processor for itself, and so one thread, whoever wrote its configuration. */
export function throughput(effort: Effort = WHOLE): Promise<Row[]> {
  return measure(APART, LOADS, effort);
}

/** Nobody is held to a processor: HAProxy by hand makes a thread for each, ours has one. */
export function processors(effort: Effort = WHOLE): Promise<Row[]> {
  return measure(
    ANYWHERE,
    LOADS.filter(({ path }) => path !== '/64k').map((load) => ({ ...load, goal: null, kernelGoal: null })),
    effort,
  );
}

function measure(seats: Seats, loads: readonly Load[], effort: Effort): Promise<Row[]> {
  return withPaths(seats, async (site) => {
    const rows: Row[] = [];
    for (const load of loads) rows.push(...rowsOf(load, await fire(site, load, effort)));
    return rows;
  });
}

/** One short shot at each path before it counts: caches, connection pools, neighbours. */
async function fire(site: Site, load: Load, { rounds, seconds }: Effort): Promise<Shots> {
  const paths = site.paths.filter(({ tls }) => tls === load.tls);
  const shots = new Map<PathName, Shot[]>(paths.map(({ name }) => [name, []]));
  for (const path of paths) await shootAt(site, load, path, 1);
  for (let round = 0; round < rounds; round++) {
    for (const path of paths) shots.get(path.name)?.push(await shootAt(site, load, path, seconds));
  }
  return shots;
}

async function shootAt({ bed, seats, directory }: Site, load: Load, { addresses, port, pids }: Path, duration: number): Promise<Shot> {
  const { path, fresh, tls } = load;
  const before = processorSeconds(pids);
  const seen = await shoot({ namespace: bed.namespace('client'), processors: seats.client, addresses, port, path, tls, fresh, seconds: duration }, directory);
  const used = processorSeconds(pids) - before;
  const cost = pids.length === 0 || seen.requests === 0 ? null : (used / seen.requests) * 1e6;
  return { rate: seen.requests / seen.seconds, cost, p99: seen.p99, failed: seen.failed };
}

function rowsOf(load: Load, shots: Shots): Row[] {
  const size = BODIES[load.path];
  const unit = size === undefined ? 'requests/s' : 'Gbit/s';
  const scale = size === undefined ? 1 : (size * 8) / 1e9;
  const each = [...shots];
  return [
    ...each.map(([name, seen]): Row => ({ what: `${load.name}: ${name}`, unit, values: seen.map(({ rate }) => rate * scale), better: 'more' })),
    ...ratios(load, shots),
    ...each.flatMap(([name, seen]) => costs(`${load.name}: ${name}, processor per request`, seen)),
    ...(size === undefined ? each.map(([name, seen]) => tail(`${load.name}: ${name}, p99`, seen)) : []),
    ...each.map(([name, seen]) => failures(`${load.name}: ${name}, failed`, seen)).filter(({ values }) => values.some((value) => value > 0)),
  ];
}

function tail(what: string, seen: readonly Shot[]): Row {
  return { what, unit: 'ms', values: seen.map(({ p99 }) => p99), better: 'less' };
}

function costs(what: string, seen: readonly Shot[]): Row[] {
  const values = seen.flatMap(({ cost }) => (cost === null ? [] : [cost]));
  return values.length === 0 ? [] : [{ what, unit: 'µs', values, better: 'less' }];
}

function failures(what: string, seen: readonly Shot[]): Row {
  return { what, unit: 'requests', values: seen.map(({ failed }) => failed), better: 'less', goal: 0 };
}

function ratios({ name, tls, goal, kernelGoal }: Load, shots: Shots): Row[] {
  const kinds = tls ? (['TLS'] as const) : (['HTTP', 'TCP'] as const);
  const peers = ['by hand', 'by hand, our sysctls'] as const;
  const proxied = kinds.flatMap((kind) => peers.map((peer) => ratio(name, shots, [`ours, ${kind}`, `${peer}, ${kind}`], goal)));
  if (tls) return proxied;
  const kernel = ratio(name, shots, ['ours, nftables', 'routed'], kernelGoal);
  return [...proxied, kernel, ratio(name, shots, ['ours, nftables', 'by hand, nftables'], null)];
}

function ratio(load: string, shots: Shots, [ours, other]: readonly [PathName, PathName], goal: number | null): Row {
  const theirs = shots.get(other) ?? [];
  const values = (shots.get(ours) ?? []).map(({ rate }, round) => rate / (theirs[round]?.rate ?? NaN));
  return { what: `${load}: ${ours} ÷ ${other}`, unit: 'ratio', values, better: 'more', ...(goal === null ? {} : { goal }) };
}
