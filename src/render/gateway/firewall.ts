/** Rules that let clients reach the listeners, and the members where packets are sent on: a zone such as `wan` turns down what it does not know. */
import { isIP } from 'node:net';
import type { GatewaySection } from '../../model/node-config.ts';
import type { ListenerTopology } from '../../model/topology.ts';
import { sectionName } from './names.ts';
import type { PacketListener } from './packets.ts';

/** One for each address family that the listener is asked in. */
export function listenerRules(nodeId: string, listener: ListenerTopology, addresses: readonly string[]): GatewaySection[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = addresses.filter((address) => isIP(address) === family);
    return own.length === 0 ? [] : [rule(nodeId, listener, own, family)];
  });
}

function rule(nodeId: string, { id, port, protocol }: ListenerTopology, addresses: readonly string[], family: 4 | 6): GatewaySection {
  const name = `${sectionName(nodeId, 'l', id)}${family === 6 ? '_6' : ''}`;
  const options = {
    name: `Edgeweir ${id}`,
    src: '*',
    family: `ipv${family}`,
    proto: [protocol === 'UDP' ? 'udp' : 'tcp'],
    dest_ip: [...addresses],
    dest_port: String(port),
    target: 'ACCEPT',
  };
  return { config: 'firewall', name, type: 'rule', options };
}

/** One for each port that members have: packets to them pass through the gateway, and a zone may not let them. */
export function forwardRules(nodeId: string, { listener, carrier }: PacketListener): GatewaySection[] {
  const members = 'pool' in carrier ? (carrier.pool?.members ?? []) : [];
  const byPort = Map.groupBy(members, ({ port }) => port);
  return [...byPort].map(([port, of], index) => {
    const [first] = of;
    const options = {
      name: `Edgeweir ${listener.id} members`,
      src: '*',
      dest: '*',
      family: `ipv${isIP(first?.address ?? '') === 6 ? 6 : 4}`,
      proto: [listener.protocol === 'UDP' ? 'udp' : 'tcp'],
      dest_ip: [...new Set(of.map(({ address }) => address))],
      dest_port: String(port),
      target: 'ACCEPT',
    };
    return { config: 'firewall', name: `${sectionName(nodeId, 'f', listener.id)}_${index}`, type: 'rule', options };
  });
}
