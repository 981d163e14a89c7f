/**
 * Who carries a listener on a gateway: HAProxy, or its kernel. Datagrams are the kernel's. TCP is HAProxy's where that is installed,
 * unless the flavor says otherwise (`engine`), or the pool is checked in a way that only the other can.
 */
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import { type ListenerTopology, type Topology, poolIdsOf, vipsOf } from '../../model/topology.ts';
import { isDatagram } from '../datagram.ts';
import { hindranceOf } from '../engine.ts';
import { hashOf } from '../nftables/numbers.ts';
import { shown } from '../shown.ts';
import { GatewayCannotError } from './gateway-error.ts';
import type { PacketListener } from './packets.ts';

export interface Carried {
  /** Listeners that HAProxy serves, each with the port that it listens on. */
  readonly proxied: readonly { readonly listener: ListenerTopology; readonly port: number }[];
  readonly packets: readonly PacketListener[];
}

export function carriersOf(topology: Topology, facts: GatewayFacts): Carried {
  const listeners = topology.enabled ? topology.listeners.filter(({ enabled }) => enabled) : [];
  const kernel = listeners.filter((listener) => isKernels(listener, topology, facts));
  const proxied = listeners.filter((listener) => !kernel.includes(listener)).map((listener) => ({ listener, port: portFor(listener, facts) }));
  const elsewhere = proxied.filter(({ listener, port }) => port !== listener.port);
  const vips = vipsOf(topology).map(({ address }) => address);
  const packets = [
    ...kernel.map((listener): PacketListener => ({ listener, vips, carrier: { pool: poolOf(listener, topology) } })),
    ...elsewhere.map(({ listener, port }): PacketListener => ({ listener, vips, carrier: { localPort: port } })),
  ];
  if (packets.length > 0 && !facts.programs.has('nft')) throw new GatewayCannotError(`gateway ${facts.name} has no nft: ${wanting(kernel, elsewhere)}`);
  if (proxied.length > 0 && !facts.programs.has('haproxy')) throw new GatewayCannotError(`gateway ${facts.name} has no haproxy: its package is not installed`);
  return { proxied, packets };
}

function wanting(kernel: readonly ListenerTopology[], elsewhere: readonly { readonly listener: ListenerTopology }[]): string {
  const [first] = kernel;
  if (first) return `its kernel cannot carry listener ${shown(first.id)}`;
  return `port ${elsewhere[0]?.listener.port} is its own (LuCI, perhaps), and cannot be sent elsewhere`;
}

function isKernels(listener: ListenerTopology, topology: Topology, { programs }: GatewayFacts): boolean {
  if (isDatagram(listener.protocol)) return true;
  const hindrance = hindranceOf(listener, topology);
  if (topology.engine === 'nftables' && hindrance !== null) throw new GatewayCannotError(`listener ${shown(listener.id)}: ${hindrance} is not carried`);
  if (hindrance !== null) return false;
  return topology.engine === 'nftables' || !programs.has('haproxy') || isPinged(listener, topology);
}

/** HAProxy has no such check, and no program for it there. */
function isPinged(listener: ListenerTopology, { pools }: Topology): boolean {
  const ids = poolIdsOf(listener);
  return pools.some(({ id, monitor }) => ids.includes(id) && monitor?.type === 'PING');
}

function poolOf({ defaultPool }: ListenerTopology, { pools }: Topology): Topology['pools'][number] | null {
  return pools.find(({ id, enabled }) => id === defaultPool && enabled) ?? null;
}

/** From here on: one that nobody has, and the same for everybody who looks. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

/** What uhttpd has on all addresses nobody else can have on one: HAProxy listens elsewhere then, and packets are sent there. */
function portFor({ id, port }: ListenerTopology, { takenPorts }: GatewayFacts): number {
  return takenPorts.has(port) ? FIRST_PORT + (hashOf(id) % PORTS) : port;
}
