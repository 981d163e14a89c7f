/** Both faces together: a listener that ends TLS takes the certificates its creator may use, and no others. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type Body, type KeyManager, type User, expect, keyManager } from './key-manager.fixture.ts';
import { openssl } from './openssl.fixture.ts';

const LBAAS = '/load-balancer/v2.0/lbaas';
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

interface Placed {
  readonly id: string;
  send(path: string, body: Body): ReturnType<User['send']>;
}

async function balancer({ app }: KeyManager, user: User): Promise<Placed> {
  const send = (path: string, body: Body): ReturnType<User['send']> =>
    app.inject({ method: 'POST', url: path, headers: { 'x-auth-token': user.token }, payload: body });
  const { network } = expect(await send('/network/v2.0/networks', { network: { name: 'n' } }), 201) as { network: Body };
  const subnet = { network_id: network['id'], ip_version: 4, cidr: '192.0.2.0/24', gateway_ip: null };
  const made = expect(await send('/network/v2.0/subnets', { subnet }), 201) as { subnet: Body };
  const loadbalancer = { name: 'lb', vip_subnet_id: made.subnet['id'] };
  const { loadbalancer: lb } = expect(await send('/load-balancer/v2.0/lbaas/loadbalancers', { loadbalancer }), 201) as { loadbalancer: Body };
  return { id: String(lb['id']), send };
}

test('a listener with a certificate, an authority and a list of what it revoked', async (t) => {
  const [manager, ssl] = [await keyManager(t), await openssl(t)];
  const user = await manager.user('blue', 'member');
  ssl.selfSigned('site', EC);
  ssl.selfSigned('ca', EC);
  const [bundle, ca, crl] = [await user.store(ssl.bundle('site')), await user.store(ssl.text('ca.pem')), await user.store(ssl.revocations('ca'))];
  const foreign = await (await manager.user('red', 'member')).store(ssl.bundle('site'));
  const { id, send } = await balancer(manager, user);
  const create = (more: Body) =>
    send('/load-balancer/v2.0/lbaas/listeners', { listener: { loadbalancer_id: id, protocol: 'TERMINATED_HTTPS', protocol_port: 443, ...more } });
  for (const ref of [foreign, ca, 'http://localhost/nothing']) {
    const { faultstring } = expect(await create({ default_tls_container_ref: ref }), 400);
    assert.ok(String(faultstring).startsWith(`Could not retrieve certificate: ['${ref}']`), String(faultstring));
  }
  const client = { client_authentication: 'MANDATORY', client_ca_tls_container_ref: ca };
  expect(await create({ default_tls_container_ref: bundle, ...client, client_crl_container_ref: bundle }), 400);
  expect(await create({ default_tls_container_ref: bundle, sni_container_refs: [bundle, foreign] }), 400);
  const { listener } = expect(await create({ default_tls_container_ref: bundle, ...client, client_crl_container_ref: crl }), 201) as { listener: Body };
  assert.equal(listener['default_tls_container_ref'], bundle);
});

/** A request to the load-balancing face, as somebody else than the creator. */
function put({ app }: KeyManager, { token }: User, path: string, body: Body): ReturnType<User['send']> {
  return app.inject({ method: 'PUT', url: `${LBAAS}${path}`, headers: { 'x-auth-token': token }, payload: body });
}

