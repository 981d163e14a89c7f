/** One of everything in a whole server, and a way to see that a request has changed nothing at all. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { sql } from 'kysely';
import { type Body, type FixtureOptions, type Octavia, octavia } from '../src/api/octavia/octavia.fixture.ts';
import { anyTable } from '../src/store/table.ts';

export interface Site {
  readonly api: Octavia;
  /** Path of one object, by its kind. */
  readonly paths: Readonly<Record<Kind, string>>;
  readonly ids: Readonly<Record<Kind, string>>;
  /** A pool without a monitor. */
  readonly sparePool: string;
  readonly amphora: string;
  /** A project with a quota of its own. */
  readonly limited: string;
}

export type Kind =
  | 'loadbalancer'
  | 'listener'
  | 'pool'
  | 'member'
  | 'healthmonitor'
  | 'l7policy'
  | 'rule'
  | 'flavorprofile'
  | 'flavor'
  | 'availability_zone_profile'
  | 'availability_zone';

export const RULE = { type: 'PATH', compare_type: 'STARTS_WITH', value: '/a' };
export const MONITOR = { type: 'TCP', delay: 5, timeout: 5, max_retries: 3 };

/** On the no-op provider, so that nothing is refused for its sake; at rest. */
export async function site(t: TestContext, options: FixtureOptions = {}): Promise<Site> {
  const api = await octavia(t, options);
  const paths: Partial<Record<Kind, string>> = {};
  const ids: Partial<Record<Kind, string>> = {};
  const make = async (kind: Kind, path: string, object: Body): Promise<string> => {
    const { id, name } = await api.make(path, kind, object);
    const named = id ?? String(name);
    paths[kind] = `${path}/${named}`;
    return (ids[kind] = named);
  };
  const loadbalancer_id = await make('loadbalancer', '/loadbalancers', { vip_subnet_id: api.subnetId, provider: 'noop' });
  const listener_id = await make('listener', '/listeners', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id });
  const pool_id = await make('pool', '/pools', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id });
  await make('member', `/pools/${pool_id}/members`, { address: '192.0.2.10', protocol_port: 80 });
  await make('healthmonitor', '/healthmonitors', { ...MONITOR, pool_id });
  const policy = await make('l7policy', '/l7policies', { action: 'REJECT', listener_id });
  await make('rule', `/l7policies/${policy}/rules`, RULE);
  const flavor_profile_id = await make('flavorprofile', '/flavorprofiles', { name: 'p', provider_name: 'noop', flavor_data: '{}' });
  await make('flavor', '/flavors', { name: 'f', flavor_profile_id });
  const profile = { name: 'p', provider_name: 'noop', availability_zone_data: '{}' };
  const availability_zone_profile_id = await make('availability_zone_profile', '/availabilityzoneprofiles', profile);
  await make('availability_zone', '/availabilityzones', { name: 'z', availability_zone_profile_id });
  const { id: sparePool } = await api.make('/pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id });
  const limited = api.projects.get('red') ?? '';
  await api.send('PUT', `/quotas/${limited}`, { quota: { pool: 1000 } });
  await api.settle();
  const { id: amphora } = await api.store.db.selectFrom('amphora').select('id').executeTakeFirstOrThrow();
  return { api, paths: paths as Site['paths'], ids: ids as Site['ids'], sparePool, amphora, limited };
}

/** What nodes report by themselves, whoever asks for what: a table, and columns. */
const REPORTED = ['listener_statistics'];
const SEEN = new Set(['operating_status', 'status_reason', 'status_changed_at', 'status_seen_by']);

/** Every row of every table, as text by table. */
export async function everyRow({ store }: Octavia): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ name: string }>`select name from sqlite_schema where type = 'table' order by name`.execute(store.db);
  const tables = rows.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_') && !REPORTED.includes(name));
  const contents = new Map<string, string>();
  for (const name of tables) contents.set(name, textOf(await anyTable(store.db).selectFrom(name).selectAll().execute()));
  return contents;
}

function textOf(rows: readonly object[]): string {
  return JSON.stringify(rows, (key, value: unknown) => (SEEN.has(key) ? undefined : value));
}

/** Runs the work and fails if it changed a single value. */
export async function unchanged<T>(api: Octavia, work: () => Promise<T>): Promise<T> {
  await api.settle();
  const before = await everyRow(api);
  const result = await work();
  await api.settle();
  for (const [table, rows] of await everyRow(api)) assert.equal(rows, before.get(table), table);
  return result;
}

/** A body of any bytes. */
export function sendText(
  api: Octavia,
  token: string,
  method: 'POST' | 'PUT',
  path: string,
  payload: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<LightMyRequestResponse> {
  return api.app.inject({
    method,
    url: `/load-balancer/v2.0/lbaas${path}`,
    headers: { 'x-auth-token': token, 'content-type': 'application/json', ...headers },
    payload,
  });
}

/** What a client reads of a refusal, and that it is one of Octavia's. */
export function refusal(response: LightMyRequestResponse, status: number): string {
  assert.equal(response.statusCode, status, response.body.slice(0, 500));
  const { faultcode, faultstring, debuginfo } = response.json<{ faultcode: string; faultstring: string; debuginfo: unknown }>();
  assert.deepEqual([faultcode, debuginfo], ['Client', null]);
  return faultstring;
}

/** No refusal gives back more than a client could read. */
export const LONGEST_REFUSAL = 4000;
