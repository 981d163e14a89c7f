/**
 * Makes sure that the server's network face knows the lab's networks, subnets and ports: addresses of the hosts are
 * never handed out then, and their MACs are known to whoever balances onto them.
 */
import { LAB_HOSTS, LAB_NETWORKS, type LabNetwork } from './hosts.ts';
import { LabError } from './lab-error.ts';
import type { Requester } from './api-client.ts';

/** A network as the lab needs it. */
export interface WiredNetwork {
  readonly id: string;
  readonly name: string;
  readonly mtu: number;
  readonly prefixLength: number;
}

interface Found {
  readonly id: string;
  readonly name: string;
  readonly mtu: number;
  readonly cidr: string;
  readonly subnets: readonly string[];
  readonly description: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
}

/** Marks what the lab made, so that it removes nothing else. */
const MARK = 'Made by the lab';
const OWNER = 'edgeweir:lab';

export async function registerLab(api: Requester): Promise<WiredNetwork[]> {
  const wired: WiredNetwork[] = [];
  for (const wanted of LAB_NETWORKS) {
    const network = await ensureNetwork(api, wanted);
    const subnet = await ensureSubnet(api, wanted, network.id);
    await ensurePorts(api, wanted, network.id, subnet.id);
    wired.push({ id: network.id, name: wanted.name, mtu: network.mtu, prefixLength: Number(subnet.cidr.split('/')[1]) });
  }
  return wired;
}

/** Removes what the lab registered, as far as nothing else uses it. */
export async function unregisterLab(api: Requester): Promise<void> {
  for (const port of await find(api, 'ports', { device_owner: OWNER })) await remove(api, 'ports', port);
  for (const wanted of LAB_NETWORKS) {
    for (const subnet of await find(api, 'subnets', { name: wanted.subnet })) await remove(api, 'subnets', subnet);
    for (const network of await find(api, 'networks', { name: wanted.name })) await remove(api, 'networks', network);
  }
}

async function ensureNetwork(api: Requester, { name }: LabNetwork): Promise<Found> {
  const [found] = await find(api, 'networks', { name });
  return found ?? create(api, 'network', { name, description: MARK, shared: true });
}

async function ensureSubnet(api: Requester, wanted: LabNetwork, networkId: string): Promise<Found> {
  const [found] = await find(api, 'subnets', { name: wanted.subnet, network_id: networkId });
  if (!found)
    return create(api, 'subnet', {
      name: wanted.subnet,
      description: MARK,
      network_id: networkId,
      ip_version: 4,
      cidr: wanted.cidr,
      gateway_ip: null,
      allocation_pools: wanted.pools,
    });
  if (found.cidr === wanted.cidr) return found;
  throw new LabError(
    `There is a subnet ${wanted.subnet} of another range, ${found.cidr}`,
    `The lab needs it to be ${wanted.cidr}: rename the other one, or give the lab a state path of its own.`,
  );
}

async function ensurePorts(api: Requester, network: LabNetwork, networkId: string, subnetId: string): Promise<void> {
  const known = await find(api, 'ports', { network_id: networkId, device_owner: OWNER });
  const taken = new Set(known.flatMap((port) => port.fixed_ips.map((fixed) => fixed.ip_address)));
  for (const { host, address } of addressesOn(network).filter(({ address }) => !taken.has(address))) {
    const fixed_ips = [{ subnet_id: subnetId, ip_address: address }];
    await create(api, 'port', {
      name: `lab-${host}-${network.name}`,
      description: MARK,
      network_id: networkId,
      fixed_ips,
      device_owner: OWNER,
      device_id: `lab-${host}`,
    });
  }
}

function addressesOn(network: LabNetwork): { host: string; address: string }[] {
  return LAB_HOSTS.flatMap((host) => host.addresses.filter((link) => link.network === network.name).map(({ address }) => ({ host: host.name, address })));
}

async function find(api: Requester, collection: string, filters: Record<string, string>): Promise<Found[]> {
  const body = await api.request<Record<string, Found[]>>('GET', `/network/v2.0/${collection}?${new URLSearchParams(filters).toString()}`);
  return body[collection] ?? [];
}

async function create(api: Requester, kind: string, attributes: Record<string, unknown>): Promise<Found> {
  const body = await api.request<Record<string, Found>>('POST', `/network/v2.0/${kind}s`, { [kind]: attributes });
  return body[kind] as Found;
}

/** Leaves what somebody else made or still uses. */
async function remove(api: Requester, collection: string, { id, description }: Found): Promise<void> {
  if (description === MARK) await api.request('DELETE', `/network/v2.0/${collection}/${id}`, undefined, [404, 409]);
}
