/** Many clients want the same thing at once: one gets it, the others are told so, and nothing is left in between. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IDENTITY, type Intruder, LBAAS, NETWORK, administrator, intruder, madeNetwork, rows, tally, times } from './attack.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const MANY = 16;

let cloud: Playground;
let admin: Intruder;
let member: Intruder;
let network: string;
let subnet: string;

before(async () => {
  cloud = await Playground.create('[lb_provider]\nprovider = noop');
  await cloud.serve();
  admin = await administrator(cloud);
  member = await intruder(admin, 'member', 'crowd', 'member');
  ({ network, subnet } = await madeNetwork(member, '10.70.0.0/22'));
});
after(() => cloud.destroy());

const balancer = (): Promise<string> => member.make(`${LBAAS}/loadbalancers`, 'loadbalancer', { vip_subnet_id: subnet });

async function active(id: string): Promise<void> {
  await until('it is ACTIVE', async () => (await member.send('GET', `${LBAAS}/loadbalancers/${id}`)).text.includes('"provisioning_status":"ACTIVE"'));
}

/** What is made `MANY` times at once is there once; the others hear 409. */
async function onlyOne(path: string, body: unknown): Promise<string> {
  const answers = await times(MANY, () => member.send('POST', path, body));
  assert.deepEqual(tally(answers), { 201: 1, 409: MANY - 1 }, `${path} ${answers[0]?.text}`);
  const [name = ''] = Object.keys(body as object);
  return answers.find(({ status }) => status === 201)?.object(name)['id'] ?? '';
}

