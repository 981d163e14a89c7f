/** Flows that the kernel balances, by the table of connections. There may be hundreds of thousands: none is kept. */
import type { PacketService } from '../../model/node-config.ts';
import { runLines } from './command.ts';
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

const LINE = /^(tcp|udp|sctp)\s+\d+ (?:\d+ )?([A-Z_]+ )?src=\S+ dst=(\S+) sport=\d+ dport=(\d+) .*?mark=(\d+)/;

/** Flows to which port, of which protocol. */
export function serviceKey({ protocol, port }: Pick<Flow, 'protocol' | 'port'>): string {
  return `${protocol} ${port}`;
}

/** Where clients of the services ask, each once. */
export function addressesOf(services: readonly PacketService[]): string[] {
  return [...new Set(services.flatMap(({ address, furtherAddresses = [] }) => [address, ...furtherAddresses]))];
}

/** A line of `conntrack -L`; null for what is balanced by nobody. Pure. */
export function parseFlow(line: string): Flow | null {
  const [, protocol, state, address = '', port, mark] = LINE.exec(line) ?? [];
  if (protocol === undefined) return null;
  return { protocol: protocol as Flow['protocol'], address, port: Number(port), mark: Number(mark), state: state?.trim() ?? null };
}

/** Tells each flow to the address, of one protocol. */
export async function eachFlow(namespace: string, address: string, protocol: Flow['protocol'], tell: (flow: Flow) => void): Promise<void> {
  await runLines('nsenter', conntrack(namespace, ['-L', ...flowsTo(address, protocol)]), (line) => {
    const flow = parseFlow(line);
    if (flow) tell(flow);
  });
}

/** Which flows `conntrack` is asked about. */
export function flowsTo(address: string, protocol: Flow['protocol']): string[] {
  return ['-f', address.includes(':') ? 'ipv6' : 'ipv4', '-p', protocol, '--orig-dst', address];
}

/** Arguments of nsenter. */
export function conntrack(namespace: string, args: readonly string[]): string[] {
  return [`--net=${namespacePath(namespace)}`, 'conntrack', ...args];
}
