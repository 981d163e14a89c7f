/** `virtual_server` and `real_server` of /etc/config/keepalived → load balancers (openwrt reference §4). */
import type { UciSection } from '../../render/uci/package.ts';
import {
  type Found,
  type ProposedListener,
  type ProposedMember,
  type ProposedMonitor,
  type Proposal,
  listenerOf,
  memberOf,
  plainName,
  portIn,
} from './proposal.ts';
import { isSwitchedOff, listIn, textIn } from './uci-values.ts';

export function fromKeepalived(sections: readonly UciSection[]): Found {
  const reals = new Map(sections.filter(({ type }) => type === 'real_server').map((section) => [textIn(section, 'name') ?? section.name ?? '', section]));
  const outcomes = sections.filter(({ type }) => type === 'virtual_server').map((section) => fromVirtual(section, reals));
  return {
    proposals: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome])),
    remarks: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [outcome] : [])),
  };
}

function fromVirtual(section: UciSection, reals: ReadonlyMap<string, UciSection>): Proposal | string {
  const [address, port] = [textIn(section, 'ipaddr'), portIn(textIn(section, 'port'))];
  const label = section.name ?? `${address}:${port}`;
  if (isSwitchedOff(section)) return `virtual_server ${label}: switched off`;
  if (address === undefined || port === null) return `virtual_server ${label}: it has no address and port (a firewall mark cannot be taken over)`;
  const names = listIn(section, 'real_server');
  const servers = names.flatMap((name) => reals.get(name) ?? []).filter((real) => !isSwitchedOff(real));
  const members = servers.flatMap((real) => memberIn(real, port));
  const [sorry, sorryPort] = [textIn(section, 'sorry_server_ip'), portIn(textIn(section, 'sorry_server_port'))];
  const backup: ProposedMember[] = sorry === undefined ? [] : [memberOf(sorry, sorryPort ?? port, { backup: true })];
  const algorithm = textIn(section, 'lb_algo') ?? 'rr';
  const listener: ProposedListener = listenerOf({
    protocol: (textIn(section, 'protocol') ?? 'TCP').toUpperCase() === 'UDP' ? 'UDP' : 'TCP',
    port,
    members: [...members, ...backup],
    algorithm: ALGORITHMS[algorithm] ?? 'ROUND_ROBIN',
    sticky: stickyIn(section),
    monitor: monitorOf(servers),
  });
  const missing = names.filter((name) => !reals.has(name));
  return {
    name: plainName(section.name ?? `vs-${address}-${port}`),
    address,
    listeners: [listener],
    notes: [
      ...(missing.length === 0 ? [] : [`There is no real_server named ${missing.join(', ')}.`]),
      ...(Object.hasOwn(ALGORITHMS, algorithm) ? [] : [`The algorithm ${algorithm} becomes ROUND_ROBIN.`]),
      ...((textIn(section, 'lb_kind') ?? 'NAT').toUpperCase() === 'NAT' ? [] : ['Answers come back through the load balancer (NAT).']),
    ],
  };
}

const ALGORITHMS: Readonly<Record<string, ProposedListener['algorithm']>> = {
  rr: 'ROUND_ROBIN',
  wrr: 'ROUND_ROBIN',
  lc: 'LEAST_CONNECTIONS',
  wlc: 'LEAST_CONNECTIONS',
  sh: 'SOURCE_IP',
};

function memberIn(real: UciSection, port: number): ProposedMember[] {
  const address = textIn(real, 'ipaddr');
  if (address === undefined) return [];
  const weight = Number(textIn(real, 'weight') ?? 1);
  return [memberOf(address, portIn(textIn(real, 'port')) ?? port, { weight: Number.isInteger(weight) ? Math.min(Math.max(weight, 0), 256) : 1 })];
}

function stickyIn(section: UciSection): number | null {
  const seconds = Number(textIn(section, 'persistence_timeout') ?? 0);
  return Number.isInteger(seconds) && seconds > 0 ? seconds : null;
}

function monitorOf(servers: readonly UciSection[]): ProposedMonitor | null {
  const check = servers.map((real) => textIn(real, 'check')).find((kind) => kind !== undefined);
  if (check === undefined) return null;
  return check === 'HTTP_GET' || check === 'SSL_GET' ? { type: 'HTTP', path: '/' } : { type: 'TCP', path: null };
}
