import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { expect, octavia } from './octavia.fixture.ts';

const POOL = { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' };
const GOOD = { address: '192.0.2.20', protocol_port: 8080 };

test("a balancer's own address is no member's, however it comes and is written", async (t) => {
  const api = await octavia(t);
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_subnet_id: api.subnetId, vip_address: '192.0.2.77' });
  const refused = async (method: 'POST' | 'PUT', path: string, body: object, address: string): Promise<void> => {
    const answer = await api.send(method, path, body);
    const { faultstring } = answer.json<{ faultstring: string }>();
    assert.deepEqual([answer.statusCode, faultstring], [400, `${address} is not a valid option for member address`], `${method} ${path}`);
  };
  const own = '192.0.2.77';
  const pool = await api.make('/pools', 'pool', { ...POOL, loadbalancer_id: balancer.id });
  const path = `/pools/${pool.id}/members`;
  const { id } = await api.make(path, 'member', GOOD);
  await refused('POST', path, { member: { ...GOOD, address: own } }, own);
  await refused('POST', path, { member: { ...GOOD, address: '192.0.2.21', monitor_address: own } }, own);
  await refused('PUT', `${path}/${id}`, { member: { monitor_address: own } }, own);
  await refused('PUT', path, { members: [GOOD, { ...GOOD, address: own }] }, own);
  await refused('PUT', path, { members: [{ ...GOOD, monitor_address: own }] }, own);
  await refused('POST', '/pools', { pool: { ...POOL, loadbalancer_id: balancer.id, members: [{ ...GOOD, address: own }] } }, own);
  const tree = { provider: 'noop', vip_subnet_id: api.subnetId, vip_address: '192.0.2.78' };
  const pools = [{ ...POOL, name: 'a', members: [{ ...GOOD, address: '192.0.2.78' }] }];
  await refused('POST', '/loadbalancers', { loadbalancer: { ...tree, pools } }, '192.0.2.78');
  assert.equal((expect(await api.send('GET', path), 200)['members'] as unknown[]).length, 1);
});

test("a further address is its own, too, and another balancer's is not", async (t) => {
  const api = await octavia(t, { network: 'unchecked' });
  const additional_vips = [{ subnet_id: randomUUID(), ip_address: '2001:db8::5' }];
  const balancer = await api.make('/loadbalancers', 'loadbalancer', {
    provider: 'noop',
    vip_subnet_id: api.subnetId,
    vip_address: '192.0.2.77',
    additional_vips,
  });
  const other = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_subnet_id: api.subnetId, vip_address: '192.0.2.78' });
  const pools = await Promise.all([balancer, other].map(({ id }) => api.make('/pools', 'pool', { ...POOL, loadbalancer_id: id })));
  const send = async (index: number, address: string): Promise<number> => {
    return (await api.send('POST', `/pools/${pools[index]?.id}/members`, { member: { ...GOOD, address } })).statusCode;
  };
  assert.deepEqual([await send(0, '2001:DB8:0:0::5'), await send(0, '192.0.2.77'), await send(0, '192.0.2.78')], [400, 400, 201]);
  assert.deepEqual([await send(1, '2001:db8::5'), await send(1, '192.0.2.78')], [201, 400]);
});
