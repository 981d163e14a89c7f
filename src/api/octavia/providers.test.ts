import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Body, expect, octavia } from './octavia.fixture.ts';
import { NOT_ALLOWED, ask, refused } from './operator.fixture.ts';

test('providers are listed with what they are', async (t) => {
  const api = await octavia(t);
  const { providers, ...others } = expect(await api.send('GET', '/providers'), 200);
  assert.deepEqual(others, {});
  assert.deepEqual(new Set((providers as Body[]).map(({ name }) => name)), new Set(['amphora', 'noop', 'octavia']));
  for (const { description } of providers as Body[]) assert.equal(typeof description, 'string');
  assert.deepEqual(
    expect(await api.send('GET', '/providers?fields=name'), 200)['providers'],
    (providers as Body[]).map(({ name }) => ({ name })),
  );
});

test('capabilities are told by provider', async (t) => {
  const api = await octavia(t);
  const names = async (provider: string, kind: 'flavor' | 'availability_zone', query = ''): Promise<unknown> =>
    (expect(await api.send('GET', `/providers/${provider}/${kind}_capabilities${query}`), 200)[`${kind}_capabilities`] as Body[]).map(({ name }) => name);
  assert.deepEqual(await names('octavia', 'flavor'), ['loadbalancer_topology', 'engine', 'connection_logging', 'retry_requests', 'packed']);
  assert.deepEqual(await names('octavia', 'availability_zone'), ['compute_zone', 'valid_vip_networks']);
  assert.deepEqual(await names('noop', 'flavor'), ['loadbalancer_topology', 'compute_flavor', 'amp_image_tag', 'sriov_vip', 'allow_member_sriov']);
  assert.deepEqual(await names('noop', 'availability_zone'), ['compute_zone', 'volume_zone', 'management_network', 'valid_vip_networks']);
  assert.deepEqual(await names('noop', 'flavor', '?name=sriov_vip'), ['sriov_vip']);
  assert.deepEqual(await names('noop', 'flavor', `?description=${encodeURIComponent('Compute flavor of the nodes')}`), ['compute_flavor']);
  assert.deepEqual(expect(await api.send('GET', '/providers/octavia/flavor_capabilities?fields=name'), 200), {
    flavor_capabilities: [
      { name: 'loadbalancer_topology' },
      { name: 'engine' },
      { name: 'connection_logging' },
      { name: 'retry_requests' },
      { name: 'packed' },
    ],
  });
});

test('an unknown provider is refused', async (t) => {
  const api = await octavia(t);
  for (const kind of ['flavor', 'availability_zone'])
    refused(await api.send('GET', `/providers/ovn/${kind}_capabilities`), 400, "Provider 'ovn' is not enabled.");
  expect(await api.send('GET', '/providers/octavia'), 404);
  expect(await api.send('GET', '/providers/octavia/colours'), 404);
});

const ROLE_SETS = { keystone_default_roles: 'reader', advanced_rbac: 'load-balancer_observer', admin_or_owner: 'load-balancer_observer' } as const;

for (const [roleSet, role] of Object.entries(ROLE_SETS)) {
  test(`with ${roleSet} everybody sees providers, and only the administrator what they can do`, async (t) => {
    const api = await octavia(t, { roleSet: roleSet as keyof typeof ROLE_SETS });
    const reader = await api.user('blue', role);
    expect(await ask(api, reader, 'GET', '/lbaas/providers'), 200);
    for (const kind of ['flavor', 'availability_zone']) refused(await ask(api, reader, 'GET', `/lbaas/providers/ovn/${kind}_capabilities`), 403, NOT_ALLOWED);
  });
}
