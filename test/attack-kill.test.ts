/**
 * kill -9 in the middle of writes on all faces: whatever was acknowledged is there and on record, what was refused is
 * not, and nothing is left half-way.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, IDENTITY, type Intruder, KEYS, LBAAS, NETWORK, administrator, intruder, madeNetwork, rows } from './attack.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const ROUNDS = 5;
/** Writers at one time. */
const WRITERS = 8;
/** Milliseconds between the first write of a round and the kill, at most; where in the writes it falls is left to chance. */
const LIFE = 900;

const TABLES = {
  loadbalancer: 'load_balancer',
  listener: 'listener',
  pool: 'pool',
  member: 'member',
  healthmonitor: 'health_monitor',
  l7policy: 'l7_policy',
  rule: 'l7_rule',
  floatingip: 'floating_ip',
  secret: 'secret',
};

let cloud: Playground;
let admin: Intruder;
let member: Intruder;
let subnet: string;
let outside: string;

/** Requests that were answered, by their ids. */
const answered = new Map<string, 'changed something' | 'may have changed nothing' | 'refused'>();
/** Payloads of secrets whose making was acknowledged and whose deletion was never asked for. */
const payloads = new Map<string, string>();
const deadTokens: string[] = [];
const balancers: string[] = [];
const listeners: string[] = [];
const pools: string[] = [];
const policies: string[] = [];
let names = 0;

before(async () => {
  cloud = await Playground.create('[lb_provider]\nprovider = noop');
  await cloud.serve();
  admin = await administrator(cloud);
  member = await intruder(admin, 'member', 'restless', 'member');
  subnet = (await madeNetwork(member, '10.72.0.0/20')).subnet;
  outside = await admin.make(`${NETWORK}/networks`, 'network', { name: 'outside', 'router:external': true });
  await admin.make(`${NETWORK}/subnets`, 'subnet', { network_id: outside, ip_version: 4, cidr: '203.0.113.0/24' });
});
after(() => cloud.destroy());

/** What is replaced by its like, and a failover of what is on its way out already, leave no trace. */
const MAY_CHANGE_NOTHING = /\/(members|failover)$/;

async function write(client: Intruder, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await client.send(method, path, body);
  assert.ok(answer.status < 500, `${method} ${path} ${answer.text}`);
  const done = MAY_CHANGE_NOTHING.test(path) ? 'may have changed nothing' : 'changed something';
  answered.set(answer.requestId, answer.status < 300 ? done : 'refused');
  return answer;
}

const some = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] ?? assert.fail('nothing yet');

function tree(): object {
  const members = [1, 2, 3].map((host) => ({ address: `10.72.9.${host}`, protocol_port: 80 }));
  const healthmonitor = { type: 'HTTP', delay: 5, timeout: 3, max_retries: 3 };
  const pool = { name: 'pool', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members, healthmonitor };
  const rules = [{ type: 'PATH', compare_type: 'STARTS_WITH', value: '/a' }];
  const l7policies = [1, 2].map(() => ({ action: 'REJECT', rules }));
  return { vip_subnet_id: subnet, listeners: [{ protocol: 'HTTP', protocol_port: 80, default_pool: pool, l7policies }] };
}

async function plant(): Promise<void> {
  const answer = await write(member, 'POST', `${LBAAS}/loadbalancers`, { loadbalancer: tree() });
  const made = answer.object('loadbalancer') as unknown as {
    id: string;
    listeners: { id: string; l7policies: { id: string }[] }[];
    pools: { id: string }[];
  };
  balancers.push(made.id);
  listeners.push(...made.listeners.map(({ id }) => id));
  pools.push(...made.pools.map(({ id }) => id));
  policies.push(...made.listeners.flatMap((each) => each.l7policies.map(({ id }) => id)));
}

async function keepSecret(): Promise<void> {
  const payload = `payload ${names++}`;
  const answer = await write(member, 'POST', `${KEYS}/secrets`, { payload, payload_content_type: 'text/plain' });
  payloads.set((JSON.parse(answer.text) as { secret_ref: string }).secret_ref.split('/').at(-1) ?? '', payload);
}

async function shutOut(): Promise<void> {
  const user = await intruder(admin, `user ${names++}`, 'restless', 'reader');
  const answer = await write(admin, 'PATCH', `${IDENTITY}/users/${user.userId}`, { user: { enabled: false } });
  if (answer.status === 200) deadTokens.push(user.token);
}

