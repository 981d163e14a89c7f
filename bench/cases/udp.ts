/**
 * Datagrams of 64 bytes in one direction, in one flow, as fast as iperf3 sends them: how many arrive in a second. What the
 * kernel does between client and backend (bridge, route, addresses changed) is done on the sender's processor, so a path that costs
 * more is one that fewer packets leave on. Flows that begin, and what comes back, are not measured here.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { run } from '../../src/nodes/local/command.ts';
import { undone, withServer } from '../server.ts';
import type { Row } from '../result.ts';
import { type Effort, WHOLE } from '../effort.ts';
import { type Bed, withBed } from '../dataplane/bed.ts';
import { APART } from '../dataplane/paths.ts';
import { spreadByHand } from '../dataplane/dnat-by-hand.ts';
import { inside, start, stop } from '../dataplane/processes.ts';
import { datagramBalancer } from '../dataplane/site.ts';

const PORT = 5201;
const BYTES = 64;
const GOAL = 0.9;
/** Times that a server which just started, or is still busy with the last client, is asked again. */
const ATTEMPTS = 20;

interface Target {
  readonly name: string;
  readonly address: string;
}

interface Shot {
  /** Packets that arrived, thousands in a second. */
  readonly rate: number;
  /** Of those that were sent. */
  readonly lost: number;
}

export async function udp({ rounds, seconds }: Effort = WHOLE): Promise<Row[]> {
  return withServer({ provider: 'octavia' }, (server) =>
    withBed(server, async (bed) => {
      const sink = start(inside(bed.namespace('backend1'), APART.backends, ['iperf3', '--server', '--logfile', '/dev/null']));
      return undone(
        () => stop(sink),
        async () => {
          const shots = await fire(bed, await targets(bed), rounds, seconds);
          return [...shots].flatMap(([name, seen]) => rowsOf(name, seen)).concat(ratio(shots, 'routed', { goal: GOAL }), ratio(shots, 'by hand, nftables', {}));
        },
      );
    }),
  );
}

async function targets(bed: Bed): Promise<Target[]> {
  const balancer = await datagramBalancer(bed, PORT);
  await spreadByHand(bed, ['udp', 'tcp'], PORT, ['backend1']);
  return [
    { name: 'direct', address: bed.address('backend1', 'near') },
    { name: 'routed', address: bed.address('backend1', 'back') },
    { name: 'by hand, nftables', address: bed.address('kernel', 'front') },
    { name: 'ours, nftables', address: balancer.vip_address },
  ];
}

async function fire(bed: Bed, paths: readonly Target[], rounds: number, seconds: number): Promise<Map<string, Shot[]>> {
  const shots = new Map<string, Shot[]>(paths.map(({ name }) => [name, []]));
  for (const { address } of paths) await shoot(bed, address, 1);
  for (let round = 0; round < rounds; round++) {
    for (const { name, address } of paths) shots.get(name)?.push(await shoot(bed, address, seconds));
  }
  return shots;
}

interface Report {
  readonly end?: { readonly sum: { readonly seconds: number; readonly packets: number; readonly lost_packets: number } };
  readonly error?: string;
}

async function shoot(bed: Bed, address: string, seconds: number): Promise<Shot> {
  const options = ['--udp', '--bitrate', '0', '--length', String(BYTES), '--time', String(seconds), '--port', String(PORT), '--json'];
  const [program = '', ...words] = inside(bed.namespace('client'), APART.client, ['iperf3', '--client', address, ...options]);
  let last = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { end, error = 'no result' } = JSON.parse(await run(program, words, { tolerant: true })) as Report;
    if (end?.sum !== undefined) return shotOf(end.sum);
    last = error;
    await pause(250);
  }
  throw new Error(`iperf3 to ${address}: ${last}`);
}

function shotOf({ seconds, packets, lost_packets: lost }: NonNullable<Report['end']>['sum']): Shot {
  return { rate: (packets - lost) / seconds / 1000, lost: packets === 0 ? 0 : (lost / packets) * 100 };
}

function rowsOf(name: string, seen: readonly Shot[]): Row[] {
  return [
    { what: `datagrams of ${BYTES} bytes: ${name}`, unit: '1000/s', values: seen.map(({ rate }) => rate), better: 'more' },
    { what: `datagrams of ${BYTES} bytes: ${name}, lost`, unit: '%', values: seen.map(({ lost }) => lost), better: 'less' },
  ];
}

function ratio(shots: ReadonlyMap<string, readonly Shot[]>, other: string, goal: Pick<Row, 'goal'>): Row {
  const theirs = shots.get(other) ?? [];
  const values = (shots.get('ours, nftables') ?? []).map(({ rate }, round) => rate / (theirs[round]?.rate ?? NaN));
  return { what: `ours, nftables ÷ ${other}`, unit: 'ratio', values, better: 'more', ...goal };
}
