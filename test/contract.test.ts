/**
 * The contract, from the declarations: requests made from the schemas of the OpenAPI document go to a whole server, whose
 * every answer must be one that the document promises, and whose rows must be whole afterwards.
 */
import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Operation, operations } from './contract-document.fixture.ts';
import { assertInvariants, assertQuotaCounts } from './contract-invariants.fixture.ts';
import { answerProblems } from './contract-schema.fixture.ts';
import { type Spoilt, spoilt, valid } from './contract-values.fixture.ts';
import { type Answer, type Order, World } from './contract-world.fixture.ts';

const ALL = operations();
/** Random where the runner names none (TEST_SEED), and printed. */
const SEED = fc.readConfigureGlobal().seed ?? Math.floor(Math.random() * 2 ** 31);

/** The error tells which request it was; all that was generated would hide it. */
const QUIET: fc.Parameters<unknown> = {
  seed: SEED,
  endOnFailure: true,
  reporter: ({ failed, errorInstance }) => {
    if (failed) throw errorInstance as Error;
  },
};

/** How often each is asked for: what is made must outnumber what is taken away. */
const WEIGHT = { GET: 1, POST: 4, PUT: 2, DELETE: 1 } as const;
/** What the schema cannot say, and is refused in the words of the type layer all the same. */
const BEYOND_SCHEMAS = ['allowed_cidrs', 'redirect_pool', 'default_pool', 'ip_address'];
/** A batch may find nothing to do, an amphora may be on its way out already, and being compared changes nothing. */
const MAY_CHANGE_NOTHING = ['replaceMember', 'failOverAmphora', 'configureAmphora'];
/** Only an amphora that carries nothing may be deleted, and the no-op provider has none. */
const NEVER = ['deleteAmphora'];

const headers = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constant({ 'x-weir-dry-run': 'true' }) },
  { weight: 1, arbitrary: fc.constantFrom({ 'if-match': '*' }, { 'if-match': 'W/"nothing"' }) },
);
const query = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  fc.constantFrom('fields=id', 'limit=2', 'cascade=true', 'additive_only=true', 'sort=id:desc', 'tags=a'),
);

function orderOf(operation: Operation): fc.Arbitrary<Order> {
  return fc.record({
    operation: fc.constant(operation),
    at: fc.nat(100_000),
    body: operation.body ? valid(operation.body) : fc.constant(undefined),
    query: operation.method === 'POST' ? fc.constant('') : query,
    headers: operation.method === 'GET' ? fc.constant({}) : headers,
  });
}

const anyOrder = fc.oneof(...ALL.map((operation) => ({ weight: WEIGHT[operation.method], arbitrary: orderOf(operation) })));

/** The answer is one of those the document has for the operation, body and all. */
function assertDocumented({ operation, query: asked }: Order, { status, body, sent }: Answer): void {
  const schema = operation.answers.get(status);
  assert.notEqual(schema, undefined, `${operation.id} answered ${status}, which is not documented: ${sent}\n${JSON.stringify(body)}`);
  assert.ok(status < 500 || status === 501, `${status}: ${sent}\n${JSON.stringify(body)}`);
  if (!schema) return assert.equal(body, null, `${operation.id} ${status} has a body: ${JSON.stringify(body)}`);
  assert.deepEqual(answerProblems(schema, body, asked.includes('fields')), [], `${operation.id} ${status}: ${sent}\n${JSON.stringify(body)}`);
}

/** What is changed leaves a trace, and nothing else does. */
async function assertTraces(world: World, { operation, headers: given }: Order, { status, requestId, sent, body }: Answer): Promise<void> {
  const traces = await world.traces(requestId);
  const changed = operation.method !== 'GET' && status < 300 && !('x-weir-dry-run' in given);
  if (!changed) return assert.equal(traces, 0, `${status} left a trace: ${sent}`);
  if (!MAY_CHANGE_NOTHING.includes(operation.id)) assert.ok(traces > 0, `${status} left no trace: ${sent}\n${JSON.stringify(body)}`);
}

/** A body that its schema allows is not refused in the words of the type layer. */
function assertSchemaKept({ status, body, sent }: Answer): void {
  const words = JSON.stringify(body);
  if (status !== 400 || BEYOND_SCHEMAS.some((name) => new RegExp(`attribute ${name}\\.`).test(words))) return;
  assert.doesNotMatch(words, /Invalid input for field|Unknown attribute|Unknown argument|Missing argument/, sent);
}

/** The most that is kept from one run to the next: invariants are asked of all rows. */
const KEPT = 12;

async function clearAway(world: World): Promise<void> {
  const ids = await world.ids('loadbalancer');
  for (const id of ids.slice(0, Math.max(0, ids.length - KEPT))) await world.api.send('DELETE', `/loadbalancers/${id}?cascade=true`);
}

const succeeded = new Map<string, number>();