const WRITES: (() => Promise<unknown>)[] = [
  plant,
  keepSecret,
  shutOut,
  () => write(member, 'DELETE', `${LBAAS}/loadbalancers/${some(balancers)}?cascade=true`),
  () => write(admin, 'PUT', `${LBAAS}/loadbalancers/${some(balancers)}/failover`),
  () => write(member, 'POST', `${LBAAS}/l7policies`, { l7policy: { listener_id: some(listeners), action: 'REJECT', position: 1 } }),
  () => write(member, 'PUT', `${LBAAS}/l7policies/${some(policies)}`, { l7policy: { position: 1 + Math.floor(Math.random() * 4) } }),
  () => write(member, 'DELETE', `${LBAAS}/l7policies/${some(policies)}`),
  () =>
    write(member, 'PUT', `${LBAAS}/pools/${some(pools)}/members`, {
      members: Array.from({ length: 8 }, (_, host) => ({ address: `10.72.10.${host + 1 + Math.floor(Math.random() * 3) * 8}`, protocol_port: 80 })),
    }),
  () => write(member, 'DELETE', `${LBAAS}/pools/${some(pools)}`),
  () => write(member, 'POST', `${NETWORK}/floatingips`, { floatingip: { floating_network_id: outside } }),
];

/** Writes until the server is gone. A failed assertion is kept, a lost connection is the end. */
async function writer(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      await some(WRITES)();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await pause(1);
  }
}

test('after every kill the installation is whole', async () => {
  await plant();
  for (let round = 0; round < ROUNDS; round++) {
    let over = false;
    const writers = Array.from({ length: WRITERS }, () => writer(() => over));
    await pause(100 + Math.random() * LIFE);
    over = true;
    await cloud.end('SIGKILL');
    await Promise.all(writers);
    await cloud.serve();
    await settled();
    assertWhole();
    await assertRemembered();
  }
});

async function settled(): Promise<void> {
  const pending = ['load_balancer', 'listener', 'pool', 'member', 'health_monitor', 'l7_policy', 'l7_rule']
    .map((table) => `select id from ${table} where provisioning_status <> 'ACTIVE' or deleting <> 0`)
    .join(' union all ');
  await until('nothing waits', async () => rows(cloud, pending).length === 0);
}

function none(what: string, sql: string, ...values: string[]): void {
  assert.deepEqual(rows(cloud, sql, ...values), [], what);
}

function assertWhole(): void {
  none('positions', 'select listener_id from l7_policy group by listener_id having min(position) <> 1 or max(position) <> count(distinct position)');
  none('addresses of no port', 'select * from address where port_id not in (select id from port)');
  none('ports of no balancer', "select id from port where device_owner = 'Octavia' and device_id not in (select 'lb-' || id from load_balancer)");
  none('balancers without a port', 'select id from load_balancer where vip_port_id not in (select id from port)');
  none('ports of no floating IP', "select id from port where device_owner = 'network:floatingip' and id not in (select floating_port_id from floating_ip)");
  none('amphorae', 'select loadbalancer_id from amphora group by 1 having count(*) <> 1 or loadbalancer_id not in (select id from load_balancer)');
  const told = (type: string): string => `(select count(*) from event where event.resource_id = it.id and event.type = 'octavia.loadbalancer.${type}.end')`;
  none('balancers announced', `select id from load_balancer it where ${told('create')} <> 1 or ${told('delete')} <> 0`);
  none('foreign keys', 'pragma foreign_key_check');
  for (const [resource, table] of Object.entries(TABLES)) assertTrail(resource, table);
}

/** The trail tells of exactly what is there. */
function assertTrail(resource: string, table: string): void {
  const traced = (action: string, id: string): string =>
    `exists (select 1 from audit where audit.resource = '${resource}' and audit.resource_id = ${id} and audit.action = '${action}')`;
  none(`${resource} without a trace`, `select id from ${table} it where not ${traced('create', 'it.id')} or ${traced('delete', 'it.id')}`);
  const made = `select resource_id from audit made where made.resource = '${resource}' and made.action = 'create'`;
  const there = `exists (select 1 from ${table} it where it.id = made.resource_id)`;
  none(`trace of no ${resource}`, `${made} and not ${there} and not ${traced('delete', 'made.resource_id')}`);
}

async function assertRemembered(): Promise<void> {
  const traced = new Set(rows(cloud, 'select distinct request_id from audit').map(({ request_id }) => request_id));
  const refused = [...answered].filter(([id, what]) => what === 'refused' && traced.has(id));
  assert.deepEqual(refused, [], 'refused, and on record');
  const lost = [...answered].filter(([id, what]) => what === 'changed something' && !traced.has(id));
  assert.deepEqual(lost, [], 'acknowledged, and not on record');
  for (const [id, payload] of payloads)
    assert.equal((await member.send('GET', `${KEYS}/secrets/${id}/payload`, undefined, { Accept: 'text/plain' })).text, payload);
  for (const token of deadTokens) {
    const answer = await fetch(`${cloud.url}${LBAAS}/loadbalancers?limit=1`, { headers: { 'X-Auth-Token': token } });
    await answer.text();
    assert.equal(answer.status, 401);
  }
}