test('nothing is followed for those who may not write there, and no reference is told to them', async (t) => {
  const [manager, ssl] = [await keyManager(t), await openssl(t)];
  const user = await manager.user('blue', 'member');
  ssl.selfSigned('site', EC);
  const [bundle, ca] = [await user.store(ssl.bundle('site')), await user.store(ssl.text('site.pem'))];
  const { id, send } = await balancer(manager, user);
  const tls = { protocol: 'TERMINATED_HTTPS', protocol_port: 443, default_tls_container_ref: bundle, client_ca_tls_container_ref: ca };
  const { listener } = expect(await send(`${LBAAS}/listeners`, { listener: { loadbalancer_id: id, ...tls } }), 201) as { listener: { id: string } };
  const pool = { loadbalancer_id: id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', tls_enabled: true, ca_tls_container_ref: ca };
  const { pool: made } = expect(await send(`${LBAAS}/pools`, { pool }), 201) as { pool: { id: string } };
  for (const stranger of [await manager.user('red', 'reader'), await manager.user('red', 'member'), await manager.user('blue', 'reader')]) {
    const answers = [
      await put(manager, stranger, `/listeners/${listener.id}`, { listener: { sni_container_refs: [] } }),
      await put(manager, stranger, `/listeners/${listener.id}`, { listener: { sni_container_refs: ['nothing'] } }),
      await put(manager, stranger, `/listeners/${listener.id}`, { listener: { client_crl_container_ref: 'nothing' } }),
      await put(manager, stranger, `/pools/${made.id}`, { pool: { tls_container_ref: 'nothing' } }),
      await put(manager, stranger, `/pools/${made.id}`, { pool: { crl_container_ref: 'nothing' } }),
      await manager.app.inject({
        method: 'POST',
        url: `${LBAAS}/listeners`,
        headers: { 'x-auth-token': stranger.token },
        payload: { listener: { loadbalancer_id: id, protocol: 'TERMINATED_HTTPS', protocol_port: 444, default_tls_container_ref: 'nothing' } },
      }),
      await manager.app.inject({
        method: 'POST',
        url: `${LBAAS}/pools`,
        headers: { 'x-auth-token': stranger.token },
        payload: { pool: { ...pool, ca_tls_container_ref: 'nothing' } },
      }),
    ];
    for (const { statusCode, body } of answers) assert.deepEqual([statusCode, body.includes('retrieve')], [403, false], body);
  }
});

test('what a balancer that is not there would refer to is not looked at', async (t) => {
  const manager = await keyManager(t);
  const user = await manager.user('blue', 'member');
  const { send } = await balancer(manager, user);
  const loadbalancer_id = randomUUID();
  const pools = Array.from({ length: 50 }, (_, index) => ({
    action: 'REDIRECT_TO_POOL',
    redirect_pool: { name: `p${index}`, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', tls_enabled: true, tls_container_ref: 'nothing' },
  }));
  const listener = { loadbalancer_id, protocol: 'HTTP', protocol_port: 80, l7policies: pools };
  assert.match((await send(`${LBAAS}/listeners`, { listener })).body, /Load Balancer .* not found/);
  const pool = { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', tls_enabled: true, tls_container_ref: 'nothing' };
  assert.match((await send(`${LBAAS}/pools`, { pool: { ...pool, loadbalancer_id } })).body, /Load Balancer .* not found/);
  assert.match((await send(`${LBAAS}/pools`, { pool: { ...pool, listener_id: loadbalancer_id } })).body, /Listener .* not found/);
});

test('who may not read a certificate that stays can change the others', async (t) => {
  const [manager, ssl] = [await keyManager(t), await openssl(t)];
  const [creator, colleague] = [await manager.user('blue', 'member'), await manager.user('blue', 'member')];
  for (const name of ['site', 'ca', 'other']) ssl.selfSigned(name, EC);
  const [bundle, ca] = [await creator.store(ssl.bundle('site')), await creator.store(ssl.text('ca.pem'))];
  const [sni, crl, stranger] = [
    await colleague.store(ssl.bundle('other')),
    await colleague.store(ssl.revocations('ca')),
    await colleague.store(ssl.revocations('other')),
  ];
  await creator.send('PUT', `${bundle}/acl`, { read: { users: [], 'project-access': false } });
  const { id, send } = await balancer(manager, creator);
  const tls = { protocol: 'TERMINATED_HTTPS', protocol_port: 443, default_tls_container_ref: bundle, client_ca_tls_container_ref: ca };
  const { listener } = expect(await send(`${LBAAS}/listeners`, { listener: { loadbalancer_id: id, ...tls } }), 201) as { listener: { id: string } };
  const change = (changes: Body): ReturnType<User['send']> => put(manager, colleague, `/listeners/${listener.id}`, { listener: changes });
  expect(await change({ default_tls_container_ref: bundle }), 400);
  expect(await change({ sni_container_refs: [sni] }), 200);
  // The list belongs to the authority, whichever of them is new.
  assert.match((await change({ client_crl_container_ref: stranger })).body, /The CRL specified is not valid/);
  expect(await change({ client_crl_container_ref: crl }), 200);
  const other = await colleague.store(ssl.text('other.pem'));
  assert.match((await change({ client_ca_tls_container_ref: other })).body, /The CRL specified is not valid/);
  expect(await change({ client_ca_tls_container_ref: other, client_crl_container_ref: stranger }), 200);
  expect(await change({ client_crl_container_ref: null }), 200);
});
