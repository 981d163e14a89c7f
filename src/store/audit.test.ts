import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availabilityZone } from '../model/availability-zone.ts';
import { user } from '../model/identity.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { columns } from '../model/resource.ts';
import { type AuditQuery, type StoredAudit, auditTrail, audited, rehearse, visible } from './audit.ts';
import { DECLARED } from './codec.ts';
import { insert } from './rows.ts';
import { balancerRow, listenerRow, temporaryStore } from './store.fixture.ts';
import { listener } from '../model/listener.ts';
import type { Store } from './store.ts';

const actor = { userId: 'u1', userName: 'ada', projectId: 'p9', address: '127.0.0.1', requestId: 'req-1' };
const EVERYTHING: AuditQuery = { filter: {}, since: null, until: null, before: null, limit: 100_000 };

async function trail(store: Store, query: Partial<AuditQuery> = {}): Promise<StoredAudit[]> {
  return auditTrail(store.db, { ...EVERYTHING, ...query });
}

test('a write leaves one row for each object it touched, without internal attributes', async (t) => {
  const store = await temporaryStore(t);
  const row = balancerRow({ name: 'a "b" \n ü', tags: ['x'] });
  await audited(store, actor, async (tx) => {
    await insert(tx.db, loadBalancer, row);
    tx.record('create', loadBalancer, null, row);
  });
  const [entry, ...more] = await trail(store);
  assert.deepEqual(more, []);
  const { id, name, tags, generation, announce, ...shown } = row;
  assert.deepEqual([generation, announce], [1, null], 'kept with the row only');
  const { at, after, ...rest } = entry as StoredAudit;
  assert.match(at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(rest, {
    seq: 1,
    action: 'create',
    resource: 'loadbalancer',
    resource_id: id,
    project_id: 'p1',
    user_id: 'u1',
    user_name: 'ada',
    user_project_id: 'p9',
    address: '127.0.0.1',
    request_id: 'req-1',
    before: null,
  });
  for (const internal of ['delivered_generation', 'pending_since', 'deleting'] as const) delete (shown as Partial<typeof shown>)[internal];
  assert.deepEqual(after, { id, name, tags, ...shown });
});

test('many objects of one write are as exact as one', async (t) => {
  const store = await temporaryStore(t);
  const changes = Array.from({ length: 2500 }, (_, index) => {
    const before = listenerRow('lb', { insert_headers: { 'X-A': `"${index}"` }, connection_limit: index, hsts_preload: index % 2 === 0, project_id: 'p1' });
    return { before: index % 3 === 0 ? null : before, after: index % 3 === 1 ? null : { ...before, name: `é${index}` } };
  });
  await audited(store, { ...actor, projectId: null }, async (tx) => {
    for (const { before, after } of changes) tx.record('update', listener, before, after);
  });
  const entries = (await trail(store)).toReversed();
  assert.equal(entries.length, changes.length);
  for (const [index, { before, after }] of changes.entries()) {
    const { seq, user_project_id, before: was, after: is } = entries[index] as StoredAudit;
    assert.deepEqual(
      { seq, user_project_id, was, is },
      { seq: index + 1, user_project_id: null, was: visible(listener, before), is: visible(listener, after) },
    );
  }
});

test('a write that fails or is only rehearsed leaves nothing', async (t) => {
  const store = await temporaryStore(t);
  const row = balancerRow();
  const failing = audited(store, actor, async (tx) => {
    await insert(tx.db, loadBalancer, row);
    tx.record('create', loadBalancer, null, row);
    throw new Error('undone');
  });
  await assert.rejects(failing, /undone/);
  // The foreign key is checked at the commit, when the entry was written already.
  const orphan = listenerRow('no such balancer');
  const dangling = audited(store, actor, async (tx) => {
    await insert(tx.db, listener, orphan);
    tx.record('create', listener, null, orphan);
  });
  await assert.rejects(dangling, /FOREIGN KEY/);
  const { changes } = await rehearse(store, async (tx) => tx.record('create', loadBalancer, null, row));
  assert.equal(changes.length, 1);
  assert.deepEqual(await trail(store), []);
  await audited(store, actor, async () => {});
  assert.deepEqual(await trail(store), []);
});

test('what has no id is found by its name', async (t) => {
  const store = await temporaryStore(t);
  await audited(store, actor, async (tx) => tx.record('create', availabilityZone, null, { name: 'north', description: '' }));
  assert.equal((await trail(store))[0]?.resource_id, 'north');
});

/** Names of what nobody may read, whichever resource has it. */
const SECRET = /passw|passphrase|_hash$|^secret$|^payload|encrypted|sealed|private|credential|_key$|^token/;

test('no secret of any declared resource reaches the trail', () => {
  for (const resource of DECLARED) {
    const row = Object.fromEntries([...columns(resource).keys()].map((name) => [name, 'x']));
    const shown = Object.keys(visible(resource, row) ?? {});
    // Only a payload is nothing but secret.
    assert.equal(shown.length > 0, resource.name !== 'secret_payload', resource.name);
    assert.deepEqual(
      shown.filter((name) => SECRET.test(name)),
      [],
      resource.name,
    );
    for (const [name, { place }] of Object.entries(resource.fields)) if (place === 'internal') assert.ok(!shown.includes(name), `${resource.name}.${name}`);
  }
  const shown = visible(user, { id: 'u', name: 'ada', password_hash: '$argon2id$', password: 'plain', tokens_valid_after: '2026' });
  assert.deepEqual(shown, { id: 'u', name: 'ada' });
});

test('the trail is read by every filter, page by page, the newest first', async (t) => {
  const store = await temporaryStore(t);
  const insertAt = (seq: number): object => ({
    seq,
    at: new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString(),
    action: seq % 2 === 0 ? 'create' : 'delete',
    resource: seq % 5 === 0 ? 'pool' : 'listener',
    resource_id: `r${seq % 7}`,
    project_id: seq % 3 === 0 ? null : `p${seq % 3}`,
    user_id: seq === 21_003 ? 'rare' : 'u',
    user_name: 'n',
    user_project_id: null,
    address: '127.0.0.1',
    request_id: `req-${seq}`,
    before: null,
    after: null,
  });
  const rows = Array.from({ length: 25_000 }, (_, index) => insertAt(index + 1001)) as (Omit<StoredAudit, 'seq'> & { seq: number })[];
  await store.transaction(async (tx) => {
    for (let start = 0; start < rows.length; start += 1000)
      await tx.db
        .insertInto('audit')
        .values(rows.slice(start, start + 1000))
        .execute();
  });
  const at = (seq: number): string => rows[seq - 1001]?.at ?? '';
  const queries: Partial<AuditQuery>[] = [
    {},
    { filter: { user_id: 'rare' } },
    { filter: { action: 'create', resource: 'pool' }, limit: 7 },
    { filter: { resource_id: 'r3', project_id: 'p1' } },
    { filter: { request_id: 'req-1500' } },
    { filter: { user_id: 'nobody' } },
    { since: at(24_000), until: at(24_010) },
    { since: at(1200), until: at(1210), filter: { user_id: 'u' } },
    { before: 1004 },
    { before: 1001 },
    { before: 12_000, limit: 20_000 },
  ];
  for (const query of queries) {
    const { filter, since, until, before, limit } = { ...EVERYTHING, ...query };
    const expected = rows
      .filter((row) => Object.entries(filter).every(([name, value]) => row[name as 'action'] === value))
      .filter((row) => (since === null || row.at >= since) && (until === null || row.at <= until) && (before === null || row.seq < before))
      .map(({ seq }) => seq)
      .toReversed()
      .slice(0, limit);
    assert.deepEqual(
      (await trail(store, query)).map(({ seq }) => seq),
      expected,
      JSON.stringify(query),
    );
  }
});
