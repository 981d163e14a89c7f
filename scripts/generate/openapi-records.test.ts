import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Records, records } from '../../src/api/events/events.fixture.ts';
import { audited } from '../../src/store/audit.ts';
import { loadBalancer } from '../../src/model/load-balancer.ts';
import type { JsonSchema } from '../../src/model/field.ts';
import { answerProblems } from '../../test/contract-schema.fixture.ts';
import { recordPaths } from './openapi-records.ts';

interface Documented {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }>>;
}

function documented(path: string): Documented {
  return recordPaths()[path]?.['get'] as unknown as Documented;
}

async function assertAnswer(api: Records, token: string | null, path: string, query: string, wanted: number): Promise<void> {
  const { status, body } = await api.getJson(`${path}${query}`, token);
  assert.equal(status, wanted, `${path}${query}: ${JSON.stringify(body)}`);
  const schema = documented(path).responses[String(status)]?.content['application/json']?.schema;
  assert.deepEqual(answerProblems(schema ?? assert.fail(`no ${status} of ${path}`), body), [], `${path}${query}`);
}

test('events and audit entries, and their refusals, are as the document says', async (t) => {
  const api = await records(t);
  const admin = await api.user('admin', 'admin');
  const row = await api.tell('blue');
  const actor = { userId: 'u1', userName: 'ada', projectId: 'p9', address: '198.51.100.7', requestId: 'req-1' };
  await audited(api.store, actor, async (tx) => tx.record('update', loadBalancer, { ...row, name: 'old' }, row));
  await api.store.transaction(({ db }) => db.deleteFrom('event').where('seq', '=', 1).execute());
  await api.tell('blue', 'delete');
  for (const query of ['?format=json', '?format=json&since=0', '?format=json&since=99']) await assertAnswer(api, admin, '/events', query, 200);
  for (const query of ['', '?limit=1', '?action=update']) await assertAnswer(api, admin, '/audit', query, 200);
  for (const path of ['/events', '/audit']) {
    await assertAnswer(api, admin, path, '?limit=0&format=json', 400);
    await assertAnswer(api, null, path, '', 401);
    await assertAnswer(api, await api.user('blue', 'member'), path, '?all_projects=true', 403);
  }
});

test('every argument that is documented is taken', async (t) => {
  const api = await records(t);
  const admin = await api.user('admin', 'admin');
  const values: Readonly<Record<string, string>> = {
    format: 'json',
    limit: '5',
    all_projects: 'true',
    since: '1',
    until: '2030-01-01',
    action: 'create',
    resource: 'loadbalancer',
  };
  for (const path of ['/events', '/audit']) {
    for (const { name } of documented(path).parameters.filter((one) => one.in === 'query' && one.name !== 'marker')) {
      const value = path === '/audit' && name === 'since' ? '2020-01-01' : (values[name] ?? 'x');
      const query = new URLSearchParams({ [name]: value, ...(path === '/events' ? { format: 'json' } : {}) }).toString();
      await assertAnswer(api, admin, path, `?${query}`, 200);
    }
  }
});
