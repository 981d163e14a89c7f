/** Every id of one project, in every place where another project's users can put it: nothing is read, nothing is written. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { IDENTITY, type Intruder, KEYS, LBAAS, NETWORK, administrator, intruder, madeNetwork } from './attack.fixture.ts';
import { Playground } from './playground.fixture.ts';

/** In every name and value of the victim's that could show. */
const MARK = 'victims-own';
const ROLE_SETS = { keystone_default_roles: 'member', advanced_rbac: 'load-balancer_member', admin_or_owner: 'member' };

type Ids = Readonly<Record<string, string>>;
type Request = readonly [method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>];

/** A project with one of everything. */
async function furnish(client: Intruder, cidr: string, host: string, outside: string, bundle: Buffer): Promise<Ids> {
  const { network, subnet } = await madeNetwork(client, cidr);
  const port = await client.make(`${NETWORK}/ports`, 'port', { network_id: network, name: MARK });
  const router = await client.make(`${NETWORK}/routers`, 'router', { name: MARK });
  const group = await client.make(`${NETWORK}/security-groups`, 'security_group', { name: MARK });
  const floating = await client.make(`${NETWORK}/floatingips`, 'floatingip', { floating_network_id: outside, description: MARK });
  const balancer = await client.make(`${LBAAS}/loadbalancers`, 'loadbalancer', { name: MARK, vip_subnet_id: subnet });
  const listener = await client.make(`${LBAAS}/listeners`, 'listener', { name: MARK, loadbalancer_id: balancer, protocol: 'HTTP', protocol_port: 80 });
  const pool = await client.make(`${LBAAS}/pools`, 'pool', { name: MARK, listener_id: listener, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' });
  const member = await client.make(`${LBAAS}/pools/${pool}/members`, 'member', { name: MARK, address: host, protocol_port: 80 });
  const monitor = await client.make(`${LBAAS}/healthmonitors`, 'healthmonitor', {
    name: MARK,
    pool_id: pool,
    type: 'TCP',
    delay: 5,
    timeout: 3,
    max_retries: 3,
  });
  const policy = await client.make(`${LBAAS}/l7policies`, 'l7policy', { name: MARK, listener_id: listener, action: 'REJECT' });
  const rule = await client.make(`${LBAAS}/l7policies/${policy}/rules`, 'rule', { type: 'PATH', compare_type: 'EQUAL_TO', value: `/${MARK}` });
  const things = { network, subnet, port, router, group, floating, balancer, listener, pool, member, monitor, policy, rule };
  return { ...things, ...(await furnishKeys(client)), ...(await furnishTls(client, balancer, bundle)), user: client.userId };
}

/** What refers to a certificate of the project's own. */
async function furnishTls(client: Intruder, loadbalancer_id: string, bundle: Buffer): Promise<Ids> {
  const octets = { payload_content_type: 'application/octet-stream', payload_content_encoding: 'base64' };
  const made = await client.send('POST', `${KEYS}/secrets`, { name: MARK, payload: bundle.toString('base64'), ...octets });
  const { secret_ref: ref } = JSON.parse(made.text) as { secret_ref: string };
  const tls = { name: MARK, loadbalancer_id, protocol: 'TERMINATED_HTTPS', protocol_port: 8443, default_tls_container_ref: ref };
  const pool = { name: MARK, loadbalancer_id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', tls_enabled: true, tls_container_ref: ref };
  return {
    tlsListener: await client.make(`${LBAAS}/listeners`, 'listener', tls),
    tlsPool: await client.make(`${LBAAS}/pools`, 'pool', pool),
    certificate: ref.split('/').at(-1) ?? '',
  };
}

/** A certificate with its key, as PKCS#12. */
async function certificateBundle(): Promise<Buffer> {
  const directory = await mkdtemp('/tmp/weir-tenancy-');
  try {
    const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] });
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'a.key', '-out', 'a.pem', '-subj', '/CN=a.example');
    return openssl('pkcs12', '-export', '-inkey', 'a.key', '-in', 'a.pem', '-passout', 'pass:');
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function furnishKeys(client: Intruder): Promise<Ids> {
  const made = await client.send('POST', `${KEYS}/secrets`, { name: MARK, payload: MARK, payload_content_type: 'text/plain' });
  const { secret_ref } = JSON.parse(made.text) as { secret_ref: string };
  const held = await client.send('POST', `${KEYS}/containers`, { name: MARK, type: 'generic', secret_refs: [{ name: 'a', secret_ref }] });
  const { container_ref } = JSON.parse(held.text) as { container_ref: string };
  return { secretRef: secret_ref, containerRef: container_ref, secret: secret_ref.split('/').at(-1) ?? '', container: container_ref.split('/').at(-1) ?? '' };
}

const HEADERS = [{}, { 'If-Match': '*' }, { 'X-Weir-Dry-Run': 'true' }];

/** The victim's objects by their addresses: read, changed and deleted. */
function direct(v: Ids): Request[] {
  const octavia: [string, string, object][] = [
    [`loadbalancers/${v['balancer']}`, 'loadbalancer', { name: 'taken' }],
    [`listeners/${v['listener']}`, 'listener', { name: 'taken' }],
    [`listeners/${v['tlsListener']}`, 'listener', { sni_container_refs: [] }],
    [`listeners/${v['tlsListener']}`, 'listener', { sni_container_refs: ['taken'], client_crl_container_ref: 'taken' }],
    [`pools/${v['pool']}`, 'pool', { name: 'taken' }],
    [`pools/${v['tlsPool']}`, 'pool', { crl_container_ref: 'taken' }],
    [`pools/${v['pool']}/members/${v['member']}`, 'member', { weight: 7 }],
    [`healthmonitors/${v['monitor']}`, 'healthmonitor', { name: 'taken' }],
    [`l7policies/${v['policy']}`, 'l7policy', { name: 'taken' }],
    [`l7policies/${v['policy']}/rules/${v['rule']}`, 'rule', { value: '/taken' }],
  ];
  const networks: [string, string][] = [
    [`networks/${v['network']}`, 'network'],
    [`subnets/${v['subnet']}`, 'subnet'],
    [`ports/${v['port']}`, 'port'],
    [`routers/${v['router']}`, 'router'],
    [`security-groups/${v['group']}`, 'security_group'],
    [`floatingips/${v['floating']}`, 'floatingip'],
  ];
  return [
    ...octavia.flatMap(([path, name, changes]) => HEADERS.flatMap((headers) => threeWays(`${LBAAS}/${path}`, { [name]: changes }, headers))),
    ...networks.flatMap(([path, name]) => threeWays(`${NETWORK}/${path}`, { [name]: { description: 'taken' } })),
    ...['', '/payload', '/acl', '/metadata', '/consumers'].flatMap((part) => threeWays(`${KEYS}/secrets/${v['secret']}${part}`, { metadata: {} })),
    ...['', '/acl', '/consumers', '/secrets'].flatMap((part) => threeWays(`${KEYS}/containers/${v['container']}${part}`, { read: {} })),
    ...threeWays(`${IDENTITY}/users/${v['user']}/application_credentials`, {}),
    ...[`loadbalancers/${v['balancer']}/stats`, `loadbalancers/${v['balancer']}/status`, `listeners/${v['listener']}/stats`].map((path): Request => [
      'GET',
      `${LBAAS}/${path}`,
    ]),
    ['DELETE', `${LBAAS}/loadbalancers/${v['balancer']}?cascade=true`],
    ['PUT', `${LBAAS}/loadbalancers/${v['balancer']}/failover`],
    ['PUT', `${LBAAS}/pools/${v['pool']}/members`, { members: [] }],
    ['PUT', `${NETWORK}/networks/${v['network']}/tags/taken`],
  ];
}

function threeWays(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Request[] {
  return [
    ['GET', path, undefined, headers],
    ['PUT', path, body, headers],
    ['DELETE', path, undefined, headers],
  ];
}

/** The victim's ids where bodies refer to other objects. */
function referring(v: Ids, own: Ids): Request[] {
  const tls = { loadbalancer_id: own['balancer'], protocol: 'TERMINATED_HTTPS', protocol_port: 443 };
  const pool = { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' };
  const route = `${NETWORK}/routers/${own['router']}/add_router_interface`;
  return [
    ['POST', `${LBAAS}/listeners`, { listener: { loadbalancer_id: v['balancer'], protocol: 'HTTP', protocol_port: 81 } }],
    ['POST', `${LBAAS}/listeners`, { listener: { loadbalancer_id: own['balancer'], protocol: 'HTTP', protocol_port: 82, default_pool_id: v['pool'] } }],
    ['PUT', `${LBAAS}/listeners/${own['listener']}`, { listener: { default_pool_id: v['pool'] } }],
    ['POST', `${LBAAS}/listeners`, { listener: { ...tls, default_tls_container_ref: v['secretRef'] } }],
    ['POST', `${LBAAS}/listeners`, { listener: { ...tls, default_tls_container_ref: v['containerRef'] } }],
    ['POST', `${LBAAS}/pools`, { pool: { ...pool, listener_id: v['listener'] } }],
    ['POST', `${LBAAS}/pools`, { pool: { ...pool, loadbalancer_id: own['balancer'], listener_id: v['listener'] } }],
    ['POST', `${LBAAS}/l7policies`, { l7policy: { listener_id: own['listener'], action: 'REDIRECT_TO_POOL', redirect_pool_id: v['pool'] } }],
    ['PUT', `${LBAAS}/l7policies/${own['policy']}`, { l7policy: { redirect_pool_id: v['pool'] } }],
    ['PUT', `${LBAAS}/pools/${own['pool']}/members/${v['member']}`, { member: { weight: 7 } }],
    ['POST', `${LBAAS}/pools/${own['pool']}/members`, { member: { address: '10.73.0.9', protocol_port: 80, subnet_id: v['subnet'] } }],
    ['PUT', `${LBAAS}/pools/${own['pool']}/members`, { members: [{ address: '10.73.0.9', protocol_port: 80, subnet_id: v['subnet'] }] }],
    ['POST', `${LBAAS}/loadbalancers`, { loadbalancer: { vip_subnet_id: v['subnet'] } }],
    ['POST', `${LBAAS}/loadbalancers`, { loadbalancer: { vip_network_id: v['network'] } }],
    ['POST', `${LBAAS}/loadbalancers`, { loadbalancer: { vip_port_id: v['port'] } }],
    ['POST', `${LBAAS}/loadbalancers`, { loadbalancer: { vip_subnet_id: own['subnet'], vip_sg_ids: [v['group']] } }],
    ['POST', `${NETWORK}/ports`, { port: { network_id: v['network'] } }],
    ['POST', `${NETWORK}/ports`, { port: { network_id: own['network'], security_groups: [v['group']] } }],
    ['POST', `${NETWORK}/subnets`, { subnet: { network_id: v['network'], ip_version: 4, cidr: '10.75.0.0/24' } }],
    ['POST', `${NETWORK}/security-group-rules`, { security_group_rule: { security_group_id: v['group'], direction: 'ingress' } }],
    [
      'POST',
      `${NETWORK}/security-group-rules`,
      { security_group_rule: { security_group_id: own['group'], direction: 'ingress', remote_group_id: v['group'] } },
    ],
    ['PUT', route, { subnet_id: v['subnet'] }],
    ['PUT', route, { port_id: v['port'] }],
    ['PUT', `${NETWORK}/routers/${own['router']}`, { router: { external_gateway_info: { network_id: v['network'] } } }],
    ['PUT', `${NETWORK}/floatingips/${own['floating']}`, { floatingip: { port_id: v['port'] } }],
    ['POST', `${KEYS}/containers`, { name: 'q', type: 'generic', secret_refs: [{ name: 'a', secret_ref: v['secretRef'] }] }],
  ];
}

/** The victim's ids in queries: answers may come, but none that tells of it. */
function asking(v: Ids): Request[] {
  const octavia = { loadbalancers: 'balancer', listeners: 'listener', pools: 'pool', healthmonitors: 'monitor', l7policies: 'policy' };
  const networks = { networks: 'network', subnets: 'subnet', ports: 'port', routers: 'router', 'security-groups': 'group', floatingips: 'floating' };
  return [
    ...Object.entries(octavia).flatMap(([path, kind]) => asked(`${LBAAS}/${path}`, v[kind] ?? '')),
    ...Object.entries(networks).flatMap(([path, kind]) => asked(`${NETWORK}/${path}`, v[kind] ?? '')),
    ...asked('/audit', v['balancer'] ?? ''),
    ['GET', `/audit?resource_id=${v['balancer']}`],
    ['GET', '/events?since=0', undefined, { Accept: 'application/json' }],
    ['GET', `${KEYS}/secrets?name=${MARK}`],
  ];
}

function asked(path: string, id: string): Request[] {
  return [
    ['GET', `${path}?id=${id}`],
    ['GET', `${path}?marker=${id}&sort_key=name`],
  ];
}

for (const [roleSet, role] of Object.entries(ROLE_SETS)) {
  describe(roleSet, () => {
    let cloud: Playground;
    let admin: Intruder;
    let victim: Ids;
    let own: Ids;
    let intruders: Intruder[];

    before(async () => {
      cloud = await Playground.create(`rbac_policy = ${roleSet}\n[lb_provider]\nprovider = noop`);
      await cloud.serve();
      admin = await administrator(cloud);
      const outside = await admin.make(`${NETWORK}/networks`, 'network', { name: 'outside', 'router:external': true });
      await admin.make(`${NETWORK}/subnets`, 'subnet', { network_id: outside, ip_version: 4, cidr: '203.0.113.0/24' });
      const bundle = await certificateBundle();
      victim = await furnish(await withRoles('owner', 'theirs'), '10.73.0.0/24', '10.73.0.200', outside, bundle);
      const neighbour = await withRoles('neighbour', 'ours');
      own = await furnish(neighbour, '10.74.0.0/24', '10.74.0.200', outside, bundle);
      intruders = [neighbour, await intruder(admin, 'onlooker', 'ours', 'reader')];
    });
    after(() => cloud.destroy());

    /** Networks and secrets ask for Keystone's own role, whatever balancers ask for. */
    async function withRoles(name: string, project: string): Promise<Intruder> {
      await known(role);
      const user = await intruder(admin, name, project, role);
      if (role === 'member') return user;
      const [found] = (await admin.send('GET', `${IDENTITY}/projects?name=${project}`)).object('projects') as unknown as { id: string }[];
      await admin.send('PUT', `${IDENTITY}/projects/${found?.id}/users/${user.userId}/roles/${await known('member')}`);
      return user.logIn(name, `password of ${name}`, project);
    }

    async function known(name: string): Promise<string> {
      const [found] = (await admin.send('GET', `${IDENTITY}/roles?name=${name}`)).object('roles') as unknown as { id: string }[];
      return found?.id ?? admin.make(`${IDENTITY}/roles`, 'role', { name });
    }

    async function state(): Promise<string[]> {
      const read = direct(victim).filter(([method, path]) => method === 'GET' && !path.includes('application_credentials') && !path.endsWith('/stats'));
      return Promise.all(
        read.map(async ([method, path]) => (await admin.send(method, path, undefined, { Accept: path.endsWith('payload') ? 'text/plain' : '*/*' })).text),
      );
    }

    test('nothing of another project is read or written', async () => {
      const before = await state();
      for (const client of intruders) {
        for (const [method, path, body, headers] of [...direct(victim), ...referring(victim, own)]) {
          const { status, text } = await client.send(method, path, body, headers);
          assert.ok(status >= 400 && status < 500, `${method} ${path} ${JSON.stringify(body)}: ${status} ${text}`);
          assert.ok(!text.includes(MARK), text);
          assertNothingNewOf(text, `${method} ${path} ${JSON.stringify(body)}`);
        }
        for (const [method, path, , headers] of asking(victim)) {
          const { status, text } = await client.send(method, path, undefined, headers);
          assert.ok(status < 500, `${method} ${path}: ${status} ${text}`);
          if (status < 300) assertNothingOf(text, `${method} ${path}`);
        }
      }
      assert.deepEqual(await state(), before);
    });

    /** Ids that the intruder said itself may come back. */
    function assertNothingNewOf(text: string, request: string): void {
      for (const [kind, id] of Object.entries(victim))
        assert.ok(request.includes(id) || !text.includes(id), `${request} tells of the victim's ${kind}: ${text}`);
    }

    function assertNothingOf(text: string, what: string): void {
      for (const [kind, id] of Object.entries(victim)) assert.ok(!text.includes(id), `${what} tells of the victim's ${kind}`);
    }

    test('a marker of another project is as wrong as one of nobody', async () => {
      for (const [method, path] of asking(victim).filter(([, path]) => path.includes('marker='))) {
        for (const client of intruders) assert.ok([400, 403].includes((await client.send(method, path)).status), path);
      }
    });
  });
}
