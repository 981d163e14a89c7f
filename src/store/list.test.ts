import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LoadBalancer, loadBalancer } from '../model/load-balancer.ts';
import { network } from '../model/network.ts';
import { type ListQuery, insertMany, list } from './rows.ts';
import { balancerRow, networkRow, temporaryStore, writableStore } from './store.fixture.ts';
import type { Db, Store } from './store.ts';

const ALL: ListQuery = { where: [], sort: [], limit: null, marker: null, reverse: false };
const SORTABLE = ['name', 'created_at', 'updated_at', 'admin_state_up', 'generation', 'vip_address', 'provisioning_status', 'id'] as const;

async function names(db: Db, query: Partial<ListQuery>): Promise<string[]> {
  const rows = await list(db, loadBalancer, { ...ALL, sort: [{ column: 'name', descending: false }], ...query });
  return rows.map((row) => row.name);
}

/** Few values, many ties and nulls: what makes paging hard. */
const row = fc.record({
  name: fc.constantFrom('', 'a', 'b', 'ä', '🦊', 'A'),
  created_at: fc.constantFrom('2026-11-22T17:51:50', '2026-11-22T17:51:51'),
  updated_at: fc.constantFrom(null, '2026-11-22T17:51:50', '2026-11-22T17:51:52'),
  admin_state_up: fc.boolean(),
  generation: fc.integer({ min: 1, max: 3 }),
  vip_address: fc.constantFrom(null, '10.0.0.1', '::1'),
});
const sort = fc.array(fc.record({ column: fc.constantFrom(...SORTABLE), descending: fc.boolean() }), { maxLength: 4 });

test('pages show every row once and in the order of the whole list, for any sort and page size', async (t) => {
  const store = await temporaryStore(t);
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 25 }), sort, fc.integer({ min: 1, max: 7 }), async (changes, keys, limit) => {
      const { db } = await refill(store, changes.map(balancerRow));
      const whole = await list(db, loadBalancer, { ...ALL, sort: keys });
      assert.equal(whole.length, changes.length);
      assert.deepEqual(
        await pages(db, keys, limit),
        whole.map(({ id }) => id),
      );
      for (const [index, { id }] of whole.entries()) {
        const before = await list(db, loadBalancer, { ...ALL, sort: keys, marker: id, reverse: true });
        assert.deepEqual(before, whole.slice(0, index));
      }
    }),
    { numRuns: 150 },
  );
});

async function refill(store: Store, rows: LoadBalancer[]): Promise<Store> {
  await store.transaction(async ({ db }) => {
    await db.deleteFrom('load_balancer').execute();
    await insertMany(db, loadBalancer, rows);
  });
  return store;
}

async function pages(db: Db, keys: ListQuery['sort'], limit: number): Promise<string[]> {
  const seen: string[] = [];
  for (let marker: string | null = null; ; marker = seen.at(-1) ?? null) {
    const page: LoadBalancer[] = await list(db, loadBalancer, { ...ALL, sort: keys, limit, marker });
    seen.push(...page.map(({ id }) => id));
    if (page.length < limit) return seen;
  }
}

test('sorts by the first key first, null before everything, and by id in the end', async (t) => {
  const { db } = await writableStore(t);
  await insertMany(db, loadBalancer, [
    balancerRow({ name: 'c', vip_address: 'x', id: '3' }),
    balancerRow({ name: 'a', vip_address: 'x', id: '2' }),
    balancerRow({ name: 'b', vip_address: null, id: '1' }),
  ]);
  assert.deepEqual(await names(db, { sort: [{ column: 'vip_address', descending: false }] }), ['b', 'a', 'c']);
  assert.deepEqual(
    await names(db, {
      sort: [
        { column: 'vip_address', descending: true },
        { column: 'name', descending: true },
      ],
    }),
    ['c', 'a', 'b'],
  );
  assert.deepEqual(await names(db, { sort: [] }), ['b', 'a', 'c']);
});

test('filters by any of several values, null and booleans among them; all filters must hold', async (t) => {
  const { db } = await writableStore(t);
  await insertMany(db, loadBalancer, [
    balancerRow({ name: 'a', admin_state_up: true, vip_address: null }),
    balancerRow({ name: 'b', admin_state_up: false, vip_address: '::1' }),
    balancerRow({ name: "c' or 1=1", admin_state_up: false, vip_address: '10.0.0.1' }),
  ]);
  const found = (column: string, ...anyOf: unknown[]): Promise<string[]> => names(db, { where: [{ column, anyOf }] });
  assert.deepEqual(await found('name', 'a'), ['a']);
  assert.deepEqual(await found('name', 'b', "c' or 1=1", 'none'), ['b', "c' or 1=1"]);
  assert.deepEqual(await found('name', "' or '' = '"), []);
  assert.deepEqual(await found('admin_state_up', false), ['b', "c' or 1=1"]);
  assert.deepEqual(await found('admin_state_up', false, true), ['a', 'b', "c' or 1=1"]);
  assert.deepEqual(await found('vip_address', null), ['a']);
  assert.deepEqual(await found('vip_address', null, '::1'), ['a', 'b']);
  assert.deepEqual(await found('name'), []);
  assert.deepEqual(await found('name', ...Array.from({ length: 50_000 }, (_, index) => `n${index}`), 'a'), ['a']);
  assert.deepEqual(
    await names(db, {
      where: [
        { column: 'name', anyOf: ['a', 'b'] },
        { column: 'admin_state_up', anyOf: [false] },
      ],
    }),
    ['b'],
  );
});

