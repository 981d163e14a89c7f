/**
 * The one function that makes a balancer true. Whatever woke it, it reads the rows, works out what its nodes should
 * run, asks them what they do run, carries out the difference and records the generation it delivered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import ipaddr from 'ipaddr.js';
import { type Amphora, amphora } from '../model/amphora.ts';
import type { Log } from '../model/log.ts';
import type { NodeConfig } from '../model/node-config.ts';
import { costOf, type Plan } from '../model/plan.ts';
import { type Topology, vipsOf } from '../model/topology.ts';
import type { Drivers } from '../nodes/drivers.ts';
import { type NodeDriver, NodeError, NotYetError, SilentGatewayError } from '../nodes/node.ts';
import { GatewayCannotError } from '../render/gateway/gateway-error.ts';
import { type BalancerTree, balancerTree } from '../store/balancer-tree.ts';
import { recordBroken, recordDelivered, recordFailure, removeBalancer } from '../store/balancers.ts';
import { announceDrift } from '../store/events.ts';
import type { ChildTable } from '../store/row-ranges.ts';
import { byId, update } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { claim, release } from './claim.ts';
import { diff, meanwhile } from './diff.ts';
import { type Drift, driftOf, isSettled } from './drift.ts';
import { type MaterialReader, materialsFor } from './materials.ts';
import type { Placement, PlacedNode } from './place.ts';
import { resolve } from './resolve.ts';
import { MaterialError } from './tls-references.ts';
import { type Standings, eachInTurn, oneOwner, partingOf, sparedOf, standingsOf } from './turns.ts';
import { wantedConfig } from './wanted-config.ts';
import type { Outcome } from './work-queue.ts';

export interface Reconciler {
  readonly store: Store;
  readonly drivers: Drivers;
  readonly log: Log;
  /** Seconds a balancer may stay PENDING before it is shown as ERROR. */
  readonly pendingDeadline: number;
  readonly now: () => Date;
  /** Called before proxy workers end, by a plan or with their node, so that their last counters are read. Throws nothing. */
  readonly beforeReload: (nodeId: string) => Promise<void>;
  readonly materials: MaterialReader;
  /** Whether the balancer had its nodes since this server began: before that, a difference is what a restart left. */
  readonly isDelivered: (id: string) => boolean;
  /** Whether a restart that nobody asked for may be made now. */
  readonly mayRestart: (id: string) => boolean;
}

/** A node would have to be restarted without anybody's word, and very many others, too. */
class HeldBackError extends Error {
  constructor() {
    super('A node has to be restarted. That is held back for now, because very many load balancers need it at the same time');
  }
}

/** What a hand changed on a gateway is to be told of, and left. */
class LeftAsItIsError extends Error {
  constructor(gateway: string) {
    super(`Something was changed on gateway ${gateway}, and is left as it is: its drift policy is report`);
  }
}

/** Plans per attempt: after a reload the proxy may still hold runtime state of before, which a second plan mends. */
const ROUNDS = 4;

/** @param aside - called where the work is with nodes that are far away, and waits for them */
export async function reconcile(deps: Reconciler, id: string, attempt: number, aside: () => void = () => {}): Promise<Outcome> {
  const tree = await balancerTree(deps.store.db, id);
  if (!tree) return { done: true };
  try {
    if (isFar(deps.drivers, tree)) aside();
    if (tree.balancer.deleting) await dismantle(deps, tree);
    const complaint = tree.balancer.deleting ? '' : await deliver(deps, tree, attempt);
    return complaint === '' ? { done: true } : unfinished(deps, id, attempt, complaint, true);
  } catch (error) {
    if (error instanceof HeldBackError) return heldBack(deps, tree, error);
    if (error instanceof LeftAsItIsError) return leftAsItIs(deps, tree, error);
    if (error instanceof NotYetError) return postponed(deps, id, error);
    const reason = error instanceof Error ? error.message : String(error);
    const outcome = unfinished(deps, id, attempt, reason, isHopeless(error));
    await recordReason(deps, tree, error, reason);
    return outcome;
  }
}

function unfinished({ log }: Reconciler, loadbalancer: string, attempt: number, reason: string, sound: boolean): Outcome {
  log.warn({ loadbalancer, attempt, reason }, 'not delivered, will try again');
  return { done: false, reason, sound };
}

