/** What every driver must keep, said once and run over each. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import { EMPTY_NODE, type NodeConfig, type ProxyConfig, type Server } from '../model/node-config.ts';
import type { Plan } from '../model/plan.ts';
import { renderFlowSync } from '../render/conntrackd/compile.ts';
import type { NodeDriver } from './node.ts';
import {
  BACKEND,
  certificateOf,
  comparable,
  configOf,
  creationOf,
  LISTENER,
  linkOf,
  MONITOR,
  OTHER_NETWORK,
  OWN,
  packetsOf,
  PEER,
  POOL,
  proxyOf,
  pairedOf,
  ROUTES,
  vrrpOf,
  tlsListener,
} from './sample-node.fixture.ts';

export interface Subject {
  readonly driver: NodeDriver;
  /** Removes all that the driver made, also when a test failed. */
  cleanUp(): Promise<void>;
}

const TWO = [
  { id: 'one', address: '198.51.100.21' },
  { id: 'two', address: '198.51.100.22' },
];

export function contract(name: string, makeSubject: () => Promise<Subject>): void {
  suite(`driver contract: ${name}`, () => {
    let subject: Subject;
    let driver: NodeDriver;
    let id: string;

    before(async () => {
      subject = await makeSubject();
      driver = subject.driver;
      await driver.start();
    });
    beforeEach(() => {
      id = randomUUID();
    });
    afterEach(() => driver.remove(id));
    after(async () => {
      await driver.stop();
      await subject.cleanUp();
    });

    const assertPresent = async (wanted: NodeConfig): Promise<void> => assert.deepEqual(comparable(await driver.present(id)), comparable(wanted));
    const make = async (config: NodeConfig): Promise<NodeConfig> => {
      await driver.apply(id, creationOf(config));
      return config;
    };
    /** Applies twice: what was done already must not be disturbed. */
    const assertLeadsTo = async (plan: Plan, wanted: NodeConfig): Promise<void> => {
      await driver.apply(id, plan);
      await assertPresent(wanted);
      await driver.apply(id, plan);
      await assertPresent(wanted);
    };

    test('where there is nothing, nothing is told and nothing can be removed', async () => {
      assert.equal(await driver.present(id), null);
      assert.equal(await driver.read(id), null);
      assert.equal((await driver.list()).includes(id), false);
      await driver.remove(id);
    });

    test('a node is present as it was applied, and again when the plan is applied again', async () => {
      const wanted = configOf(proxyOf({ members: TWO, monitor: MONITOR }));
      await assertLeadsTo(creationOf(wanted), wanted);
      assert.ok((await driver.list()).includes(id));
    });

    test('a node without proxy and a proxy without members', async () => {
      const bare = await make(configOf(null));
      await assertPresent(bare);
      assert.equal(await driver.read(id), null);
      const proxy = proxyOf({ members: [] });
      await assertLeadsTo([{ kind: 'start-proxy', cost: 'restart', proxy }], { ...bare, proxy });
    });

    test('a plan cut off after any step is completed by applying it whole', async () => {
      const wanted = configOf(proxyOf({ members: TWO }));
      const plan = creationOf(wanted);
      for (let done = 0; done <= plan.length; done++) {
        await driver.apply(id, plan.slice(0, done));
        await driver.apply(id, plan);
        await assertPresent(wanted);
        await driver.remove(id);
      }
    });

    test('links: added, changed, deleted', async () => {
      const { routes, proxy, links } = await make(configOf(null));
      const [present = linkOf()] = links;
      const second = linkOf({ name: 'eth1', networkId: OTHER_NETWORK, mac: '02:00:cb:00:71:05', addresses: ['203.0.113.5/24'], neighbours: [] });
      await assertLeadsTo([{ kind: 'add-link', cost: 'runtime', link: second }], { ...EMPTY_NODE, links: [present, second], routes, proxy });
      const changed = linkOf({
        mtu: 1400,
        mac: '02:00:c6:33:64:07',
        addresses: ['198.51.100.7/24', '198.51.100.8/24', '2001:db8::7/64'],
        neighbours: [{ address: '198.51.100.30', mac: '02:00:00:00:00:30' }],
      });
      await assertLeadsTo([{ kind: 'change-link', cost: 'runtime', link: changed, present }], { ...EMPTY_NODE, links: [changed, second], routes, proxy });
      await assertLeadsTo([{ kind: 'delete-link', cost: 'runtime', name: 'eth1' }], { ...EMPTY_NODE, links: [changed], routes, proxy });
    });

    test('a link moves to another network', async () => {
      const { routes, proxy } = await make(configOf(null));
      const link = linkOf({ networkId: OTHER_NETWORK });
      const plan: Plan = [
        { kind: 'delete-link', cost: 'runtime', name: 'eth0' },
        { kind: 'add-link', cost: 'runtime', link },
        { kind: 'set-routes', cost: 'runtime', routes, present: [] },
      ];
      await assertLeadsTo(plan, { ...EMPTY_NODE, links: [link], routes, proxy });
    });

    test('routes: replaced, removed', async () => {
      const { links, proxy } = await make(configOf(null));
      const changed = [{ to: 'default', via: '198.51.100.9' }];
      await assertLeadsTo([{ kind: 'set-routes', cost: 'runtime', routes: changed, present: ROUTES }], { ...EMPTY_NODE, links, routes: changed, proxy });
      const throughLink = [...changed, { to: 'default', via: 'fe80::1', link: 'eth0' }];
      await assertLeadsTo([{ kind: 'set-routes', cost: 'runtime', routes: throughLink, present: changed }], {
        ...EMPTY_NODE,
        links,
        routes: throughLink,
        proxy,
      });
      await assertLeadsTo([{ kind: 'set-routes', cost: 'runtime', routes: [], present: throughLink }], { ...EMPTY_NODE, links, routes: [], proxy });
    });

    /** Writes the file and carries `steps` out, as a change of members does. */
    const changeMembers = (proxy: ProxyConfig, steps: Plan): Plan => [{ kind: 'write-config', cost: 'runtime', proxy }, ...steps];
    const serverIn = (proxy: ProxyConfig, name: string): Server => proxy.servers.find((server) => server.name === name) ?? assert.fail(`no server ${name}`);

    test('members: added, changed, deleted', async () => {
      const before = proxyOf({ members: TWO, monitor: MONITOR });
      const config = await make(configOf(before));
      const three = proxyOf({
        members: [...TWO, { id: 'three', address: '2001:db8::23', port: 81, weight: 7, backup: true, monitorAddress: '198.51.100.99', monitorPort: 99 }],
        monitor: MONITOR,
      });
      await assertLeadsTo(changeMembers(three, [{ kind: 'add-server', cost: 'runtime', server: serverIn(three, 'three') }]), { ...config, proxy: three });
      const changes = [
        { id: 'one', address: '198.51.100.31', port: 82, weight: 0 },
        { id: 'two', address: '198.51.100.22', enabled: false, backup: true },
        { id: 'three', address: '2001:db8::23', port: 81, weight: 7 },
      ];
      const changed = proxyOf({ members: changes, monitor: MONITOR });
      const steps = changed.servers.map((server) => ({ kind: 'change-server', cost: 'runtime', server, present: serverIn(three, server.name) }) as const);
      await assertLeadsTo(changeMembers(changed, steps), { ...config, proxy: changed });
      const none = proxyOf({ members: [], monitor: MONITOR });
      const deletions = changed.servers.map(({ backend, name: server }) => ({ kind: 'delete-server', cost: 'runtime', backend, name: server }) as const);
      await assertLeadsTo(changeMembers(none, deletions), { ...config, proxy: none });
    });

    test('members without a check, switched off and on', async () => {
      const off = proxyOf({ members: [{ id: 'one', enabled: false }] });
      const on = proxyOf({ members: [{ id: 'one' }] });
      const config = await make(configOf(off));
      await assertPresent(config);
      await assertLeadsTo(changeMembers(on, [{ kind: 'change-server', cost: 'runtime', server: serverIn(on, 'one'), present: serverIn(off, 'one') }]), {
        ...config,
        proxy: on,
      });
    });

    test('a reload brings a new structure; a stop ends the proxy', async () => {
      const config = await make(configOf(proxyOf({ members: TWO })));
      const proxy = proxyOf({ members: TWO, listeners: [{}, { id: 'listener-2', port: 8080 }] });
      await assertLeadsTo([{ kind: 'reload-proxy', cost: 'reload', proxy }], { ...config, proxy });
      await assertLeadsTo([{ kind: 'stop-proxy', cost: 'restart' }], { ...config, proxy: null });
      await assertLeadsTo([{ kind: 'start-proxy', cost: 'restart', proxy }], { ...config, proxy });
    });

    test('files come with the configuration that names them, and go with it', async () => {
      const metrics = { id: 'metrics', protocol: 'PROMETHEUS', port: 9100, defaultPool: null } as const;
      const proxy = proxyOf({ members: TWO, listeners: [{}, metrics], monitor: { ...MONITOR, type: 'PING', http: null } });
      assert.equal(proxy.files.length, 2);
      const config = await make(configOf(proxy));
      await assertPresent(config);
      const plain = proxyOf({ members: TWO });
      await assertLeadsTo([{ kind: 'reload-proxy', cost: 'reload', proxy: plain }], { ...config, proxy: plain });
      await assertLeadsTo([{ kind: 'reload-proxy', cost: 'reload', proxy }], config);
    });

    test('certificates: present as applied, brought back by writing, replaced by a reload', async () => {
      const before = proxyOf({ members: TWO, listeners: [tlsListener(certificateOf('site'))] });
      const config = await make(configOf(before));
      await assertPresent(config);
      await assertLeadsTo([{ kind: 'write-config', cost: 'runtime', proxy: before }], config);
      const proxy = proxyOf({ members: TWO, listeners: [tlsListener(certificateOf('other'), certificateOf('site'))] });
      await assertLeadsTo([{ kind: 'reload-proxy', cost: 'reload', proxy }], { ...config, proxy });
      const plain = proxyOf({ members: TWO });
      await assertLeadsTo([{ kind: 'reload-proxy', cost: 'reload', proxy: plain }], { ...config, proxy: plain });
    });

    test('a reload takes the wanted weights and states, not those set at runtime', async () => {
      const config = await make(configOf(proxyOf({ members: TWO })));
      const proxy = proxyOf({
        members: [
          { ...TWO[0], weight: 9 },
          { ...TWO[1], enabled: false },
        ],
      });
      await driver.apply(
        id,
        proxy.servers.map((server) => ({ kind: 'change-server', cost: 'runtime', server, present: server })),
      );
      const again = proxyOf({ members: TWO });
      await assertLeadsTo([{ kind: 'reload-proxy', cost: 'reload', proxy: again }], { ...config, proxy: again });
    });

    test('packets: set, changed, deleted; with a proxy and without', async () => {
      const config = await make(configOf(null));
      const one = packetsOf([{ id: 'one', address: '198.51.100.21' }]);
      const two = packetsOf(TWO);
      await assertLeadsTo([{ kind: 'set-packets', cost: 'runtime', packets: one }], { ...config, packets: one });
      await assertLeadsTo([{ kind: 'set-packets', cost: 'runtime', packets: two }], { ...config, packets: two });
      assert.deepEqual(
        (await driver.present(id))?.packets?.services.map(({ listener }) => listener),
        [LISTENER],
      );
      await assertLeadsTo([{ kind: 'delete-packets', cost: 'runtime' }], config);
    });

    test('what the runtime cannot do without a proxy is refused', async () => {
      await make(configOf(null));
      const proxy = proxyOf({ members: TWO });
      await assert.rejects(driver.apply(id, [{ kind: 'reload-proxy', cost: 'reload', proxy }]), { name: 'NodeError' });
      await assert.rejects(driver.apply(id, [{ kind: 'add-server', cost: 'runtime', server: serverIn(proxy, 'one') }]), { name: 'NodeError' });
    });

    test('a node of a pair: present as it was applied; keepalived reloaded, stopped, started', async () => {
      const config = pairedOf(proxyOf({ members: TWO }));
      await assertLeadsTo(creationOf(config), config);
      const vrrp = vrrpOf({ peer: '198.51.100.8' });
      await assertLeadsTo([{ kind: 'reload-vrrp', cost: 'runtime', vrrp }], { ...config, vrrp });
      await assertLeadsTo([{ kind: 'stop-vrrp', cost: 'restart' }], { ...config, vrrp: null });
      await assert.rejects(driver.apply(id, [{ kind: 'reload-vrrp', cost: 'runtime', vrrp }]), { name: 'NodeError' });
      await assertLeadsTo([{ kind: 'start-vrrp', cost: 'restart', vrrp }], { ...config, vrrp });
      await assertLeadsTo([{ kind: 'stop-proxy', cost: 'restart' }], { ...config, vrrp, proxy: null });
    });

    test('a node that tells its peer of flows: present as it was applied; told another peer, stopped', async () => {
      const flowSync = renderFlowSync({ own: OWN, peer: PEER });
      const config = { ...pairedOf(null), flowSync };
      await assertLeadsTo(creationOf(config), config);
      const other = renderFlowSync({ own: OWN, peer: '198.51.100.8' });
      await assertLeadsTo([{ kind: 'start-flow-sync', cost: 'runtime', flowSync: other }], { ...config, flowSync: other });
      await assertLeadsTo([{ kind: 'stop-flow-sync', cost: 'runtime' }], { ...config, flowSync: null });
    });

    test('a plan of a pair cut off after any step is completed by applying it whole', async () => {
      const wanted = pairedOf(proxyOf({ members: TWO }));
      const plan = creationOf(wanted);
      for (let done = 0; done < plan.length; done++) {
        await driver.apply(id, plan.slice(0, done));
        await driver.apply(id, plan);
        await assertPresent(wanted);
        await driver.remove(id);
      }
    });

    test('a reading names listeners, pools and members', async () => {
      await make(configOf(proxyOf({ members: [...TWO, { id: 'drained', weight: 0 }, { id: 'off', enabled: false }] })));
      const reading = (await driver.read(id)) ?? assert.fail('no reading');
      assert.deepEqual(
        reading.listeners.map(({ id: listener, state }) => [listener, state]),
        [[LISTENER, 'open']],
      );
      assert.deepEqual(
        reading.listeners[0]?.counters.map(({ totalConnections, bytesIn, bytesOut }) => [totalConnections, bytesIn, bytesOut]),
        [[0, 0, 0]],
      );
      assert.deepEqual(reading.pools, [{ id: POOL, state: 'up' }]);
      assert.deepEqual(
        reading.members.map(({ id: member, poolId, state }) => `${poolId}/${member} ${state}`).toSorted(),
        ['drained drain', 'off maint', 'one unchecked', 'two unchecked'].map((words) => `${POOL}/${words}`),
      );
    });

    test('removing leaves nothing, and can be done again', async () => {
      await make(configOf(proxyOf({ members: TWO })));
      await driver.remove(id);
      assert.equal(await driver.present(id), null);
      assert.equal(await driver.read(id), null);
      assert.equal((await driver.list()).includes(id), false);
      await driver.remove(id);
    });

    test('a node can be made anew under the same id', async () => {
      const config = await make(configOf(proxyOf({ members: TWO })));
      await driver.remove(id);
      await assertLeadsTo(creationOf(config), config);
    });

    test('many nodes at once', async () => {
      const ids = Array.from({ length: 6 }, () => randomUUID());
      const config = configOf(proxyOf({ members: TWO }));
      try {
        await Promise.all(ids.map((other) => driver.apply(other, creationOf(config))));
        for (const other of ids) assert.deepEqual(comparable(await driver.present(other)), comparable(config));
      } finally {
        await Promise.all(ids.map((other) => driver.remove(other)));
      }
    });

    test(`names of backends are <pool>:<listener>`, () => {
      assert.deepEqual(
        proxyOf({ members: [{ id: 'one' }] }).servers.map(({ backend }) => backend),
        [BACKEND],
      );
    });
  });
}
