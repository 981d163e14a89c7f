/**
 * Namespaces for measurements of traffic, on bridges of the installation under test:
 *
 *     client ──front── balancer | router | HAProxy or nft by hand ──back── three backends
 *        └──────────────────────────── near ─────────────────────────────────┘
 *
 * So whatever stands in the middle is one bridge away from both sides. The addresses are of the range that RFC 2544 sets
 * aside for measurements; they exist in these namespaces only.
 */
import { macOf } from '../../src/model/mac.ts';
import { ipBatch } from '../../src/nodes/local/ip.ts';
import { switchNamespace } from '../../src/nodes/local/names.ts';
import { type Sysctls, createNamespace, deleteNamespace, end, namespaceExists, namespaceNames, processesIn } from '../../src/nodes/local/namespace.ts';
import { nodeSysctls } from '../../src/nodes/local/node-sysctls.ts';
import { dropLink, linkState, plug } from '../../src/nodes/local/switch.ts';
import type { Api } from '../http.ts';
import { type ServerUnderTest, undone } from '../server.ts';

const NETWORKS = { front: '198.18.1', back: '198.18.2', near: '198.18.3' } as const;
type NetworkName = keyof typeof NETWORKS;
const BALANCERS = { from: 100, to: 199 };
const MTU = 1500;

interface Host {
  readonly name: HostName;
  readonly links: readonly { readonly network: NetworkName; readonly number: number }[];
  readonly sysctls: Sysctls;
  /** Network and host in it that leads there. */
  readonly route?: readonly [to: NetworkName, viaNetwork: NetworkName, via: number];
}

export type HostName = 'client' | 'router' | 'plain' | 'tuned' | 'kernel' | 'backend1' | 'backend2' | 'backend3';
export const BACKENDS: readonly HostName[] = ['backend1', 'backend2', 'backend3'];
const ROUTER = 2;

/** `plain` is what `ip netns add` gives, with this host's own defaults; `tuned` has the settings of our nodes. */
const HOSTS: readonly Host[] = [
  { name: 'client', links: links('front', 10, 'near', 10), sysctls: nodeSysctls(), route: ['back', 'front', ROUTER] },
  { name: 'router', links: links('front', ROUTER, 'back', ROUTER), sysctls: { ...nodeSysctls(), 'net.ipv4.ip_forward': '1' } },
  { name: 'plain', links: links('front', 3, 'back', 3), sysctls: {} },
  { name: 'tuned', links: links('front', 4, 'back', 4), sysctls: nodeSysctls() },
  { name: 'kernel', links: links('front', 5, 'back', 5), sysctls: { ...nodeSysctls(), 'net.ipv4.ip_forward': '1' } },
  ...BACKENDS.map((name, index): Host => {
    return { name, links: links('back', 21 + index, 'near', 21 + index), sysctls: nodeSysctls(), route: ['front', 'back', ROUTER] };
  }),
];

function links(one: NetworkName, number: number, other: NetworkName, second: number): Host['links'] {
  return [
    { network: one, number },
    { network: other, number: second },
  ];
}

export interface Bed {
  readonly api: Api;
  readonly instance: string;
  /** Ids of subnets in which balancers get addresses. */
  readonly subnets: Readonly<Record<NetworkName, string>>;
  namespace(host: HostName): string;
  address(host: HostName, network: NetworkName): string;
}

/** Makes the bed, runs `work` and removes it, whatever happens. */
export function withBed<T>({ api, instance }: ServerUnderTest, work: (bed: Bed) => Promise<T>): Promise<T> {
  return undone(
    () => removeHosts(instance),
    async () => {
      const networks = await registerNetworks(api);
      await Promise.all(HOSTS.map((host) => makeHost(instance, host, networks)));
      const subnets = { front: networks.front.subnet, back: networks.back.subnet, near: networks.near.subnet };
      return work({ api, instance, subnets, namespace: (host) => namespaceOf(instance, host), address: addressOf });
    },
  );
}

function namespaceOf(instance: string, host: HostName): string {
  return `weir-${instance}-bench-${host}`;
}

function addressOf(name: HostName, network: NetworkName): string {
  const link = HOSTS.find((host) => host.name === name)?.links.find((candidate) => candidate.network === network);
  if (!link) throw new Error(`${name} is not on the network ${network}`);
  return `${NETWORKS[network]}.${link.number}`;
}

interface Registered {
  readonly network: string;
  readonly subnet: string;
}

async function registerNetworks(api: Api): Promise<Record<NetworkName, Registered>> {
  const [front, back, near] = [await registerNetwork(api, 'front'), await registerNetwork(api, 'back'), await registerNetwork(api, 'near')];
  return { front, back, near };
}

/** The hosts get ports, as they would in a cloud: so their MACs are known to whoever balances onto them. */
async function registerNetwork(api: Api, name: NetworkName): Promise<Registered> {
  const prefix = NETWORKS[name];
  const { network } = await api.call<{ network: { id: string } }>('POST', '/network/v2.0/networks', { network: { name, mtu: MTU } });
  const allocation_pools = [{ start: `${prefix}.${BALANCERS.from}`, end: `${prefix}.${BALANCERS.to}` }];
  const attributes = { name, network_id: network.id, ip_version: 4, cidr: `${prefix}.0/24`, gateway_ip: null, allocation_pools };
  const { subnet } = await api.call<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', { subnet: attributes });
  for (const { number } of HOSTS.flatMap((host) => host.links).filter((link) => link.network === name)) {
    const fixed_ips = [{ subnet_id: subnet.id, ip_address: `${prefix}.${number}` }];
    await api.call('POST', '/network/v2.0/ports', { port: { network_id: network.id, fixed_ips } });
  }
  return { network: network.id, subnet: subnet.id };
}

async function makeHost(instance: string, host: Host, networks: Record<NetworkName, Registered>): Promise<void> {
  const namespace = namespaceOf(instance, host.name);
  await createNamespace(namespace, host.sysctls);
  await ipBatch(namespace, [['link', 'set', 'dev', 'lo', 'up']]);
  for (const [index, { network, number }] of host.links.entries()) {
    const [name, address] = [`eth${index}`, `${NETWORKS[network]}.${number}`];
    await plug({ instance, networkId: networks[network].network, namespace, name, mac: macOf(address), mtu: MTU, hostLink: linkOf(host.name, index) });
    await ipBatch(namespace, [['address', 'replace', `${address}/24`, 'dev', name]]);
  }
  if (host.route) await ipBatch(namespace, [routeCommand(host.route)]);
}

function routeCommand([to, viaNetwork, via]: NonNullable<Host['route']>): string[] {
  return ['route', 'add', `${NETWORKS[to]}.0/24`, 'via', `${NETWORKS[viaNetwork]}.${via}`];
}

function linkOf(host: HostName, index: number): string {
  return `bn-${host}.${index}`;
}

/** The links first: a namespace whose connections linger would keep them, and with them the switch. */
async function removeHosts(instance: string): Promise<void> {
  const outside = switchNamespace(instance);
  const isSwitch = await namespaceExists(outside);
  for (const host of HOSTS) {
    const namespace = namespaceOf(instance, host.name);
    await end(await processesIn(namespace), 0);
    for (const index of isSwitch ? host.links.keys() : [])
      await dropLink(outside, linkOf(host.name, index), await linkState(outside, linkOf(host.name, index)));
    if ((await namespaceNames()).includes(namespace)) await deleteNamespace(namespace);
  }
}
