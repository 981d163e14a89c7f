/**
 * Makes sure that the server's network face knows the lab's networks, subnets and ports: addresses of the hosts are
 * never handed out then, and their MACs are known to whoever balances onto them.
 */
import type { Requester } from './api-client.ts';
import { LAB_HOSTS, LAB_NETWORKS, type LabNetwork } from './hosts.ts';
import { LabError } from './lab-error.ts';
import { type Found, MARK, change, create, find, remove } from './registry-requests.ts';
import { type Joined, ensureRouter, removeRouter } from './router.ts';

/** A network as the lab needs it. */
export interface WiredNetwork {
  readonly id: string;
  readonly name: string;
  readonly mtu: number;
  readonly prefixLength: number;
}

const OWNER = 'edgeweir:lab';

export async function registerLab(api: Requester): Promise<WiredNetwork[]> {
  const wired: WiredNetwork[] = [];
  const inner: Joined[] = [];
  for (const wanted of LAB_NETWORKS) {
    const network = await ensureNetwork(api, wanted);
    const subnet = await ensureSubnet(api, wanted, network.id);
    await ensurePorts(api, wanted, network.id, subnet.id);
    if (wanted.gateway !== null) inner.push({ network: network.id, subnet: subnet.id });
    wired.push({ id: network.id, name: wanted.name, mtu: network.mtu, prefixLength: Number(subnet.cidr.split('/')[1]) });
  }
  await ensureRouter(api, wired, inner);
  return wired;
}

/** Removes what the lab registered, as far as nothing else uses it. */
export async function unregisterLab(api: Requester): Promise<void> {
  for (const port of await find(api, 'ports', { device_owner: OWNER })) await remove(api, 'ports', port);
  await removeRouter(api);
  for (const wanted of LAB_NETWORKS) {
    for (const subnet of await find(api, 'subnets', { name: wanted.subnet })) await remove(api, 'subnets', subnet);
    for (const network of await find(api, 'networks', { name: wanted.name })) await remove(api, 'networks', network);
  }
}

/** One that leads outside is external, as floating IPs need it. One that was made when there was no router is brought up to that. */
async function ensureNetwork(api: Requester, { name, gateway }: LabNetwork): Promise<Found> {
  const external = gateway === null;
  const [found] = await find(api, 'networks', { name });
  if (!found) return create(api, 'network', { name, description: MARK, shared: true, 'router:external': external });
  const behind = found.description === MARK && external && found['router:external'] !== true;
  return behind ? change(api, 'network', found.id, { 'router:external': true }) : found;
}

async function ensureSubnet(api: Requester, wanted: LabNetwork, networkId: string): Promise<Found> {
  const { subnet: name, cidr, gateway: gateway_ip, pools: allocation_pools } = wanted;
  const [found] = await find(api, 'subnets', { name, network_id: networkId });
  if (!found) return create(api, 'subnet', { name, description: MARK, network_id: networkId, ip_version: 4, cidr, gateway_ip, allocation_pools });
  const behind = found.description === MARK && gateway_ip !== null && found.gateway_ip === null;
  if (found.cidr === cidr) return behind ? change(api, 'subnet', found.id, { gateway_ip }) : found;
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
