import assert from 'node:assert/strict';
import { test } from 'node:test';
import { user } from '../../model/identity.ts';
import { loadBalancer } from '../../model/load-balancer.ts';
import { network } from '../../model/network.ts';
import type { Resource } from '../../model/resource.ts';
import { type AuditAction, audited } from '../../store/audit.ts';
import { balancerRow } from '../../store/store.fixture.ts';
import { type Records, records } from '../events/events.fixture.ts';
import { differences } from '../http/differences.ts';

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly eventTime: string;
  readonly target: { readonly id: string };
  readonly attachments: { readonly name: string; readonly content: Record<string, unknown> }[];
}

async function write(api: Records, action: AuditAction, resource: Resource, before: object | null, after: object | null, requestId = 'req-1'): Promise<void> {
  const actor = { userId: 'u1', userName: 'ada', projectId: 'p9', address: '198.51.100.7', requestId };
  await audited(api.store, actor, async (tx) => tx.record(action, resource, before, after));
}

async function read(api: Records, token: string, query = ''): Promise<{ entries: Entry[]; next: string | null }> {
  const { status, body } = await api.getJson(`/audit${query}`, token);
  assert.equal(status, 200, JSON.stringify(body));
  const { events, events_links: links } = body as { events: Entry[]; events_links: { rel: string; href: string }[] };
  return { entries: events, next: links[0]?.href.replace('http://here:9876/audit', '') ?? null };
}

/** Number of the last entry: making users and projects left some, too. */
async function lastEntry({ store }: Records): Promise<number> {
  return (await store.db.selectFrom('audit').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst())?.seq ?? 0;
}

