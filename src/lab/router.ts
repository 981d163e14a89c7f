/**
 * The router between the lab's networks, as the network face keeps it: a floating IP can then stand for a VIP. No host and
 * no node has it; what is sent to its address is lost inside the lab.
 */
import type { Requester } from './api-client.ts';
import { LAB_ROUTER } from './hosts.ts';
import { type Found, MARK, create, find, join, remove } from './registry-requests.ts';

/** Ids of an inner network and its subnet. */
export interface Joined {
  readonly network: string;
  readonly subnet: string;
}

const INTERFACE = 'network:router_interface';

/** An inner network that has a router already, somebody's or the lab's, keeps it. */
export async function ensureRouter(api: Requester, networks: readonly Pick<Found, 'id' | 'name'>[], inner: readonly Joined[]): Promise<void> {
  for (const { network, subnet } of inner) {
    if ((await find(api, 'ports', { network_id: network, device_owner: INTERFACE })).length > 0) continue;
    const { id } = (await own(api)) ?? (await createRouter(api, networks));
    await join(api, id, 'add', subnet);
  }
}

/** As far as nobody's floating IP or route needs it. */
export async function removeRouter(api: Requester): Promise<void> {
  const router = await own(api);
  if (!router) return;
  const ports = await find(api, 'ports', { device_id: router.id, device_owner: INTERFACE });
  for (const { subnet_id } of ports.flatMap(({ fixed_ips }) => fixed_ips)) await join(api, router.id, 'remove', subnet_id, [404, 409]);
  await remove(api, 'routers', router);
}

async function own(api: Requester): Promise<Found | undefined> {
  return (await find(api, 'routers', { name: LAB_ROUTER.name })).find(({ description }) => description === MARK);
}

function createRouter(api: Requester, networks: readonly Pick<Found, 'id' | 'name'>[]): Promise<Found> {
  const { name, outside } = LAB_ROUTER;
  const network_id = networks.find((network) => network.name === outside.network)?.id ?? null;
  const external_gateway_info = { network_id, external_fixed_ips: [{ ip_address: outside.address }] };
  return create(api, 'router', { name, description: MARK, external_gateway_info });
}
