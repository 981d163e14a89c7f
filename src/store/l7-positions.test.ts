import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { l7Policy } from '../model/l7-policy.ts';
import { type Listener, listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { closePosition, movePosition, openPosition } from './l7-positions.ts';
import { policiesOfListener } from './l7-references.ts';
import { markDeleting } from './pending.ts';
import { byId, insert } from './rows.ts';
import { type WritableStore, balancerRow, listenerRow, policyRow, writableStore } from './store.fixture.ts';

type Action = { kind: 'insert'; position: number } | { kind: 'move' | 'delete'; which: number; position: number };

const position = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(2_147_483_647));
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('insert' as const), position }),
    fc.record({ kind: fc.constantFrom('move' as const, 'delete' as const), which: fc.nat(20), position }),
  ),
  { maxLength: 25 },
);

async function newListener({ db }: WritableStore): Promise<Listener> {
  const balancer = balancerRow();
  const row = listenerRow(balancer.id);
  await insert(db, loadBalancer, balancer);
  await insert(db, listener, row);
  return row;
}

/** Carries out the action on the store and on the list of ids; tells whose rows it said it changed. */
async function perform({ transaction }: WritableStore, front: Listener, ids: string[], action: Action): Promise<void> {
  await transaction(async (tx) => {
    if (action.kind === 'insert') {
      const { position: place } = await openPosition(tx, front.id, action.position);
      const row = policyRow(front, { position: place });
      await insert(tx.db, l7Policy, row);
      ids.splice(action.position - 1, 0, row.id);
      return;
    }
    const id = ids[action.which % Math.max(1, ids.length)];
    const row = id === undefined ? undefined : await byId(tx.db, l7Policy, id);
    if (!row) return;
    ids.splice(ids.indexOf(row.id), 1);
    if (action.kind === 'move') {
      await movePosition(tx, row, action.position);
      ids.splice(action.position - 1, 0, row.id);
    } else {
      await markDeleting(tx, 'l7_policy', [row.id], 2);
      await closePosition(tx, row);
    }
  });
}

test('whatever is inserted, moved and deleted: positions are 1…n, in the order of a list that had the same done to it', async (t) => {
  const store = await writableStore(t);
  await fc.assert(
    fc.asyncProperty(actions, async (steps) => {
      const [front, other] = [await newListener(store), await newListener(store)];
      await insert(store.db, l7Policy, policyRow(other, { position: 1 }));
      const ids: string[] = [];
      for (const step of steps) {
        await perform(store, front, ids, step);
        const rows = await policiesOfListener(store.db, front.id);
        assert.deepEqual(
          rows.map((row) => row.id),
          ids,
        );
        assert.deepEqual(
          rows.map((row) => row.position),
          ids.map((_, index) => index + 1),
        );
      }
      assert.deepEqual(
        (await policiesOfListener(store.db, other.id)).map((row) => row.position),
        [1],
      );
    }),
    { numRuns: 150 },
  );
});

async function fill(store: WritableStore, front: Listener, names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries()) await insert(store.db, l7Policy, policyRow(front, { name, position: index + 1 }));
}

test('a shift tells of every row it changed, as it was and as it is', async (t) => {
  const store = await writableStore(t);
  const front = await newListener(store);
  await fill(store, front, ['a', 'b', 'c', 'd']);
  const rows = await policiesOfListener(store.db, front.id);
  const [, b] = rows;
  assert.ok(b);
  const { position: place, shifted } = await store.transaction((tx) => movePosition(tx, b, 4));
  assert.equal(place, 4);
  assert.deepEqual(
    shifted.map(({ before, after }) => [before.name, before.position, after.position]),
    [
      ['c', 3, 2],
      ['d', 4, 3],
    ],
  );
  for (const { after } of shifted) assert.deepEqual(await byId(store.db, l7Policy, after.id), after);
  assert.deepEqual(await store.transaction((tx) => movePosition(tx, { ...b, position: 4 }, 9)), { position: 4, shifted: [] });
});

test('a position cannot be taken twice', async (t) => {
  const store = await writableStore(t);
  const front = await newListener(store);
  await fill(store, front, ['a']);
  await assert.rejects(insert(store.db, l7Policy, policyRow(front, { position: 1 })), /UNIQUE/);
  await insert(store.db, l7Policy, policyRow(front, { position: 1, deleting: true }));
});