test('one port, one default pool, one member, one monitor', async () => {
  const id = await balancer();
  const listener = await onlyOne(`${LBAAS}/listeners`, { listener: { loadbalancer_id: id, protocol: 'HTTP', protocol_port: 80 } });
  const pool = await onlyOne(`${LBAAS}/pools`, { pool: { listener_id: listener, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' } });
  await onlyOne(`${LBAAS}/pools/${pool}/members`, { member: { address: '10.70.1.1', protocol_port: 80 } });
  await onlyOne(`${LBAAS}/healthmonitors`, { healthmonitor: { pool_id: pool, type: 'TCP', delay: 5, timeout: 3, max_retries: 3 } });
});

test('positions stay 1…n while policies come, move and go', async () => {
  const id = await balancer();
  const listener = await member.make(`${LBAAS}/listeners`, 'listener', { loadbalancer_id: id, protocol: 'HTTP', protocol_port: 80 });
  const add = (): Promise<string> => member.make(`${LBAAS}/l7policies`, 'l7policy', { listener_id: listener, action: 'REJECT', position: 1 });
  const policies = await times(MANY, add);
  const move = (policy: string, index: number) => member.send('PUT', `${LBAAS}/l7policies/${policy}`, { l7policy: { position: 1 + ((index * 7) % MANY) } });
  const moves = policies.map(move);
  const removals = policies.slice(0, 5).map((policy) => member.send('DELETE', `${LBAAS}/l7policies/${policy}`));
  await times(4, add);
  for (const { status, text } of await Promise.all([...moves, ...removals])) assert.ok([200, 204, 404, 409].includes(status), text);
  const found = rows(cloud, 'select position from l7_policy where listener_id = ? and deleting = 0 order by position', listener);
  assert.deepEqual(
    found.map(({ position }) => position),
    found.map((_, index) => index + 1),
  );
});

test('a balancer that goes takes its children with it, whoever makes some meanwhile', async () => {
  const id = await balancer();
  await active(id);
  const answers = await Promise.all([
    ...Array.from({ length: 6 }, (_, index) =>
      member.send('POST', `${LBAAS}/listeners`, { listener: { loadbalancer_id: id, protocol: 'TCP', protocol_port: 90 + index } }),
    ),
    member.send('DELETE', `${LBAAS}/loadbalancers/${id}?cascade=true`),
    ...Array.from({ length: 6 }, (_, index) =>
      member.send('POST', `${LBAAS}/listeners`, { listener: { loadbalancer_id: id, protocol: 'TCP', protocol_port: 190 + index } }),
    ),
    admin.send('PUT', `${LBAAS}/loadbalancers/${id}/failover`),
  ]);
  for (const { status, text } of answers) assert.ok([201, 202, 204, 404, 409].includes(status), text);
  await until('it is gone', async () => rows(cloud, 'select 1 from load_balancer where id = ?', id).length === 0);
  for (const table of ['listener', 'amphora']) assert.deepEqual(rows(cloud, `select id from ${table} where loadbalancer_id = ?`, id), [], table);
  assert.deepEqual(rows(cloud, `select id from port where device_id = ?`, `lb-${id}`), []);
});

test('two failovers leave one amphora', async () => {
  const id = await balancer();
  await active(id);
  assert.deepEqual(tally(await times(8, () => admin.send('PUT', `${LBAAS}/loadbalancers/${id}/failover`))), { 202: 8 });
  await active(id);
  assert.equal(rows(cloud, 'select id from amphora where loadbalancer_id = ?', id).length, 1);
});

test('a quota is never passed', async () => {
  const poor = await intruder(admin, 'poor', 'poorhouse', 'member');
  const { subnet: own } = await madeNetwork(poor, '10.71.0.0/24');
  const [project] = rows(cloud, "select id from project where name = 'poorhouse'");
  const limits = { quota: { loadbalancer: 3, member: 4 } };
  assert.equal((await admin.send('PUT', `${LBAAS}/quotas/${String(project?.['id'])}`, limits)).status, 202);
  const pools = [{ name: 'pool', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' }];
  const made = await times(MANY, () => poor.send('POST', `${LBAAS}/loadbalancers`, { loadbalancer: { vip_subnet_id: own, pools } }));
  assert.deepEqual(tally(made), { 201: 3, 403: MANY - 3 });
  const [pool] = rows(cloud, 'select id from pool where project_id = ?', String(project?.['id']));
  const path = `${LBAAS}/pools/${String(pool?.['id'])}/members`;
  const members = await times(MANY, (index) =>
    index % 2
      ? poor.send('POST', path, { member: { address: `10.71.0.${20 + index}`, protocol_port: 80 } })
      : poor.send('PUT', `${path}?additive_only=true`, { members: [80, 81].map((protocol_port) => ({ address: `10.71.0.${20 + index}`, protocol_port })) }),
  );
  for (const { status, text } of members) assert.ok([201, 202, 403].includes(status), text);
  assert.equal(rows(cloud, 'select id from member where project_id = ? and deleting = 0', String(project?.['id'])).length, 4);
});

test('addresses, ports and floating IPs have one holder', async () => {
  const port = await member.make(`${NETWORK}/ports`, 'port', { network_id: network });
  const onPort = await times(8, () => member.send('POST', `${LBAAS}/loadbalancers`, { loadbalancer: { vip_port_id: port } }));
  assert.deepEqual(tally(onPort), { 201: 1, 400: 7 });
  const vip_address = '10.70.3.77';
  const onAddress = await times(8, () => member.send('POST', `${LBAAS}/loadbalancers`, { loadbalancer: { vip_subnet_id: subnet, vip_address } }));
  assert.deepEqual(tally(onAddress), { 201: 1, 409: 7 });
  const outside = await admin.make(`${NETWORK}/networks`, 'network', { name: 'outside', 'router:external': true });
  await admin.make(`${NETWORK}/subnets`, 'subnet', { network_id: outside, ip_version: 4, cidr: '203.0.113.0/24' });
  const floatingip = { floating_network_id: outside, floating_ip_address: '203.0.113.77' };
  const floating = await times(8, () => admin.send('POST', `${NETWORK}/floatingips`, { floatingip }));
  assert.deepEqual(tally(floating), { 201: 1, 409: 7 });
  assert.deepEqual(rows(cloud, 'select ip_address from address group by subnet_id, ip_address having count(*) > 1'), []);
});

test('a lost update is refused', async () => {
  const id = await balancer();
  const seen = await fetch(`${cloud.url}${LBAAS}/loadbalancers/${id}`, { headers: { 'X-Auth-Token': member.token } });
  const headers = { 'If-Match': seen.headers.get('ETag') ?? '' };
  const answers = await times(MANY, (index) => member.send('PUT', `${LBAAS}/loadbalancers/${id}`, { loadbalancer: { name: `${index}` } }, headers));
  assert.deepEqual(tally(answers), { 200: 1, 412: MANY - 1 });
});

/** Whoever was shut out writes nothing from then on, however long what they sent before waits for its hash. */
async function nothingAfter(rogue: Intruder, requests: Promise<{ status: number }>[]): Promise<void> {
  const shut = await admin.send('PATCH', `${IDENTITY}/users/${rogue.userId}`, { user: { enabled: false } });
  assert.equal(shut.status, 200);
  for (const { status } of await Promise.all(requests)) assert.ok([201, 401, 429].includes(status), String(status));
  const late = rows(
    cloud,
    `select action, resource, resource_id from audit where user_id = ? and seq > (select min(seq) from audit where request_id = ? and resource = 'user')`,
    rogue.userId,
    shut.requestId,
  );
  assert.deepEqual(late, []);
}

test('an administrator who was disabled makes no more users', async () => {
  const rogue = await intruder(admin, 'rogue', 'crowd', 'admin');
  const user = (index: number): object => ({ user: { name: `late ${index}`, domain_id: 'default', password: 'password' } });
  await nothingAfter(
    rogue,
    Array.from({ length: 40 }, (_, index) => rogue.send('POST', `${IDENTITY}/users`, user(index))),
  );
});

test('a user who was disabled keeps no application credential made meanwhile', async () => {
  const rogue = await intruder(admin, 'survivor', 'crowd', 'member');
  const path = `${IDENTITY}/users/${rogue.userId}/application_credentials`;
  await nothingAfter(
    rogue,
    Array.from({ length: 20 }, (_, index) => rogue.send('POST', path, { application_credential: { name: `kept ${index}` } })),
  );
  assert.deepEqual(rows(cloud, 'select name from application_credential where user_id = ?', rogue.userId), []);
});
