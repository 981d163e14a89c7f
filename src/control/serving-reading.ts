/** What the nodes of a balancer say together of its health: those that have clients, and of them the worst. Pure. */
import type { MemberReading, Reading } from '../model/reading.ts';

/** Worst first. */
const MEMBER_STATES: readonly MemberReading['state'][] = ['down', 'unknown', 'maint', 'drain', 'up', 'unchecked'];

/**
 * Of a pair one of which waits, the node with the clients says how things are, and the other one where that is silent. Where both
 * serve, a member that one of them cannot reach is down for that one's clients.
 */
export function servingReading(readings: readonly (Reading | null)[]): Reading | null {
  const told = readings.filter((reading) => reading !== null);
  const serving = told.filter(({ standby }) => standby !== true);
  const [first, ...others] = serving.length > 0 ? serving : told.slice(0, 1);
  return first === undefined ? null : others.reduce(worseOfBoth, first);
}

function worseOfBoth(a: Reading, b: Reading): Reading {
  return {
    ...a,
    listeners: together(
      a.listeners,
      b.listeners,
      ({ id }) => id,
      (one, other) => (other.state === 'full' ? { ...one, state: 'full' } : one),
    ),
    pools: together(
      a.pools,
      b.pools,
      ({ id }) => id,
      (one, other) => (other.state === 'down' ? other : one),
    ),
    members: together(a.members, b.members, ({ poolId, id }) => `${poolId}/${id}`, worseMember),
  };
}

function worseMember(one: MemberReading, other: MemberReading): MemberReading {
  return MEMBER_STATES.indexOf(other.state) < MEMBER_STATES.indexOf(one.state) ? other : one;
}

/** What only one of them tells of counts, too. */
function together<T>(some: readonly T[], more: readonly T[], keyOf: (item: T) => string, worse: (one: T, other: T) => T): T[] {
  const all = new Map(some.map((item) => [keyOf(item), item]));
  for (const item of more) {
    const known = all.get(keyOf(item));
    all.set(keyOf(item), known === undefined ? item : worse(known, item));
  }
  return [...all.values()];
}