/** Done for now: whoever holds it back wakes it. What was said before, such as why a restart failed, says more. */
async function heldBack({ store, now, pendingDeadline }: Reconciler, { balancer }: BalancerTree, { message }: HeldBackError): Promise<Outcome> {
  if (balancer.status_reason === null) await store.transaction((tx) => recordFailure(tx, balancer.id, message, now(), pendingDeadline));
  return { done: true, held: true };
}

/** Until the gateway is as it was again, or something is written, or the policy is another one. */
async function leftAsItIs({ store, now, pendingDeadline }: Reconciler, { balancer }: BalancerTree, { message }: LeftAsItIsError): Promise<Outcome> {
  if (balancer.status_reason !== message) await store.transaction((tx) => recordFailure(tx, balancer.id, message, now(), pendingDeadline));
  return { done: true };
}

/** The balancer stays as it is, PENDING mostly: nothing failed. */
function postponed({ log }: Reconciler, loadbalancer: string, { message, after }: NotYetError): Outcome {
  log.debug({ loadbalancer, after, reason: message }, 'the rest has to wait');
  return { done: false, reason: message, after };
}

async function recordReason({ store, now, pendingDeadline }: Reconciler, { balancer }: BalancerTree, error: unknown, reason: string): Promise<void> {
  const { id, generation } = balancer;
  if (!isHopeless(error)) return store.transaction((tx) => recordFailure(tx, id, reason, now(), pendingDeadline));
  if (balancer.provisioning_status !== 'ERROR' || balancer.status_reason !== reason) await store.transaction((tx) => recordBroken(tx, id, generation, reason));
}

function isFar(drivers: Drivers, { balancer, amphorae }: BalancerTree): boolean {
  return [balancer.provider ?? '', ...amphorae.map(({ driver }) => driver)].some((name) => drivers.named(name)?.isFar);
}

/** Waiting does not help: what is missing, or who is silent, is somebody else's to bring back. What is as it should be stays so. */
function isHopeless(error: unknown): boolean {
  return error instanceof MaterialError || error instanceof GatewayCannotError || error instanceof SilentGatewayError;
}

/** So often a pair is replaced with care for its clients. Then without: the reason for a failover may be what keeps it from going on. */
const CAREFUL_ATTEMPTS = 2;

/**
 * Where a whole pair is replaced, in two stages: the node with the clients goes when there is another. Returns what could not
 * be brought up to date, in words; empty when all was.
 */
async function deliver(deps: Reconciler, tree: BalancerTree, attempt: number): Promise<string> {
  const driver = deps.drivers.for(tree.balancer.provider);
  for (let present: BalancerTree | undefined = tree; present && !present.balancer.deleting;) {
    const stage: BalancerTree = present;
    const { materials, complaints } = await materialsFor(driver, deps.materials, stage);
    const topology = resolve(stage, materials);
    const standings = await standingsOf(driver, stage.amphorae);
    const spared = attempt < CAREFUL_ATTEMPTS ? sparedOf(stage.amphorae, standings) : null;
    if (attempt < CAREFUL_ATTEMPTS) await readySuccessor(deps, driver, topology, stage.amphorae, standings);
    const amphorae = stage.amphorae.map((row): Amphora => (row === spared ? { ...row, status: 'ALLOCATED' } : row));
    const unasked = isUnasked(deps, stage);
    const mayRestart = unasked ? (): boolean => deps.mayRestart(stage.balancer.id) : always;
    const placement = await toldOf(deps, stage, attempt, (found) => deliverTo(deps, driver, topology, amphorae, { attempt, found, mayRestart, unasked }));
    const outcome = { whole: spared === null, complaint: complaints.join('; ').slice(0, LONGEST_REASON) };
    if (!isSaid(stage, outcome)) await deps.store.transaction((tx) => record(deps, tx, stage, placement, outcome));
    if (outcome.whole) return outcome.complaint;
    present = await balancerTree(deps.store.db, stage.balancer.id);
  }
  return '';
}

/** Whether a difference that is found now is one that nobody asked for. */
function isUnasked(deps: Reconciler, tree: BalancerTree): boolean {
  return isSettled(tree) && deps.isDelivered(tree.balancer.id);
}

const always = (): boolean => true;

