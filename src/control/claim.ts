/** Makes the rows a placement lacks: amphorae and their ports in members' subnets. Runs in one transaction. */
import { randomUUID } from 'node:crypto';
import { type Amphora, amphora } from '../model/amphora.ts';
import { host } from '../model/host.ts';
import { type Port, port, subnet } from '../model/network.ts';
import type { Topology } from '../model/topology.ts';
import { PRIORITIES, VRRP_GROUP, VRRP_LINK } from '../render/keepalived/compile.ts';
import { type NodeDriver, NodeError } from '../nodes/node.ts';
import { nodesByHost } from '../store/hosts.ts';
import { createPort, deletePort } from '../store/network.ts';
import { octaviaTime } from '../store/row-time.ts';
import { type ListQuery, byId, insert, list, remove, update } from '../store/rows.ts';
import type { Store, Tx } from '../store/store.ts';
import { freeVrrpGroup, gatewayPlaces } from '../store/gateways.ts';
import { chooseGateway } from './choose-gateway.ts';
import { type Candidate, chooseHost } from './choose-host.ts';
import { type PlacedNode, type Placement, type Role, isComplete, isWanted, place, portOn } from './place.ts';

/** Reads what is claimed, claims the rest, and returns a placement without gaps. */
export async function claim(store: Store, topology: Topology, amphorae: readonly Amphora[], driver: NodeDriver, now: Date): Promise<Placement> {
  const present = place(topology, amphorae, await portsOf(store.db, amphorae));
  if (isComplete(topology, present)) return present;
  return store.transaction((tx) => claimMissing(tx, topology, amphorae, driver, now));
}

/** Within a transaction: claims what is missing, and returns a placement without gaps. */
export async function claimMissing(tx: Tx, topology: Topology, amphorae: readonly Amphora[], driver: NodeDriver, now: Date): Promise<Placement> {
  const { missing } = place(topology, amphorae, []);
  const added: Amphora[] = [];
  for (const role of missing) {
    const others = [...amphorae.filter(isWanted), ...added];
    const place = driver.gateway ? await gatewayFor(tx, topology, others) : { compute_id: await hostFor(tx, topology, others, driver), gateway_id: null };
    const made = newAmphora(topology, role, driver.name, place, now);
    const row =
      place.gateway_id === null || made.vrrp_id === null ? made : { ...made, vrrp_id: others[0]?.vrrp_id ?? (await freeVrrpGroup(tx.db, place.gateway_id)) };
    await insert(tx.db, amphora, row);
    added.push(row);
  }
  const all = [...amphorae, ...added];
  const gaps = place(topology, all, await portsOf(tx.db, all));
  for (const node of gaps.nodes) await claimAddresses(tx, topology, node);
  return place(topology, all, await portsOf(tx.db, all));
}

async function claimAddresses(tx: Tx, topology: Topology, { amphora: row, legs, pair }: PlacedNode): Promise<void> {
  for (const leg of legs.filter(({ address }) => address === null)) await claimPort(tx, topology, row.id, leg.subnet.id);
  if (pair === null || topology.vip.foreign === true || row.gateway_id !== null) return;
  const own = pair.own === null ? await claimPort(tx, topology, row.id, topology.vip.subnet.id) : portOn(topology.vip.subnet, row, await portsOf(tx.db, [row]));
  const address = own?.fixed_ips[0]?.ip_address ?? null;
  if (own && row.vrrp_ip !== address) await update(tx.db, amphora, row.id, { vrrp_ip: address, vrrp_port_id: own.id } satisfies Partial<Amphora>);
}

async function claimPort(tx: Tx, topology: Topology, amphoraId: string, subnetId: string): Promise<Port> {
  const row = await byId(tx.db, subnet, subnetId);
  if (!row) throw new Error(`subnet ${subnetId} is gone`);
  return createPort(tx, {
    networkId: row.network_id,
    projectId: topology.projectId,
    name: `octavia-lb-vrrp-${amphoraId}`,
    deviceOwner: 'Octavia',
    deviceId: amphoraId,
    fixedIps: [{ subnetId: row.id }],
  });
}

