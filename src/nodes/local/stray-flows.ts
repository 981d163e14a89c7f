/**
 * Flows that go nowhere. A flow of datagrams has no end: its client may send for ever, and would be sent to a dead or
 * deleted member as long. So those are cut; flows of TCP end by themselves.
 */
import type { PacketService } from '../../model/node-config.ts';
import { CommandError, runLines } from './command.ts';
import { coverMarks } from './mark-cover.ts';
import { type Flow, conntrack, eachFlow, flowsTo, serviceKey } from './packet-flows.ts';

/** Protocols whose flows have no end that the kernel sees, or none in time. */
export const DATAGRAMS = ['udp', 'sctp'] as const;

/** Processes at a time: each goes through the connections of the whole host. */
const PARALLEL = 4;
/** A flow that ends by itself while others are cut breaks the cutting off; so often it is begun again, each time with fewer flows. */
const ATTEMPTS = 100;

/** Ends all flows of datagrams to the address that no service has a member for any more. Rejects with a CommandError. */
export async function cutStrayFlows(namespace: string, address: string, protocol: Flow['protocol'], services: readonly PacketService[]): Promise<void> {
  const kept = keptMarks(services);
  const marks = new Map<number, Set<number>>();
  await eachFlow(namespace, address, protocol, (flow) => {
    if (isStray(flow, kept)) marks.set(flow.port, (marks.get(flow.port) ?? new Set()).add(flow.mark));
  });
  const cuts = [...marks].flatMap(([port, stray]) => cutsAt(port, stray, kept.get(serviceKey({ protocol, port }))));
  await inParallel(cuts, (cut) => cutFlows(namespace, [...flowsTo(address, protocol), ...cut]));
}

/** The marks of flows that may go on, by service. */
export type KeptMarks = ReadonlyMap<string, ReadonlySet<number>>;

export function keptMarks(services: readonly PacketService[]): KeptMarks {
  const marksOf = ({ members }: PacketService): number[] => members.filter(({ keepsFlows }) => keepsFlows).map(({ number }) => number);
  return new Map(services.map((service) => [serviceKey(service), new Set(marksOf(service))]));
}

/** Without a service, a flow is ours by its mark; with one, so is one from before the service was there. */
export function isStray(flow: Pick<Flow, 'protocol' | 'port' | 'mark'>, kept: KeptMarks): boolean {
  const own = kept.get(serviceKey(flow));
  return own ? !own.has(flow.mark) : flow.mark !== 0;
}

/** What tells the flows of a port that are cut. Where none is to stay, one order does for all of them. */
export function cutsAt(port: number, stray: ReadonlySet<number>, kept: ReadonlySet<number> = new Set()): string[][] {
  const at = ['--orig-port-dst', String(port)];
  return coverMarks([...stray], [...kept]).map(({ value, mask }) => (mask === 0 ? at : [...at, '--mark', `${value}/${mask}`]));
}

/** It fails when there is nothing to cut, and when a flow that it was about to cut is gone. */
async function cutFlows(namespace: string, which: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runLines('nsenter', conntrack(namespace, ['-D', ...which]), null);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (/: 0 flow entries have been deleted/.test(error.words)) return;
      if (!error.words.includes("such conntrack doesn't exist") || attempt === ATTEMPTS) throw error;
    }
  }
}

/** All are tried, whatever becomes of the others; rejects with the first failure. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  if (failures.length > 0) throw failures[0];
}