/** Before the node with the clients goes, the one that takes them over is put right as its peer. */
async function readySuccessor(deps: Reconciler, driver: NodeDriver, topology: Topology, amphorae: readonly Amphora[], standings: Standings): Promise<void> {
  const parting = partingOf(amphorae, standings);
  if (parting === null) return;
  const stays = amphorae.map((row): Amphora => (row === parting ? { ...row, status: 'ALLOCATED' } : row));
  const { nodes } = await claim(deps.store, topology, stays, driver, deps.now());
  for (const node of nodes) {
    if (node.amphora.id === parting.id || standings.get(node.amphora.id) === null) continue;
    // Where a reload has to wait, keepalived has been told of its new peer.
    const round = { attempt: 0, found: [], mayRestart: always, unasked: false };
    await converge(deps, driver, node, await wantedConfig(driver, topology, node), round).catch(unlessPostponed);
  }
}

function unlessPostponed(error: unknown): void {
  if (!(error instanceof NotYetError)) throw error;
}

/** Characters; all certificates of a listener can be lost at once. */
const LONGEST_REASON = 2000;

interface Delivered {
  /** Nothing is left for another stage. */
  readonly whole: boolean;
  /** What could not be brought up to date, in words; empty when all was. */
  readonly complaint: string;
}

/** All that could be delivered was before, and why the rest cannot be is known. */
function isSaid({ balancer }: BalancerTree, { whole, complaint }: Delivered): boolean {
  if (!whole || complaint === '' || balancer.delivered_generation !== balancer.generation) return false;
  return balancer.provisioning_status === 'ERROR' && balancer.status_reason === complaint;
}

