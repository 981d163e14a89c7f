/**
 * Draining a gateway: nothing new is put on it, and what it carries moves to others of its site. Where a node goes is decided, and
 * its row made, in the transaction that sends the old one away: so nothing is given up for a place that somebody else's write takes.
 */
import type { FastifyInstance } from 'fastify';
import { claimSuccessor } from '../../control/claim.ts';
import { type Seat, nextGateway } from '../../control/choose-gateway.ts';
import { isWanted } from '../../control/place.ts';
import { resolve } from '../../control/resolve.ts';
import { type Amphora, amphora } from '../../model/amphora.ts';
import { fault } from '../../model/fault.ts';
import { type Gateway, gateway } from '../../model/gateway.ts';
import { gatewayFacts } from '../../model/gateway-facts.ts';
import { loadBalancer } from '../../model/load-balancer.ts';
import type { Topology } from '../../model/topology.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { balancerTree } from '../../store/balancer-tree.ts';
import { amphoraeOnGateway, gatewayPlaces } from '../../store/gateways.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { byId, update } from '../../store/rows.ts';
import { refuseConditions } from '../http/conditions.ts';
import { type Call, callOf } from '../octavia/collection.ts';
import type { OctaviaOptions } from '../octavia/context.ts';
import { replaceAmphorae } from '../octavia/failover.ts';
import { sharedFor, viewShared } from '../octavia/shared-rows.ts';
import { write } from '../octavia/write.ts';

/** What became of one load balancer of a drained gateway. */
interface Drained {
  readonly id: string;
  readonly name: string;
  /** Name of the gateway that it moves to; null where it stays. */
  readonly moves_to: string | null;
  /** Why it stays. */
  readonly reason: string | null;
}

export function registerDrain(app: FastifyInstance, options: OctaviaOptions): void {
  app.put('/gateways/:id/drain', async (request, reply) => {
    refuseConditions(request);
    const { row, balancers } = await drain(callOf(options, request));
    return reply.code(202).send({ ...(await viewed(options, row)), [loadBalancer.collection]: balancers });
  });
  app.put('/gateways/:id/undrain', async (request) => {
    refuseConditions(request);
    return viewed(options, await undrain(callOf(options, request)));
  });
}

async function viewed({ store }: OctaviaOptions, row: Gateway): Promise<Record<string, unknown>> {
  const [shown] = await viewShared(gateway)(store.db, [row]);
  return { [gateway.name]: shown };
}

async function drain(call: Call): Promise<{ row: Gateway; balancers: Drained[] }> {
  return write(call, async (tx) => {
    const row = await setDraining(tx, call, true);
    const balancers: Drained[] = [];
    for (const node of (await amphoraeOnGateway(tx.db, row.id)).filter(isWanted)) balancers.push(...(await moveAway(tx, row, node)));
    return { row, balancers };
  });
}

async function undrain(call: Call): Promise<Gateway> {
  return write(call, (tx) => setDraining(tx, call, false));
}

async function setDraining(tx: AuditedTx, call: Call, draining: boolean): Promise<Gateway> {
  const id = call.params['id'] ?? '';
  const before = await sharedFor(tx, call, gateway, id, 'put');
  if (before.draining === draining) return before;
  const after = await update(tx.db, gateway, id, { draining, updated_at: octaviaTime(new Date()) });
  if (!after) throw fault.notFound(gateway.title, id);
  tx.record('update', gateway, before, after);
  return after;
}

/** Nothing is said of a balancer that is on its way out: it goes from the gateway by itself. */
async function moveAway(tx: AuditedTx, { site_id: siteId }: Gateway, node: Amphora): Promise<Drained[]> {
  const tree = await balancerTree(tx.db, node.loadbalancer_id);
  if (!tree || tree.balancer.deleting) return [];
  const { id, name } = tree.balancer;
  const topology = resolve(tree);
  const next = nextGateway(await gatewayPlaces(tx.db, siteId), topology, await seatOf(tx, topology, node, tree.amphorae));
  if ('reason' in next) return [{ id, name, moves_to: null, reason: next.reason }];
  await replaceAmphorae(tx, id, [node]);
  const successor = await claimSuccessor(tx, topology, node, next.place.id, new Date());
  tx.record('create', amphora, null, successor);
  return [{ id, name, moves_to: next.place.name, reason: null }];
}

/** Its peer must be able to be one of a pair with whoever comes, too. */
async function seatOf({ db }: AuditedTx, { redundancy }: Topology, { id, role, vrrp_id: group }: Amphora, amphorae: readonly Amphora[]): Promise<Seat> {
  const others = amphorae.filter((row) => row.id !== id && isWanted(row)).flatMap(({ gateway_id: other }) => other ?? []);
  const peer = others[0] === undefined ? undefined : await byId(db, gateway, others[0]);
  const taken = new Set(others);
  if (!peer || role === 'STANDALONE' || group === null) return { taken, pair: null };
  return { taken, pair: { role, group, bothServe: redundancy === 'ACTIVE_ACTIVE', peer: gatewayFacts(peer), advertMs: ANY_ADVERT } };
}

/** Milliseconds: how often two gateways speak does not decide whether they can. */
const ANY_ADVERT = 1000;