/** The host of a new node beside the balancer's others. */
async function hostFor(tx: Tx, topology: Topology, others: readonly Amphora[], driver: NodeDriver): Promise<string | null> {
  const connected = driver.hosts?.();
  if (!connected) return onlyHost(topology, driver);
  const known = new Map((await list(tx.db, host, EVERY_ROW)).map((row) => [row.id, row]));
  const nodes = await nodesByHost(tx.db, driver.name);
  const candidates = connected.flatMap(({ id, name, physicalNetworks }): Candidate[] => {
    const row = id === null ? OWN : known.get(id);
    return row?.enabled ? [{ id, name, physicalNetworks, zone: row.zone, nodes: nodes.get(id) ?? 0 }] : [];
  });
  return chooseHost(candidates, topology, new Set(others.map(({ compute_id }) => compute_id)));
}

/** The gateway of a new node beside the balancer's others. */
async function gatewayFor(tx: Tx, topology: Topology, others: readonly Amphora[]): Promise<Pick<Amphora, 'compute_id' | 'gateway_id'>> {
  const taken = new Set(others.flatMap(({ gateway_id: id }) => id ?? []));
  return { compute_id: null, gateway_id: chooseGateway(await gatewayPlaces(tx.db), topology, taken) };
}

/** Within a transaction: the row of a node that takes another one's part on a gateway. */
export async function claimSuccessor(tx: Tx, topology: Topology, { role, driver, vrrp_id }: Amphora, gatewayId: string, now: Date): Promise<Amphora> {
  const row = { ...newAmphora(topology, role, driver, { compute_id: null, gateway_id: gatewayId }, now), vrrp_id };
  await insert(tx.db, amphora, row);
  return row;
}

/** Without other hosts there is one, in no zone; where nodes only pretend, it is whatever is asked for. */
function onlyHost({ zone }: Topology, { pretends }: NodeDriver): null {
  if (zone !== undefined && !pretends) throw new NodeError(`no host can carry it: it needs the compute zone ${zone}, and there is only this host, in none`);
  return null;
}

const EVERY_ROW: ListQuery = { where: [], sort: [], limit: null, marker: null, reverse: false };
/** The server's own host takes nodes as long as it has a driver for them, and is in no zone. */
const OWN = { enabled: true, zone: null } as const;

function newAmphora(topology: Topology, role: Role, driver: string, place: Pick<Amphora, 'compute_id' | 'gateway_id'>, now: Date): Amphora {
  return {
    id: randomUUID(),
    loadbalancer_id: topology.id,
    ...place,
    role,
    status: 'BOOTING',
    vrrp_ip: null,
    vrrp_port_id: null,
    ...vrrpOf(role),
    ha_ip: topology.vip.address,
    created_at: octaviaTime(now),
    updated_at: null,
    driver,
    booted_at: null,
  };
}

function vrrpOf(role: Role): Pick<Amphora, 'vrrp_interface' | 'vrrp_id' | 'vrrp_priority'> {
  if (role === 'STANDALONE') return { vrrp_interface: null, vrrp_id: null, vrrp_priority: null };
  return { vrrp_interface: VRRP_LINK, vrrp_id: VRRP_GROUP, vrrp_priority: PRIORITIES[role] };
}

/** Gives back what is no longer used, after the nodes have let go of it. */
export async function release(tx: Tx, { surplusAmphorae, surplusPorts }: Placement): Promise<void> {
  for (const { id } of surplusPorts) await deletePort(tx, id);
  for (const { id } of surplusAmphorae) await remove(tx.db, amphora, id);
}

async function portsOf(db: Store['db'], amphorae: readonly Amphora[]): Promise<Port[]> {
  if (amphorae.length === 0) return [];
  const where = [{ column: 'device_id', anyOf: amphorae.map(({ id }) => id) }];
  return list(db, port, { where, sort: [], limit: null, marker: null, reverse: false });
}