/** Does the work, and tells of what it found that nobody asked for: once when it could not be put right, and when it was. */
async function toldOf<T>(deps: Reconciler, tree: BalancerTree, attempt: number, work: (found: Drift[]) => Promise<T>): Promise<T> {
  const found: Drift[] = [];
  const tells = isUnasked(deps, tree);
  try {
    const result = await work(found);
    if (tells) await tell(deps, tree, found, null);
    return result;
  } catch (error) {
    const isSaidBefore = (error instanceof HeldBackError || error instanceof LeftAsItIsError) && tree.balancer.status_reason !== null;
    // What has to wait is found again.
    const waits = error instanceof NotYetError;
    if (tells && attempt === 0 && !isSaidBefore && !waits) await tell(deps, tree, found, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function tell({ store, log, now }: Reconciler, { balancer }: BalancerTree, found: readonly Drift[], failure: string | null): Promise<void> {
  if (found.length === 0) return;
  for (const { node, cost, steps } of found) log.warn({ loadbalancer: balancer.id, node, cost, steps, failure }, 'a node was not as it was left');
  await store.transaction(async (tx) => {
    for (const drift of found) await announceDrift(tx, balancer, { ...drift, healed: failure === null, reason: failure }, now());
  });
}

interface Round {
  readonly attempt: number;
  /** Takes what is found that differs, as it was before it is put right. */
  readonly found: Drift[];
  readonly mayRestart: () => boolean;
  /** Whether what differs is nobody's wish. */
  readonly unasked: boolean;
}

async function deliverTo(deps: Reconciler, driver: NodeDriver, topology: Topology, amphorae: readonly Amphora[], round: Round): Promise<Placement> {
  const placement = await claim(deps.store, topology, amphorae, driver, deps.now());
  for (const { id } of placement.surplusAmphorae) {
    await readLast(deps, id);
    await driver.remove(id);
  }
  const standings = await standingsOf(driver, amphorae);
  await eachInTurn(placement.nodes, standings, async (node) => converge(deps, driver, node, await wantedConfig(driver, topology, node), round));
  await oneOwner(driver, placement.nodes, addressesOf(topology));
  return placement;
}

/** As nodes tell them. */
function addressesOf(topology: Topology): string[] {
  return vipsOf(topology).map(({ address }) => ipaddr.parse(address).toString());
}

/** How long a node that is to go may take to say what it has counted, ms. A dead one says nothing, and others wait for its clients. */
const LAST_READING_AT_MOST = 500;

async function readLast({ beforeReload }: Reconciler, nodeId: string): Promise<void> {
  const read = new AbortController();
  try {
    await Promise.race([beforeReload(nodeId), sleep(LAST_READING_AT_MOST, undefined, { signal: read.signal })]);
  } finally {
    read.abort();
  }
}

/** Plans and applies until nothing is left to do. */
async function converge(
  deps: Reconciler,
  driver: NodeDriver,
  { amphora: { id, gateway_id: gateway } }: PlacedNode,
  wanted: NodeConfig,
  { attempt, found, mayRestart, unasked }: Round,
): Promise<void> {
  const { log, beforeReload } = deps;
  for (let round = 0; round < ROUNDS; round++) {
    const present = await driver.present(id);
    const plan = diff(present, wanted, { avoidRuntime: attempt > 0 && round === 0 });
    if (plan.length === 0) return;
    const drift = round === 0 ? driftOf(id, driver.name, present, wanted, plan) : null;
    if (drift) found.push(drift);
    const cost = costOf(plan);
    if (cost === 'restart' && !mayRestart()) throw new HeldBackError();
    if (unasked && gateway !== null) await refuseUnlessRepaired(driver, gateway);
    log.debug({ node: id, cost, steps: plan.map(({ kind }) => kind) }, 'applying plan');
    if (present?.proxy && cost !== 'runtime') await beforeReload(id);
    await applyOrPostpone(deps, driver, id, plan, present, wanted);
    // Only a reload carries runtime state over from before; everything else is what was applied.
    if (cost !== 'reload') return;
  }
  throw new Error(`the node still differs from what is wanted after ${ROUNDS} plans`);
}

async function refuseUnlessRepaired(driver: NodeDriver, gatewayId: string): Promise<void> {
  const facts = await driver.gateway?.(gatewayId);
  if (facts && !facts.repairs) throw new LeftAsItIsError(facts.name);
}

async function applyOrPostpone(deps: Reconciler, driver: NodeDriver, id: string, plan: Plan, present: NodeConfig | null, wanted: NodeConfig): Promise<void> {
  try {
    await driver.apply(id, plan);
  } catch (error) {
    if (error instanceof NotYetError && present) await applyMeanwhile(deps, driver, id, meanwhile(present, wanted));
    throw error;
  }
}

/** What does not work without the reload comes with it. */
async function applyMeanwhile({ log }: Reconciler, driver: NodeDriver, id: string, plan: Plan): Promise<void> {
  if (plan.length === 0) return;
  try {
    await driver.apply(id, plan);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    log.debug({ node: id, reason: error.message }, 'not at runtime either');
  }
}

async function record(
  deps: Reconciler,
  tx: Parameters<typeof recordDelivered>[0],
  tree: BalancerTree,
  placement: Placement,
  { whole, complaint }: Delivered,
): Promise<void> {
  const now = deps.now();
  if (whole) await recordDelivered(tx, tree.balancer.id, tree.balancer.generation, now, unsettledTables(tree));
  for (const node of placement.nodes.filter(({ amphora: row }) => row.status !== 'ALLOCATED')) {
    // One that was told to go meanwhile goes: the next round replaces it.
    const current = await byId(tx.db, amphora, node.amphora.id);
    if (current?.status === 'PENDING_DELETE') continue;
    await update(tx.db, amphora, node.amphora.id, { status: 'ALLOCATED', booted_at: now.toISOString() } satisfies Partial<Amphora>);
  }
  await release(tx, placement);
  if (whole && complaint !== '') await recordBroken(tx, tree.balancer.id, tree.balancer.generation, complaint);
}

/** Most balancers have few children waiting: the others' tables need not be written. */
function unsettledTables({ listeners, pools, members, monitors, policies, rules }: BalancerTree): ChildTable[] {
  const rows = { listener: listeners, pool: pools, member: members, health_monitor: monitors, l7_policy: policies, l7_rule: rules };
  const waits = (row: { provisioning_status: string; deleting: boolean }): boolean => row.deleting || row.provisioning_status !== 'ACTIVE';
  return (Object.keys(rows) as ChildTable[]).filter((table) => rows[table].some(waits));
}

async function dismantle(deps: Reconciler, { balancer, amphorae }: BalancerTree): Promise<void> {
  for (const { id, driver } of amphorae) await deps.drivers.named(driver)?.remove(id);
  await deps.store.transaction((tx) => removeBalancer(tx, balancer.id));
  deps.materials.forget(balancer.id);
}
