/**
 * Flows that the kernel balances, by the table of connections. A flow of datagrams has no end: its client may send for
 * ever, and would be sent to a dead or deleted member as long. So those are cut; flows of TCP end by themselves.
 */
import type { PacketService } from '../../model/node-config.ts';
import { run } from './command.ts';
import { namespacePath } from './names.ts';

export interface Flow {
  readonly protocol: PacketService['protocol'];
  /** The service's, where the client sent it. */
  readonly address: string;
  readonly port: number;
  /** The member's number; 0 when the flow has none. */
  readonly mark: number;
  readonly state: string | null;
}

/** Protocols whose flows have no end that the kernel sees, or none in time. */
export const DATAGRAMS = ['udp', 'sctp'] as const;
const LINE = /^(tcp|udp|sctp)\s+\d+ (?:\d+ )?([A-Z_]+ )?src=\S+ dst=(\S+) sport=\d+ dport=(\d+) .*?mark=(\d+)/gm;

/** Lines of `conntrack -L`. Pure. */
export function parseFlows(listing: string): Flow[] {
  return [...listing.matchAll(LINE)].map(([, protocol, state, address = '', port, mark]) => ({
    protocol: protocol as Flow['protocol'],
    address,
    port: Number(port),
    mark: Number(mark),
    state: state?.trim() ?? null,
  }));
}

/** Flows to the address, of one protocol. */
export async function flowsTo(namespace: string, address: string, protocol: Flow['protocol']): Promise<Flow[]> {
  return parseFlows(await conntrack(namespace, ['-L', ...of(address, protocol)]));
}

function of(address: string, protocol: Flow['protocol']): string[] {
  return ['-f', address.includes(':') ? 'ipv6' : 'ipv4', '-p', protocol, '--orig-dst', address];
}

/** It counts what it did on stderr, and fails when that is nothing. */
function conntrack(namespace: string, args: readonly string[]): Promise<string> {
  return run('nsenter', [`--net=${namespacePath(namespace)}`, 'conntrack', ...args], { tolerant: true });
}

/** Ends all flows of datagrams to the address that no service has a member for any more. */
export async function cutStrayFlows(
  namespace: string,
  address: string,
  protocols: readonly Flow['protocol'][],
  services: readonly PacketService[],
): Promise<void> {
  for (const protocol of protocols) {
    const stray = (await flowsTo(namespace, address, protocol)).filter((flow) => isStray(flow, services));
    const kinds = new Map(stray.map((flow) => [`${flow.port} ${flow.mark}`, flow]));
    for (const { port, mark } of kinds.values())
      await conntrack(namespace, ['-D', ...of(address, protocol), '--orig-port-dst', String(port), '--mark', String(mark)]);
  }
}

/** Without a service, a flow is ours by its mark; with one, so is one from before the service was there. */
export function isStray(flow: Flow, services: readonly PacketService[]): boolean {
  const service = services.find(({ protocol, port }) => protocol === flow.protocol && port === flow.port);
  if (!service) return flow.mark !== 0;
  return !service.members.some(({ number, keepsFlows }) => keepsFlows && number === flow.mark);
}