test('filters by tags', async (t) => {
  const { db } = await writableStore(t);
  await insertMany(db, loadBalancer, [
    balancerRow({ name: 'none', tags: [] }),
    balancerRow({ name: 'x', tags: ['x'] }),
    balancerRow({ name: 'xy', tags: ['x', 'y'] }),
    balancerRow({ name: 'z', tags: ['z"\'', 'y'] }),
  ]);
  assert.deepEqual(await names(db, { tags: { all: ['x', 'y'] } }), ['xy']);
  assert.deepEqual(await names(db, { tags: { any: ['x', 'z"\''] } }), ['x', 'xy', 'z']);
  assert.deepEqual(await names(db, { tags: { notAll: ['x', 'y'] } }), ['none', 'x', 'z']);
  assert.deepEqual(await names(db, { tags: { notAny: ['x', 'z"\''] } }), ['none']);
  assert.deepEqual(await names(db, { tags: { any: ['y'], notAny: ['x'] } }), ['z']);
  assert.deepEqual(await names(db, { tags: { all: [], any: [], notAll: [], notAny: [] } }), ['none', 'x', 'xy', 'z']);
});

test("a marker that does not exist is the client's fault; one outside the filter is none", async (t) => {
  const { db } = await writableStore(t);
  await insertMany(db, loadBalancer, [balancerRow({ name: 'a', id: '1' }), balancerRow({ name: 'b', id: '2' }), balancerRow({ name: 'c', id: '3' })]);
  await assert.rejects(names(db, { marker: 'none' }), { code: 'invalid_marker', status: 400 });
  assert.deepEqual(await names(db, { marker: '2', where: [{ column: 'name', anyOf: ['a', 'c'] }] }), ['c']);
});

test('names that are no columns never reach a statement', async (t) => {
  const { db } = await writableStore(t);
  for (const column of ['nope', 'name"; drop table load_balancer; --', 'load_balancer.name', 'name as x', '__proto__', 'tenant_id']) {
    await assert.rejects(list(db, loadBalancer, { ...ALL, where: [{ column, anyOf: ['x'] }] }), TypeError, column);
    await assert.rejects(list(db, loadBalancer, { ...ALL, sort: [{ column, descending: false }] }), TypeError, column);
  }
});

test('columns with colons in their names work', async (t) => {
  const { db } = await writableStore(t);
  await insertMany(db, network, [networkRow({ id: '1', 'router:external': true }), networkRow({ id: '2', 'provider:physical_network': 'p' })]);
  const query = { ...ALL, sort: [{ column: 'provider:physical_network', descending: true }] };
  assert.deepEqual(
    (await list(db, network, query)).map(({ id }) => id),
    ['2', '1'],
  );
  assert.deepEqual(
    (await list(db, network, { ...query, marker: '2' })).map(({ id }) => id),
    ['1'],
  );
  assert.deepEqual(
    (await list(db, network, { ...query, where: [{ column: 'router:external', anyOf: [true] }] })).map(({ id }) => id),
    ['1'],
  );
});

test('a list of more rows than are read at once is whole, in order, and as long as asked for', async (t) => {
  const store = await temporaryStore(t);
  const rows = Array.from({ length: 1203 }, (_, index) => balancerRow({ name: `n${index % 7}`, updated_at: index % 3 === 0 ? null : '2026-11-22T17:51:50' }));
  await store.transaction(({ db }) => insertMany(db, loadBalancer, rows));
  const sort = [
    { column: 'name', descending: true },
    { column: 'updated_at', descending: false },
  ];
  const order = (row: LoadBalancer): string => `${9 - Number(row.name.slice(1))} ${row.updated_at ?? ''} ${row.id}`;
  const wanted = rows.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)).map(({ id }) => id);
  const ids = async (query: Partial<ListQuery>): Promise<string[]> => (await list(store.db, loadBalancer, { ...ALL, sort, ...query })).map(({ id }) => id);
  assert.deepEqual(await ids({}), wanted);
  for (const limit of [0, 1, 500, 501, 1000, 1203, 5000]) assert.deepEqual(await ids({ limit }), wanted.slice(0, limit));
  assert.deepEqual(await ids({ marker: wanted[600] ?? null }), wanted.slice(601));
  assert.deepEqual(await ids({ marker: wanted[700] ?? null, reverse: true }), wanted.slice(0, 700));
  assert.deepEqual(await store.transaction(async ({ db }) => (await list(db, loadBalancer, { ...ALL, sort })).map(({ id }) => id)), wanted);
});

test('tags by the thousand are compared as few are', async (t) => {
  const { db } = await writableStore(t);
  const many = Array.from({ length: 1000 }, (_, index) => `t${index}`);
  await insertMany(db, loadBalancer, [
    balancerRow({ name: 'all', tags: many }),
    balancerRow({ name: 'some', tags: ['t1', 't2', 't2'] }),
    balancerRow({ name: 'none' }),
  ]);
  assert.deepEqual(await names(db, { tags: { all: many } }), ['all']);
  assert.deepEqual(await names(db, { tags: { all: ['t1', 't1', 't2'] } }), ['all', 'some']);
  assert.deepEqual(await names(db, { tags: { all: ['t1', 't2', 't3'] } }), ['all']);
  assert.deepEqual(await names(db, { tags: { notAll: ['t1', 't2', 't3'] } }), ['none', 'some']);
  assert.deepEqual(await names(db, { tags: { notAll: [...many, 'more'] } }), ['all', 'none', 'some']);
  assert.deepEqual(await names(db, { tags: { notAny: many } }), ['none']);
});
