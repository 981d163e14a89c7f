/** Networks and subnets in a store, as the network face would make them. */
import { type Network, type Subnet, network, subnet } from '../model/network.ts';
import { defaultGateway, defaultPools } from './address-range.ts';
import { insert } from './rows.ts';
import { networkRow, subnetRow } from './store.fixture.ts';
import type { Db } from './store.ts';

export async function addNetwork(db: Db, changes: Partial<Network> = {}): Promise<Network> {
  const row = networkRow(changes);
  await insert(db, network, row);
  return row;
}

/** Gateway and pools are the default ones unless given. */
export async function addSubnet(db: Db, networkId: string, cidr: string, changes: Partial<Subnet> = {}): Promise<Subnet> {
  const gateway_ip = changes.gateway_ip === undefined ? defaultGateway(cidr) : changes.gateway_ip;
  const row = subnetRow(networkId, { cidr, ip_version: cidr.includes(':') ? 6 : 4, gateway_ip, allocation_pools: defaultPools(cidr, gateway_ip), ...changes });
  await insert(db, subnet, row);
  return row;
}