async function runOf(world: World, orders: readonly Order[]): Promise<void> {
  if ((await world.ids('l7policy')).length < 2) await seeds(world);
  for (const order of orders) {
    const answer = await world.send(order);
    assertDocumented(order, answer);
    assertSchemaKept(answer);
    await assertTraces(world, order, answer);
    if (answer.status < 300) succeeded.set(order.operation.id, (succeeded.get(order.operation.id) ?? 0) + 1);
  }
  await clearAway(world);
  await assertInvariants(world);
}

const RULE = { type: 'PATH', compare_type: 'STARTS_WITH', value: '/a' };
const MONITOR = { type: 'TCP', delay: 5, timeout: 5, max_retries: 3 };
const MEMBERS = [{ address: '192.0.2.10', protocol_port: 80 }];
const TREE = {
  pools: [{ name: 'udp', protocol: 'UDP', lb_algorithm: 'SOURCE_IP' }],
  listeners: [
    {
      protocol: 'HTTP',
      protocol_port: 80,
      default_pool: { name: 'http', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: MEMBERS, healthmonitor: MONITOR },
      l7policies: [
        { action: 'REJECT', rules: [RULE] },
        { action: 'REDIRECT_TO_POOL', redirect_pool: { name: 'http' }, rules: [RULE, RULE] },
      ],
    },
    { protocol: 'UDP', protocol_port: 80, default_pool: { name: 'udp' } },
    { protocol: 'TERMINATED_HTTPS', protocol_port: 443, default_tls_container_ref: 'a' },
  ],
};

/** Something of everything, to be asked for, changed and taken away. */
async function seeds({ api }: World): Promise<void> {
  // A quota that an order has set may leave no room for it.
  await api.send('DELETE', `/quotas/${api.projects.get('admin') ?? ''}`);
  await api.make('/flavorprofiles', 'flavorprofile', { name: 'plain', provider_name: 'noop', flavor_data: '{}' });
  await api.make('/availabilityzoneprofiles', 'availability_zone_profile', { name: 'plain', provider_name: 'noop', availability_zone_data: '{}' });
  await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId, provider: 'noop', ...TREE });
}

async function explore(t: TestContext, network: 'embedded' | 'unchecked', numRuns: number): Promise<World> {
  t.diagnostic(`TEST_SEED=${SEED}`);
  const world = await World.open(t, { network });
  if (network === 'unchecked') await world.forgetNetworks();
  const property = fc.asyncProperty(fc.array(anyOrder, { minLength: 20, maxLength: 30 }), async (orders) => runOf(world, orders));
  // What is there decides what an order means, so that a shorter run is another run.
  await fc.assert(property, { ...QUIET, numRuns });
  return world;
}

describe('requests that the schemas allow', () => {
  test('are answered as the document says, and leave whole trees', async (t) => {
    const world = await explore(t, 'embedded', 100);
    await assertQuotaCounts(world, world.api.projects.get('admin') ?? '');
  });

  test('the same where networks are taken at their word', async (t) => {
    await explore(t, 'unchecked', 100);
  });

  test('and no operation went untried', () => {
    const never = ALL.map(({ id }) => id).filter((id) => !succeeded.has(id) && !NEVER.includes(id));
    assert.deepEqual(never, []);
  });
});

const creation = (id: string): Operation => ALL.find((one) => one.id === id) ?? assert.fail(id);

/** A batch is spoilt by one of its members. */
function wrongFor({ id, body }: Operation): fc.Arbitrary<Spoilt> {
  if (id !== 'replaceMember') return spoilt(body ?? {});
  return spoilt(creation('createMember').body ?? {}).map(({ body: one, field }) => ({ body: { members: [Object.values(one as object)[0]] }, field }));
}

describe('requests that the schemas do not allow', () => {
  for (const operation of ALL.filter(({ body }) => body !== null)) {
    test(`${operation.id}: 400 that names the attribute, and nothing changed`, async (t) => {
      t.diagnostic(`TEST_SEED=${SEED}`);
      const world = await World.open(t, {});
      await seeds(world);
      const property = fc.asyncProperty(wrongFor(operation), fc.nat(1000), async ({ body, field }, at) => {
        const answer = await world.send({ operation, at: at * 10, body, query: '', headers: {} });
        assert.equal(answer.status, 400, `${answer.sent}\n${JSON.stringify(answer.body)}`);
        assert.deepEqual(Object.keys(answer.body as object), ['faultcode', 'faultstring', 'debuginfo']);
        const { faultcode, faultstring } = answer.body as { faultcode: string; faultstring: string };
        assert.equal(faultcode, 'Client');
        assert.ok(faultstring.includes(field), `${faultstring} does not name ${field}: ${answer.sent}`);
        assert.equal(await world.traces(answer.requestId), 0);
      });
      await fc.assert(property, { ...QUIET, numRuns: 100 });
    });
  }
});
