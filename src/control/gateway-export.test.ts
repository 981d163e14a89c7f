import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Octavia, octavia } from '../api/octavia/octavia.fixture.ts';
import { amphora } from '../model/amphora.ts';
import { fault } from '../model/fault.ts';
import { type Gateway, gateway, site } from '../model/gateway.ts';
import { type GatewayFacts, gatewayFacts } from '../model/gateway-facts.ts';
import { listener } from '../model/listener.ts';
import { Drivers } from '../nodes/drivers.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { insert, list, update } from '../store/rows.ts';
import { gatewayRow, listenerRow, siteRow } from '../store/store.fixture.ts';
import { type ExportedGateway, gatewayExporter } from './gateway-export.ts';

const FACTS = { release: '24.10.8', firewall: 'fw4', programs: 'haproxy nft', address_lan: '192.0.2.254/24', device_lan: 'br-lan', memory_kib: '131072' };

/** Carries as gateways do, and tells nothing of what is there. */
class Gateways extends NoopNodes {
  override readonly pretends = false;
  readonly #row: Gateway;

  constructor(row: Gateway) {
    super();
    this.#row = row;
  }

  gateway(): Promise<GatewayFacts> {
    return Promise.resolve(gatewayFacts(this.#row));
  }

  override present(): Promise<never> {
    return Promise.reject(new Error('nothing is to be asked'));
  }
}

async function gatewayIn({ store }: Octavia): Promise<Gateway> {
  const place = siteRow();
  const row = gatewayRow(place.id, { status: 'OFFLINE', facts: FACTS });
  await store.transaction(async (tx) => {
    await insert(tx.db, site, place);
    await insert(tx.db, gateway, row);
  });
  return row;
}

const VAULT = {
  stamp: async (refs: readonly string[]) => Promise.resolve(refs.join(' ')),
  certificate: async (ref: string) => {
    if (ref === 'lost') throw fault.certificateNotRetrieved([ref], '');
    return Promise.resolve({ certificate: 'certificate\n', privateKey: 'THE KEY\n', intermediates: [], notAfter: '', names: [] });
  },
  authority: assert.fail,
};

/** What is to be on a gateway that carries a load balancer with this listener. */
async function exported(t: TestContext, of: Parameters<typeof listenerRow>[1]): Promise<{ found: ExportedGateway; balancerId: string; nodeId: string }> {
  const api = await octavia(t);
  const row = await gatewayIn(api);
  const { id: balancerId } = await api.make('/loadbalancers', 'loadbalancer', { name: 'web', vip_subnet_id: api.subnetId });
  await api.settle();
  const [node] = await list(api.store.db, amphora, { where: [], sort: [], limit: null, marker: null, reverse: false });
  await api.store.transaction(async (tx) => {
    await update(tx.db, amphora, node?.id ?? '', { gateway_id: row.id });
    await insert(tx.db, listener, listenerRow(balancerId, of));
  });
  const found = await gatewayExporter(new Drivers(new Map([['noop', new Gateways(row)]])), VAULT)(api.store.db, row);
  return { found, balancerId, nodeId: node?.id ?? '' };
}

test('what a gateway should have is told from the rows, and of keys only where they are', async (t) => {
  const { found, nodeId } = await exported(t, { protocol: 'TERMINATED_HTTPS', protocol_port: 8443, default_tls_container_ref: 'own' });
  const texts = new Map(found.files.map(({ path, text }) => [path, text]));
  assert.deepEqual([...texts.keys()].slice(0, 3), ['/etc/config/edgeweir', '/etc/config/firewall', '/etc/config/network']);
  assert.match(texts.get('/etc/config/network') ?? '', /^package network\n\nconfig interface 'weir_[^]*\tlist ipaddr '192\.0\.2\.\d+\/32'\n/);
  assert.match(texts.get('/etc/config/firewall') ?? '', /\toption dest_port '8443'\n/);
  assert.match(texts.get('/etc/haproxy.cfg') ?? '', new RegExp(`^# Written by Edgeweir[^]*# share ${nodeId}\n[^]*ssl crt`));
  const unshown = [...texts].flatMap(([path, text]) => (text === null ? [path] : []));
  assert.deepEqual(
    new Set(unshown.map((path) => path.replace(/[0-9a-f]{32}/, '…'))),
    new Set(['pem', 'list'].map((kind) => `/etc/edgeweir/haproxy/tls/….${kind}`)),
  );
  assert.deepEqual(found.left_out, []);
  assert.ok(!JSON.stringify(found).includes('THE KEY'));
});

test('a load balancer that cannot be given to it is named with the reason', async (t) => {
  const { found, balancerId } = await exported(t, { protocol: 'TERMINATED_HTTPS', protocol_port: 8443, default_tls_container_ref: 'lost' });
  assert.deepEqual(found.files, []);
  assert.deepEqual(
    found.left_out.map(({ loadbalancer_id, name }) => [loadbalancer_id, name]),
    [[balancerId, 'web']],
  );
  assert.match(found.left_out[0]?.reason ?? '', /lost/);
});
