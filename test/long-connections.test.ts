/** Answers that take long outlive whatever is written meanwhile, and hold up none of it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Balancers, type Row } from './balancers.fixture.ts';
import { footprint } from './footprint.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

/** How long the web servers take, ms. */
const LONG = 4000;

let cloud: Playground;
let lbaas: Balancers;

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
});
after(() => cloud.destroy());
afterEach(async () => {
  if (cloud.serverPid === 0) await cloud.serve();
  await lbaas.clear();
});

type Whole = Awaited<ReturnType<Balancers['whole']>>;

const cases: Record<string, (whole: Whole) => Promise<unknown>> = {
  'reloads, one after the other': async ({ listener }) => {
    for (let turn = 0; turn < 8; turn++) {
      await lbaas.change(`listeners/${listener.id}`, 'listener', { timeout_client_data: 60_000 + turn });
      await lbaas.settled();
    }
  },
  'all members are deleted, one by one': async ({ pool, members }) => {
    for (const { id } of members) await lbaas.remove(`pools/${pool.id}/members/${id}`);
  },
  'all members are replaced in one batch': ({ pool }) => batch(pool, []),
  'all members are disabled': async ({ pool, members }) => {
    for (const { id } of members) await lbaas.change(`pools/${pool.id}/members/${id}`, 'member', { admin_state_up: false });
  },
  'the members are deleted and made again': async ({ pool }) => {
    await batch(pool, []);
    await batch(pool, ['192.168.1.10', '192.168.1.11']);
    await lbaas.settled();
    await batch(pool, []);
    await lbaas.settled();
    await batch(pool, ['192.168.1.11', '192.168.1.10']);
  },
  'the pool is deleted': ({ pool }) => lbaas.remove(`pools/${pool.id}`),
  'the listener is deleted': ({ listener, balancer }) =>
    lbaas
      .make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 81, loadbalancer_id: balancer.id })
      .then(() => lbaas.remove(`listeners/${listener.id}`)),
  'the server dies and comes back': async () => {
    await cloud.end('SIGKILL');
    await cloud.serve();
  },
};

async function batch(pool: Row, addresses: readonly string[]): Promise<void> {
  await lbaas.api.request('PUT', `/load-balancer/v2.0/lbaas/pools/${pool.id}/members`, {
    members: addresses.map((address) => ({ address, protocol_port: 80 })),
  });
}

for (const [what, work] of Object.entries(cases)) {
  test(what, async () => {
    const whole = await lbaas.whole();
    let open = true;
    const answers = Promise.all([1, 2, 3, 4].map(() => cloud.ask(whole.balancer.vip_address, `/slow?ms=${LONG}`, 20))).finally(() => (open = false));
    const [who] = await Promise.all([
      answers,
      meanwhile(
        () => open,
        () => work(whole),
      ),
    ]);
    assert.deepEqual(new Set(who), new Set(['web1', 'web2']));
    await lbaas.settled();
    await until('one worker is left', async () => Object.values((await footprint(cloud)).workers).every((pids) => pids.length === 1));
  });
}

/** Once the requests have reached the members; everything must be ACTIVE before the first of them is answered. */
async function meanwhile(open: () => boolean, work: () => Promise<unknown>): Promise<void> {
  await pause(500);
  await work();
  await lbaas.settled();
  assert.ok(open(), 'the writes waited for the answers');
}
