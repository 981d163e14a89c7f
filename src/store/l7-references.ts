/** Which policies are affected when a pool or a listener goes. Policies that are on their way out themselves are not. */
import { type L7Policy, l7Policy } from '../model/l7-policy.ts';
import { type L7Rule, l7Rule } from '../model/l7-rule.ts';
import { list } from './rows.ts';
import type { Db } from './store.ts';

/** Policies that send to the pool. */
export function policiesUsingPool(db: Db, poolId: string): Promise<L7Policy[]> {
  return wanted(db, l7Policy, 'redirect_pool_id', [poolId]);
}

/** In order of their positions. */
export function policiesOfListener(db: Db, listenerId: string): Promise<L7Policy[]> {
  return policiesOfListeners(db, [listenerId]);
}

/** Those of each listener in order of their positions. */
export function policiesOfListeners(db: Db, listenerIds: readonly string[]): Promise<L7Policy[]> {
  return bySome(listenerIds, (some) => wanted(db, l7Policy, 'listener_id', some, 'position'));
}

/** Those of each policy in order of creation. */
export function rulesOfPolicies(db: Db, policyIds: readonly string[]): Promise<L7Rule[]> {
  return bySome(policyIds, (some) => wanted(db, l7Rule, 'l7policy_id', some));
}

/** Parents asked about in one statement: what they have is read in some milliseconds. */
const PARENTS_AT_ONCE = 20;

async function bySome<T>(parents: readonly string[], read: (some: readonly string[]) => Promise<T[]>): Promise<T[]> {
  const found: T[] = [];
  for (let start = 0; start < parents.length; start += PARENTS_AT_ONCE) {
    for (const row of await read(parents.slice(start, start + PARENTS_AT_ONCE))) found.push(row);
  }
  return found;
}

function wanted<R extends typeof l7Policy | typeof l7Rule>(
  db: Db,
  resource: R,
  column: string,
  anyOf: readonly string[],
  order = 'created_at',
): ReturnType<typeof list<R>> {
  const where = [
    { column, anyOf },
    { column: 'deleting', anyOf: [false] },
  ];
  return list(db, resource, { where, sort: [{ column: order, descending: false }], limit: null, marker: null, reverse: false });
}
