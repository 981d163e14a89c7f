/** Routers and their ports: a port is a router's when it has the router's id as its device and an owner of those below. */
import type { Port, Subnet } from '../model/network.ts';
import { elementsOf } from './elements.ts';
import type { Db } from './store.ts';

export const ROUTER_INTERFACE = 'network:router_interface';
export const ROUTER_GATEWAY = 'network:router_gateway';
export const FLOATING_IP = 'network:floatingip';
/** Owners of ports that belong to routers and floating IPs. */
export const L3_OWNERS: readonly string[] = [ROUTER_INTERFACE, ROUTER_GATEWAY, FLOATING_IP];

type Owner = typeof ROUTER_INTERFACE | typeof ROUTER_GATEWAY;

/** Ports of the routers that have this owner, in order of creation. */
export function routerPorts(db: Db, routerIds: readonly string[], owner: Owner): Promise<Port[]> {
  return db
    .selectFrom('port')
    .selectAll()
    .where('device_id', 'in', elementsOf(routerIds))
    .where('device_owner', '=', owner)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

export async function gatewayOf(db: Db, routerId: string): Promise<Port | undefined> {
  const [port] = await routerPorts(db, [routerId], ROUTER_GATEWAY);
  return port;
}

/** The subnets that the ports have addresses in. */
export function subnetsOfPorts(db: Db, ports: readonly Port[]): Promise<Subnet[]> {
  const ids = ports.flatMap(({ fixed_ips }) => fixed_ips.flatMap(({ subnet_id }) => (subnet_id === null ? [] : [subnet_id])));
  return db.selectFrom('subnet').selectAll().where('id', 'in', elementsOf(ids)).execute();
}

/**
 * Id of the router with an interface in the subnet and its gateway on the external network: rather the one that is the
 * subnet's own gateway, as in Neutron.
 */
export async function routerBetween(db: Db, subnet: Subnet, externalNetworkId: string): Promise<string | undefined> {
  const rows = await db
    .selectFrom('address')
    .innerJoin('port as inner', 'inner.id', 'address.port_id')
    .innerJoin('port as outer', 'outer.device_id', 'inner.device_id')
    .select(['inner.device_id as router_id', 'address.ip_address as ip_address'])
    .where('address.subnet_id', '=', subnet.id)
    .where('inner.device_owner', '=', ROUTER_INTERFACE)
    .where('outer.device_owner', '=', ROUTER_GATEWAY)
    .where('outer.network_id', '=', externalNetworkId)
    .orderBy('inner.created_at')
    .orderBy('inner.id')
    .execute();
  const own = rows.find(({ ip_address }) => ip_address === subnet.gateway_ip);
  return (own ?? rows[0])?.router_id;
}

/** Whether the network carries gateways of routers or floating IPs. */
export async function carriesExternals(db: Db, networkId: string): Promise<boolean> {
  const row = await db
    .selectFrom('port')
    .select('id')
    .where('network_id', '=', networkId)
    .where('device_owner', 'in', elementsOf([ROUTER_GATEWAY, FLOATING_IP]))
    .executeTakeFirst();
  return row !== undefined;
}

/** The port of a router that has this address, if any. */
export async function routerPortAt(db: Db, subnetId: string, address: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('address')
    .innerJoin('port', 'port.id', 'address.port_id')
    .select('port.id as id')
    .where('address.subnet_id', '=', subnetId)
    .where('address.ip_address', '=', address)
    .where('port.device_owner', '=', ROUTER_INTERFACE)
    .executeTakeFirst();
  return row?.id;
}
