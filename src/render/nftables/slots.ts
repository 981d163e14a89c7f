/**
 * Weights as shares of slots. A service has a power of two of slots, and a flow's slot decides its member; a member gets
 * as many slots as its weight is worth, exact to one, and keeps nearly all of those it had when others come, go or change
 * (after Google's Maglev, NSDI 2016 §3.4: each claims slots in an order of its own, in turns).
 */
import { hashOf } from './numbers.ts';

export interface Weighted {
  readonly id: string;
  /** 1…256 */
  readonly weight: number;
}

/** Few elements are quick to replace; with more members the shares would become too coarse. */
const FEW_SLOTS = 256;
const MANY_SLOTS = 4096;
const FEW_MEMBERS = 64;

export type SlotCount = typeof FEW_SLOTS | typeof MANY_SLOTS;
export const SLOT_COUNTS: readonly SlotCount[] = [FEW_SLOTS, MANY_SLOTS];

/** How many slots a pool of so many members needs. */
export function slotCount(members: number): SlotCount {
  return members > FEW_MEMBERS ? MANY_SLOTS : FEW_SLOTS;
}

/** The member of each slot; empty without members. Beyond as many members as slots, the lightest get none. */
export function assignSlots(members: readonly Weighted[], count: SlotCount): string[] {
  if (members.length === 0) return [];
  const owners: (string | undefined)[] = Array.from({ length: count });
  const walks = new Map(members.map(({ id }) => [id, walk(id, count)]));
  for (const { id } of turns(shares(members, count))) claim(owners, id, walks.get(id));
  return owners.map((owner) => owner ?? '');
}

/** The same shares for who serves in turn: every stretch of slots has them, so that few clients are spread as evenly as many. */
export function takeTurns(members: readonly Weighted[], count: SlotCount): string[] {
  return turns(shares(members, count)).map(({ id }) => id);
}

function claim(owners: (string | undefined)[], id: string, preferred: Iterator<number> | undefined): void {
  for (let next = preferred?.next(); next && next.done !== true; next = preferred?.next()) {
    if (owners[next.value] === undefined) {
      owners[next.value] = id;
      return;
    }
  }
}

/** Every slot once: an odd step through a power of two. */
function* walk(id: string, count: number): Generator<number, undefined> {
  const step = (hashOf(id, 'step:') % count) | 1;
  let slot = hashOf(id, 'start:') % count;
  for (let taken = 0; taken < count; taken++) {
    yield slot;
    slot = (slot + step) % count;
  }
  return undefined;
}

interface Share {
  readonly id: string;
  readonly slots: number;
}

/** Whole slots by largest remainder (Hamilton), and one at least for each as long as there are enough. */
export function shares(members: readonly Weighted[], count: number): Share[] {
  const heaviest = members.toSorted((a, b) => b.weight - a.weight || byId(a, b)).slice(0, count);
  const total = heaviest.reduce((sum, { weight }) => sum + weight, 0);
  const exact = heaviest.map(({ id, weight }) => ({ id, exact: (weight * count) / total }));
  const whole = exact.map((share) => ({ ...share, slots: Math.max(1, Math.floor(share.exact)) }));
  return settle(whole, count);
}

/** Hands out what rounding left over, to those it took most from; or takes back, from those it gave most to. */
function settle(whole: { id: string; exact: number; slots: number }[], count: number): Share[] {
  let left = count - whole.reduce((sum, { slots }) => sum + slots, 0);
  const owed = (share: { exact: number; slots: number }): number => share.exact - share.slots;
  while (left !== 0) {
    const order = left > 0 ? whole.toSorted((a, b) => owed(b) - owed(a) || byId(a, b)) : whole.toSorted((a, b) => owed(a) - owed(b) || byId(a, b));
    const [first] = left > 0 ? order : order.filter(({ slots }) => slots > 1);
    if (!first) break;
    first.slots += Math.sign(left);
    left -= Math.sign(left);
  }
  return whole.map(({ id, slots }) => ({ id, slots }));
}

/** All claims in the order they are made: evenly spaced for each member, whatever its share. */
function turns(of: readonly Share[]): { id: string; at: number }[] {
  const claims = of.flatMap(({ id, slots }) => Array.from({ length: slots }, (_, index) => ({ id, at: (index + 0.5) / slots })));
  return claims.toSorted((a, b) => a.at - b.at || byId(a, b));
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
