/** Requests that are as much work as the limits on a request allow, or try to be. */
import type { Api } from '../http.ts';
import { LBAAS } from '../octavia.ts';

export interface Nasty {
  readonly what: string;
  readonly method: string;
  /** `target`: what `prepare` made on a new balancer, or else the balancer's id. */
  readonly path: (target: string) => string;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: (target: string) => unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly prepare?: (api: Api, balancer: string) => Promise<string>;
  /** Whether the balancer is gone afterwards. */
  readonly removes?: boolean;
}

const MIB = 1_048_576;
/** What is left of a request's head for the query. */
const HEAD = 14_000;

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function post(what: string, path: string, body: (target: string) => unknown, more: Partial<Nasty> = {}): Nasty {
  return { what, method: 'POST', path: () => `${LBAAS}${path}`, body, ...more };
}

function list(what: string, path: string): Nasty {
  return { what, method: 'GET', path: () => `${LBAAS}${path}`.slice(0, HEAD) };
}

export function nastyRequests(subnet: string): Nasty[] {
  return [...texts(), ...queries(), ...lists(), ...batches(), ...trees(subnet), ...policies()];
}

/** Bodies that are large, deep or odd before anybody looks at what they say. */
function texts(): Nasty[] {
  const deep = `{"loadbalancer":{"tags":${'['.repeat(500_000)}${']'.repeat(500_000)}}}`;
  const keys = `{"loadbalancer":{${many(90_000, (index) => `"k${index}":1`).join(',')}}}`.slice(0, MIB);
  const named = `{"loadbalancer":{"name":"${'x'.repeat(MIB - 100)}"}}`;
  const twice = `{"loadbalancer":{${'"name":"a",'.repeat(90_000)}"name":"b"}}`;
  const escaped = `{"loadbalancer":{"name":"${'\\u0041'.repeat(170_000)}"}}`;
  return [
    post('a name of 1 MiB', '/loadbalancers', () => named),
    post('a million brackets', '/loadbalancers', () => deep),
    post('a million opening brackets', '/loadbalancers', () => '['.repeat(MIB)),
    post('80,000 unknown attributes', '/loadbalancers', () => keys),
    post('50,000 objects, each with a name of its own', '/loadbalancers', () => ({
      loadbalancer: { listeners: many(50_000, (index) => ({ [`k${index}`]: 1 })) },
    })),
    post('one attribute 90,000 times', '/loadbalancers', () => twice),
    post('170,000 escapes', '/loadbalancers', () => escaped),
    post('20,000 unknown headers to insert', '/listeners', (id) => ({
      listener: {
        protocol: 'HTTP',
        protocol_port: 80,
        loadbalancer_id: id,
        insert_headers: Object.fromEntries(many(20_000, (index) => [`X-${index}`, 'true'])),
      },
    })),
  ];
}

function queries(): Nasty[] {
  const names = ['name', 'id', 'created_at', 'description', 'provider'];
  const sort = many(1600, (index) => names[index % names.length]).join(',');
  return [
    list('sorted by 1,600 names', `/loadbalancers?sort=${sort}`),
    list('1,000 sort keys with 1,000 directions', `/loadbalancers?sort_key=${'name,'.repeat(1000)}id&sort_dir=${'asc,'.repeat(1000)}asc`),
    list('one filter 1,900 times', `/loadbalancers?${'name=a&'.repeat(1900)}name=b`),
    list('6,000 tags', `/loadbalancers?tags=${'a,'.repeat(6900)}`),
    list('6,000 tags, not any', `/loadbalancers?not-tags-any=${'a,'.repeat(6900)}`),
    list('6,000 fields', `/loadbalancers?fields=${'a,'.repeat(6900)}`),
    {
      what: 'an If-Match of 6,000 tags',
      method: 'PUT',
      path: (id) => `${LBAAS}/loadbalancers/${id}`,
      body: () => ({ loadbalancer: {} }),
      headers: { 'If-Match': '"a",'.repeat(3000) },
    },
  ];
}

function lists(): Nasty[] {
  return [
    post('100,000 tags', '/loadbalancers', () => ({ loadbalancer: { tags: many(100_000, (index) => `t${index}`) } })),
    post('10,000 allowed ranges', '/listeners', (id) => ({
      listener: { protocol: 'TCP', protocol_port: 80, loadbalancer_id: id, allowed_cidrs: many(10_000, cidr) },
    })),
    post('1,000 allowed ranges', '/listeners', (id) => ({
      listener: { protocol: 'TCP', protocol_port: 80, loadbalancer_id: id, allowed_cidrs: many(1000, cidr) },
    })),
    post('10,000 SNI references', '/listeners', (id) => ({
      listener: { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: id, sni_container_refs: many(10_000, String) },
    })),
  ];
}

function cidr(index: number): string {
  return `10.${index >> 8}.${index & 255}.0/24`;
}

