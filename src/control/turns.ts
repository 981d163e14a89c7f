/** In which order the nodes of a pair are touched, so that the address is served all the while. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Amphora } from '../model/amphora.ts';
import { type NodeDriver, NodeError, NotYetError } from '../nodes/node.ts';
import { type PlacedNode, isWanted } from './place.ts';

/** By amphora: whether it holds an address that clients use; null where the node is not there, or nobody can tell. */
export type Standings = ReadonlyMap<string, boolean | null>;

export async function standingsOf(driver: NodeDriver, amphorae: readonly Amphora[]): Promise<Standings> {
  const paired = amphorae.filter(({ role }) => role !== 'STANDALONE');
  return new Map(await Promise.all(paired.map(async ({ id }) => [id, await standingOf(driver, id)] as const)));
}

/** One that cannot be asked must not keep its peer from being worked on: what is wrong with it is told when it has its turn. */
async function standingOf(driver: NodeDriver, id: string): Promise<boolean | null> {
  try {
    const held = await driver.held?.(id);
    return held ? held.length > 0 : null;
  } catch (error) {
    if (error instanceof NodeError) return null;
    throw error;
  }
}

/**
 * The standby before the active one; what is not there yet comes last: only when its peer knows of it does that one talk
 * to it, and a node that hears nobody takes the address.
 */
export function inTurn(nodes: readonly PlacedNode[], standings: Standings): PlacedNode[] {
  const rank = ({ amphora: { id } }: PlacedNode): number => [false, true, null].indexOf(standings.get(id) ?? null);
  return nodes.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Of the amphorae that were sent away, the one that stays until another has been delivered to: the active one, or else
 * the first. null where one that stays is there, or its role was given to another already.
 */
export function sparedOf(amphorae: readonly Amphora[], standings: Standings): Amphora | null {
  const wanted = amphorae.filter(isWanted);
  if (wanted.some(({ status }) => status === 'ALLOCATED')) return null;
  const leaving = amphorae.filter((row) => !isWanted(row) && row.role !== 'STANDALONE' && !wanted.some(({ role }) => role === row.role));
  return leaving.find(({ id }) => standings.get(id) === true) ?? leaving.find(({ role }) => role === 'MASTER') ?? leaving[0] ?? null;
}

/**
 * The amphora that was sent away while it has the clients and another one stays, which is to take them over; null where
 * there is none such.
 */
export function partingOf(amphorae: readonly Amphora[], standings: Standings): Amphora | null {
  const parting = amphorae.find((row) => !isWanted(row) && standings.get(row.id) === true);
  return parting && amphorae.some((row) => isWanted(row) && row.status === 'ALLOCATED') ? parting : null;
}

/**
 * Does the work for one node after the other, each done before the next is touched. One that cannot be put right does not
 * keep its peer from it, which may have the clients; but what is not there yet is left for later then, because it would
 * hear nobody and take the address. One that has to wait knows of its peer. Throws the first failure, in the end, or else what
 * has to wait.
 */
export async function eachInTurn(nodes: readonly PlacedNode[], standings: Standings, work: (node: PlacedNode) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const node of inTurn(nodes, standings)) {
    if (failures.some(isFailure) && (standings.get(node.amphora.id) ?? null) === null) break;
    await work(node).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures.find(isFailure) ?? failures[0];
}

function isFailure(error: unknown): boolean {
  return !(error instanceof NotYetError);
}

/** Between two questions, ms. */
const PAUSE = 10;
/** A start, a takeover and some more, in adverts. */
const ADVERTS = 20;
const SHORTEST_WAIT = 5000;

/** Resolves when exactly one of the nodes holds each of the addresses. */
export async function oneOwner(driver: NodeDriver, nodes: readonly PlacedNode[], addresses: readonly string[]): Promise<void> {
  if (!driver.held || nodes.length < 2) return;
  const end = performance.now() + Math.max(SHORTEST_WAIT, ADVERTS * driver.advertMs);
  for (;;) {
    const held = (await Promise.all(nodes.map(({ amphora: { id } }) => heldBy(driver, id)))).flat();
    const wrong = addresses.find((address) => held.filter((one) => one === address).length !== 1);
    if (wrong === undefined) return;
    if (performance.now() > end) throw new NodeError(`${held.includes(wrong) ? 'more than one' : 'none'} of its nodes holds the address ${wrong}`);
    await sleep(PAUSE);
  }
}

async function heldBy(driver: NodeDriver, id: string): Promise<readonly string[]> {
  try {
    return (await driver.held?.(id)) ?? [];
  } catch (error) {
    if (error instanceof NodeError) return [];
    throw error;
  }
}