test('an entry is a CADF event with the object before, after and what differs', async (t) => {
  const api = await records(t);
  const [project_id, token] = [api.projects.get('blue') ?? null, await api.user('blue', 'reader')];
  const last = await lastEntry(api);
  const before = balancerRow({ project_id, name: 'old', tags: ['a'] });
  await write(api, 'update', loadBalancer, before, { ...before, name: 'new', tags: ['b'], generation: 7 });
  const { entries, next } = await read(api, token, '?user_id=u1');
  assert.equal(next, null);
  const [{ eventTime, attachments, ...entry }] = entries as [Entry];
  assert.match(eventTime, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(entry, {
    id: `${api.store.instance}-${last + 1}`,
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    eventType: 'activity',
    action: 'update/loadbalancer',
    outcome: 'success',
    initiator: {
      id: 'u1',
      typeURI: 'service/security/account/user',
      name: 'ada',
      project_id: 'p9',
      request_id: 'req-1',
      host: { address: '198.51.100.7' },
    },
    target: { id: before.id, typeURI: 'service/load-balancer/loadbalancer', name: 'new', project_id },
    observer: { id: `edgeweir-${api.store.instance}`, typeURI: 'service/load-balancer', name: 'edgeweir' },
  });
  const contents = Object.fromEntries(attachments.map(({ name, content }) => [name, content]));
  assert.deepEqual([contents['before']?.['name'], contents['after']?.['name'], contents['after']?.['generation']], ['old', 'new', undefined]);
  assert.deepEqual(contents['diff'], { name: { before: 'old', after: 'new' }, tags: { before: ['a'], after: ['b'] } });
});

test('what is made has no before, what is gone no after', async (t) => {
  const api = await records(t);
  const row = balancerRow();
  await write(api, 'create', loadBalancer, null, row);
  await write(api, 'delete', loadBalancer, row, null);
  const { entries } = await read(api, await api.user('admin', 'admin'), '?user_id=u1');
  assert.deepEqual(
    entries.map(({ action, attachments }) => [action, attachments.map(({ name }) => name)]),
    [
      ['delete/loadbalancer', ['before', 'diff']],
      ['create/loadbalancer', ['after', 'diff']],
    ],
  );
  assert.deepEqual(differences({ a: 1 }, { a: 1, b: null, c: [1] }), { c: { before: null, after: [1] } });
});

test('a project reads its own; administrators read all, and what is nobody’s', async (t) => {
  const api = await records(t);
  const [blue, red] = [api.projects.get('blue') ?? null, api.projects.get('red') ?? null];
  const rows = [balancerRow({ project_id: blue }), balancerRow({ project_id: red })];
  for (const row of rows) await write(api, 'create', loadBalancer, null, row);
  await write(api, 'create', user, null, { id: 'u7', name: 'eve', password_hash: '$argon2id$' });
  const wired = { id: 'n1', name: 'net', project_id: blue, 'provider:physical_network': 'uplink' };
  await write(api, 'create', network, null, wired);
  const [admin, reader] = [await api.user('admin', 'admin'), await api.user('blue', 'reader')];
  const targets = async (token: string, query = ''): Promise<string[]> =>
    (await read(api, token, `?user_id=u1${query}`)).entries.map(({ target }) => target.id);
  const [first = '', second = ''] = rows.map(({ id }) => id);
  assert.deepEqual(await targets(admin), ['n1', 'u7', second, first]);
  assert.deepEqual(await targets(admin, '&all_projects'), ['n1', 'u7', second, first]);
  assert.deepEqual(await targets(admin, '&all_projects=false'), []);
  assert.deepEqual(await targets(admin, `&project_id=${red}`), [second]);
  assert.deepEqual(await targets(reader), ['n1', first]);
  assert.deepEqual(await targets(reader, `&project_id=${blue}`), ['n1', first]);
  assert.doesNotMatch(JSON.stringify((await read(api, admin)).entries), /argon2id/);
  assert.match(JSON.stringify((await read(api, admin)).entries), /uplink/);
  assert.doesNotMatch(JSON.stringify((await read(api, reader)).entries), /uplink/, 'how a network is wired is not a project’s business');
});

test('filters, times and pages', async (t) => {
  const api = await records(t);
  const admin = await api.user('admin', 'admin');
  const last = await lastEntry(api);
  const rows = Array.from({ length: 5 }, () => balancerRow());
  for (const [index, row] of rows.entries()) await write(api, index % 2 === 0 ? 'create' : 'update', loadBalancer, null, row, `req-${index}`);
  await api.store.transaction(({ db }) =>
    db
      .updateTable('audit')
      .set({ at: '2020-01-02T03:04:05.500Z' })
      .where('seq', '<=', last + 1)
      .execute(),
  );
  const seqOf = ({ id }: Entry): number => Number(id.split('-')[1]) - last;
  const seqs = async (query: string): Promise<number[]> => (await read(api, admin, `${query}&user_id=u1`)).entries.map(seqOf);
  assert.deepEqual(await seqs('?action=create'), [5, 3, 1]);
  assert.deepEqual(await seqs('?resource=loadbalancer&action=update'), [4, 2]);
  assert.deepEqual(await seqs('?resource=pool'), []);
  assert.deepEqual(await seqs(`?resource_id=${rows[2]?.id}`), [3]);
  assert.deepEqual(await seqs('?request_id=req-3'), [4]);
  assert.deepEqual(await seqs('?limit=2'), [5, 4]);
  assert.deepEqual(await seqs("?request_id=u1' or 1=1 --"), []);
  assert.deepEqual(await seqs('?until=2020-01-03'), [1]);
  assert.deepEqual(await seqs('?since=2020-01-02T03:04:05&until=2020-01-02T03:04:06'), [1]);
  assert.deepEqual(await seqs('?until=2020-01-02T05:04:06%2B02:00'), [1]);
  assert.deepEqual(await seqs('?until=2020-01-02T05:04:05+02:00'), []);
  assert.deepEqual(await seqs('?since=2020-01-02T03:04:06Z'), [5, 4, 3, 2]);
  const paged: number[] = [];
  for (let query: string | null = '?limit=2&user_id=u1&resource=loadbalancer'; query !== null;) {
    const { entries, next }: { entries: Entry[]; next: string | null } = await read(api, admin, query);
    paged.push(...entries.map(seqOf));
    query = next;
  }
  assert.deepEqual(paged, [5, 4, 3, 2, 1]);
});

test('what is not allowed or cannot be meant is refused', async (t) => {
  const api = await records(t);
  const [member, outsider, admin] = [await api.user('blue', 'member'), await api.user('blue', 'load-balancer_quota_admin'), await api.user('admin', 'admin')];
  const cases: [string, string | null, number][] = [
    ['', null, 401],
    ['', outsider, 403],
    ['?all_projects', member, 403],
    [`?project_id=${api.projects.get('red')}`, member, 403],
    ['?since=yesterday', admin, 400],
    ['?since=2020-13-45', admin, 400],
    ['?until=2020-01-02T99:00:00', admin, 400],
    ['?marker=12', admin, 400],
    ['?marker=ffffff-1-2', admin, 400],
    [`?marker=${api.store.instance}-x`, admin, 400],
    ['?limit=-1', admin, 400],
    ['?action=create&action=update', admin, 400],
    ['?nonsense=1', admin, 400],
  ];
  for (const [query, token, status] of cases) {
    const answer = await api.getJson(`/audit${query}`, token);
    assert.equal(answer.status, status, query);
    assert.equal((answer.body['error'] as { code: number }).code, status, query);
  }
  assert.equal((await fetch(`${api.url}/audit`, { method: 'DELETE', headers: { 'x-auth-token': admin } })).status, 405);
});

test('Octavia’s own roles count where they are in use', async (t) => {
  const api = await records(t, { roleSet: 'advanced_rbac' });
  await write(api, 'create', loadBalancer, null, balancerRow({ project_id: api.projects.get('red') ?? null }));
  assert.equal((await read(api, await api.user('blue', 'load-balancer_global_observer'), '?user_id=u1')).entries.length, 1);
  assert.equal((await read(api, await api.user('red', 'load-balancer_observer'), '?user_id=u1')).entries.length, 1);
  assert.equal((await api.getJson('/audit', await api.user('red', 'reader'))).status, 403);
});
