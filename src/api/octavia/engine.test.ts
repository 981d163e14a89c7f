/** What the kernel cannot carry is refused where only the kernel may, and left to HAProxy where that may, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';

const REASON = 'additional_vips of another address family than the VIP where packets are balanced';

async function subnetOf(api: Octavia, subnet: object): Promise<string> {
  const body = { subnet: { network_id: api.networkId, gateway_ip: null, ...subnet } };
  return (expect(await api.send('POST', '/network/v2.0/subnets', body), 201)['subnet'] as Shown).id;
}

async function flavorOf(api: Octavia, engine: string): Promise<string> {
  const profile = { name: engine, provider_name: 'octavia', flavor_data: JSON.stringify({ engine }) };
  const { id } = await api.make('/flavorprofiles', 'flavorprofile', profile);
  return (await api.make('/flavors', 'flavor', { name: engine, flavor_profile_id: id })).id;
}

/** Answers of creating the listener, by what carries TCP. */
async function answers(api: Octavia, subnetId: string, protocol: string): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const engine of ['haproxy', 'auto', 'nftables']) {
    const more = { vip_subnet_id: api.subnetId, additional_vips: [{ subnet_id: subnetId }], flavor_id: await flavorOf(api, engine) };
    const { id } = await api.make('/loadbalancers', 'loadbalancer', more);
    const response = await api.send('POST', '/listeners', { listener: { protocol, protocol_port: 53, loadbalancer_id: id } });
    said[engine] = response.statusCode === 201 ? 'made' : `${response.statusCode} ${response.json<{ faultstring: string }>().faultstring.split(': ')[1]}`;
  }
  return said;
}

test('TCP on addresses of two families: HAProxy, and nobody where the flavor wants the kernel', async (t) => {
  const api = await octavia(t);
  const sixth = await subnetOf(api, { ip_version: 6, cidr: '2001:db8::/64' });
  assert.deepEqual(await answers(api, sixth, 'TCP'), { haproxy: 'made', auto: 'made', nftables: `501 ${REASON}` });
});

test('datagrams on addresses of two families: nobody', async (t) => {
  const api = await octavia(t);
  const sixth = await subnetOf(api, { ip_version: 6, cidr: '2001:db8::/64' });
  assert.deepEqual(await answers(api, sixth, 'UDP'), { haproxy: `501 ${REASON}`, auto: `501 ${REASON}`, nftables: `501 ${REASON}` });
});

for (const protocol of ['TCP', 'UDP']) {
  test(`${protocol} on addresses of one family is carried by either`, async (t) => {
    const api = await octavia(t);
    const second = await subnetOf(api, { ip_version: 4, cidr: '198.51.100.0/24' });
    assert.deepEqual(await answers(api, second, protocol), { haproxy: 'made', auto: 'made', nftables: 'made' });
  });
}