function address(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

function members(count: number, more: object = {}): object[] {
  return many(count, (index) => ({ address: address(index + 1), protocol_port: 80, ...more }));
}

/** The most that a batch may name. */
const MOST = 5000;

async function makePool(api: Api, balancer: string): Promise<string> {
  const { pool } = await api.call<{ pool: { id: string } }>('POST', `${LBAAS}/pools`, {
    pool: { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: balancer },
  });
  return pool.id;
}

async function makeFullPool(api: Api, balancer: string, more: object = {}): Promise<string> {
  const id = await makePool(api, balancer);
  await api.call('PUT', `${LBAAS}/pools/${id}/members`, { members: members(MOST, more) });
  return id;
}

function makeTaggedPool(api: Api, balancer: string): Promise<string> {
  return makeFullPool(api, balancer, { tags: many(10, (index) => `tag${index}`) });
}

function batch(what: string, body: unknown, prepare: NonNullable<Nasty['prepare']>, headers: Readonly<Record<string, string>> = {}): Nasty {
  const text = JSON.stringify({ members: body });
  return { what, method: 'PUT', path: (pool) => `${LBAAS}/pools/${pool}/members`, body: () => text, prepare, headers };
}

function batches(): Nasty[] {
  return [
    batch('20,000 new members', members(20_000), makePool),
    batch('5,000 new members', members(MOST), makePool),
    batch('5,000 new members, dry run', members(MOST), makePool, { 'X-Weir-Dry-Run': 'true' }),
    batch('5,000 members, nothing new', members(MOST), makeFullPool),
    batch('5,000 members with another weight', members(MOST, { weight: 7 }), makeFullPool),
    batch('5,000 members gone', [], makeFullPool),
    batch('5,000 members, the last twice', [...members(MOST), members(MOST).at(-1)], makePool),
    { what: 'a list of 5,000 members', method: 'GET', path: (pool) => `${LBAAS}/pools/${pool}/members`, prepare: makeFullPool },
    ...['tags', 'tags-any', 'not-tags', 'not-tags-any'].map((filter): Nasty => ({
      what: `a list of 5,000 members by 4,000 ${filter}`,
      method: 'GET',
      path: (pool) => `${LBAAS}/pools/${pool}/members?${filter}=${many(4000, (index) => index.toString(36)).join(',')}`.slice(0, HEAD),
      prepare: makeTaggedPool,
    })),
    { what: 'a pool of 5,000 members shown', method: 'GET', path: (pool) => `${LBAAS}/pools/${pool}`, prepare: makeFullPool },
    { what: 'a pool of 5,000 members deleted', method: 'DELETE', path: (pool) => `${LBAAS}/pools/${pool}`, prepare: makeFullPool },
  ];
}

function trees(subnet: string): Nasty[] {
  const pool = (index: number, count: number): object => ({ name: `p${index}`, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: members(count) });
  const tree = (more: object): unknown => ({ loadbalancer: { vip_subnet_id: subnet, ...more } });
  const listener = (index: number): object => ({
    protocol: 'TCP',
    protocol_port: index + 1,
    default_pool: { name: `p${index}`, protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN' },
  });
  const pools = JSON.stringify(tree({ pools: many(1000, (index) => pool(index, 10)) }));
  return [
    post('a tree of 1,000 listeners, each with its pool', '/loadbalancers', () => tree({ listeners: many(1000, listener) })),
    post('a tree of 1,000 pools of ten members', '/loadbalancers', () => pools),
    post('the same, its last member wrong', '/loadbalancers', () => tree({ pools: [...many(999, (index) => pool(index, 10)), pool(0, 0)] })),
    post('a pool made with 5,000 members', '/pools', (id) => ({
      pool: { loadbalancer_id: id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: members(MOST) },
    })),
    post('a pool made with 1,000 members', '/pools', (id) => ({
      pool: { loadbalancer_id: id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: members(1000) },
    })),
    { what: 'the statuses of 200 listeners and pools of 50 members', method: 'GET', path: (id) => `${LBAAS}/loadbalancers/${id}/status`, prepare: makeWide },
    { what: 'a whole wide balancer deleted', method: 'DELETE', path: (id) => `${LBAAS}/loadbalancers/${id}?cascade=true`, prepare: makeWide, removes: true },
  ];
}

async function makeWide(api: Api, balancer: string): Promise<string> {
  for (let index = 0; index < 200; index++) {
    const { listener } = await api.call<{ listener: { id: string } }>('POST', `${LBAAS}/listeners`, {
      listener: { protocol: 'HTTP', protocol_port: index + 1, loadbalancer_id: balancer },
    });
    await api.call('POST', `${LBAAS}/pools`, { pool: { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id, members: members(50) } });
  }
  return balancer;
}

function policies(): Nasty[] {
  const rules = (count: number, value = '/a'): object[] => many(count, () => ({ type: 'PATH', compare_type: value === '/a' ? 'EQUAL_TO' : 'REGEX', value }));
  const listener = (id: string, l7policies: object[]): unknown => ({ listener: { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: id, l7policies } });
  // Each goes to the front of those before it.
  const first = many(1000, () => ({ action: 'REJECT', position: 1 }));
  return [
    post('a listener with 1,000 policies', '/listeners', (id) =>
      listener(
        id,
        many(1000, () => ({ action: 'REJECT' })),
      ),
    ),
    post('a listener with 1,000 policies, each put first', '/listeners', (id) => listener(id, first)),
    post('a listener with 200 policies of 50 rules', '/listeners', (id) =>
      listener(
        id,
        many(200, () => ({ action: 'REJECT', rules: rules(50) })),
      ),
    ),
    post('a listener with 4,000 regular expressions', '/listeners', (id) =>
      listener(
        id,
        many(80, () => ({ action: 'REJECT', rules: rules(50, `^/${'(a|b|c)?'.repeat(8)}[a-z]{1,9}$`) })),
      ),
    ),
  ];
}
