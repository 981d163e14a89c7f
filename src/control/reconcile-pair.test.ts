/** Of a pair, the node that has the clients is brought up to date also while the other one cannot be. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Octavia, type Shown, expect, octavia } from '../api/octavia/octavia.fixture.ts';
import { listener } from '../model/listener.ts';
import type { Plan } from '../model/plan.ts';
import { Drivers } from '../nodes/drivers.ts';
import { NodeError } from '../nodes/node.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { insert } from '../store/rows.ts';
import { listenerRow } from '../store/store.fixture.ts';
import { plannerFor } from './planner.ts';

/** Nodes of which the first one that was made holds the address. */
class Paired extends NoopNodes {
  holder: string | null = null;
  broken: string | null = null;

  /** Of the subnet's addresses, all. */
  async held(id: string): Promise<readonly string[] | null> {
    if ((await this.present(id)) === null) return null;
    return id === this.holder ? Array.from({ length: 254 }, (_, host) => `192.0.2.${host + 1}`) : [];
  }

  override async apply(id: string, plan: Plan): Promise<void> {
    if (id === this.broken) throw new NodeError('the cable is cut');
    this.holder ??= id;
    return super.apply(id, plan);
  }
}

async function pair(t: TestContext, driver: NoopNodes): Promise<{ api: Octavia; balancer: Shown }> {
  const api = await octavia(t, { driver });
  const data = { name: 'pair', provider_name: 'noop', flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY"}' };
  const profile = await api.make('/flavorprofiles', 'flavorprofile', data);
  const flavor = await api.make('/flavors', 'flavor', { name: 'pair', flavor_profile_id: profile.id });
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId, flavor_id: flavor.id });
  await api.settle();
  return { api, balancer };
}

test('a standby that cannot be put right holds up no change; the balancer waits and says why', async (t) => {
  const driver = new Paired();
  const { api, balancer } = await pair(t, driver);
  const [standby = ''] = (await driver.list()).filter((id) => id !== driver.holder);
  const frontends = async (id: string): Promise<number> => [...((await driver.present(id))?.proxy?.text ?? '').matchAll(/^frontend /gm)].length;
  driver.broken = standby;
  await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  await api.settle();
  await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 81, loadbalancer_id: balancer.id });
  await api.settle();
  assert.deepEqual([await frontends(driver.holder ?? ''), await frontends(standby)], [2, 0]);
  assert.equal((await api.show(`/loadbalancers/${balancer.id}`, 'loadbalancer')).provisioning_status, 'PENDING_UPDATE');
  const { statuses } = expect(await api.send('GET', `/loadbalancers/${balancer.id}/status`), 200) as { statuses: { loadbalancer: { status_reason: string } } };
  assert.equal(statuses.loadbalancer.status_reason, 'the cable is cut');
  driver.broken = null;
  for (let turn = 0; turn < 500 && (await frontends(standby)) < 2; turn++) await pause(20);
  await api.settle();
  assert.deepEqual([await frontends(driver.holder ?? ''), await frontends(standby)], [2, 2]);
  assert.equal((await api.show(`/loadbalancers/${balancer.id}`, 'loadbalancer')).provisioning_status, 'ACTIVE');
});

test('for the plans of a pair a certificate is opened once, and both have it', async (t) => {
  const { api, balancer } = await pair(t, new Paired());
  const opened: string[] = [];
  const vault = {
    stamp: async (refs: readonly string[]) => Promise.resolve(refs.join(' ')),
    certificate: async (ref: string) => {
      opened.push(ref);
      return Promise.resolve({ certificate: 'certificate\n', privateKey: 'key\n', intermediates: [], notAfter: '', names: [] });
    },
    authority: assert.fail,
  };
  class Rendered extends NoopNodes {
    override readonly pretends = false;
    override readonly advertMs = 100;
  }
  const planner = plannerFor(new Drivers(new Map([['noop', new Rendered()]])), vault);
  const row = listenerRow(balancer.id, { protocol: 'TERMINATED_HTTPS', default_tls_container_ref: 'own' });
  const wanted = await api.store.transaction(async (tx) => {
    await insert(tx.db, listener, row);
    tx.changed.add(balancer.id);
    return planner.wanted(tx);
  });
  const plans = await planner.plans(wanted);
  assert.deepEqual(
    plans.map(({ cost, config }) => [cost, config.some((line) => line.includes('ssl crt'))]),
    [
      ['restart', true],
      ['restart', true],
    ],
  );
  assert.deepEqual(opened, ['own']);
});
