import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NodeConfig } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import { NoopNodes } from '../noop/noop-nodes.ts';
import { MONITOR, configOf, creationOf, packetsOf, proxyOf } from '../sample-node.fixture.ts';
import { answerFrom } from './serve-nodes.ts';
import { ShapeError } from './shape.ts';
import { configMessage, planMessage, readConfig, readPlan, readWholeConfig, wholeConfigMessage } from './wire.ts';

const KEY = '-----BEGIN PRIVATE KEY-----very secret';
const FILE = { path: 'tls/0123.pem', content: new Sealed(KEY) };

function sample(): NodeConfig {
  const members = [
    { id: 'one', address: '198.51.100.21' },
    { id: 'two', address: '2001:db8::1' },
  ];
  const proxy = { ...proxyOf({ members, monitor: MONITOR }), files: [FILE, { path: 'checks/ping', content: new Sealed('#!/bin/sh'), program: true }] };
  return { ...configOf(proxy), packets: packetsOf([{ id: 'three', address: '198.51.100.23' }]), vrrp: { text: 'vrrp_instance vip {\n}\n' } };
}

function crossed(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}

test('a config comes back as it is, with no more of its files than their digests', () => {
  const config = sample();
  const message = JSON.stringify(configMessage(config));
  assert.ok(!message.includes('very secret'));
  const read = readConfig(JSON.parse(message), 'it');
  assert.deepEqual(crossed(read), crossed(config));
  assert.throws(() => read.proxy?.files[0]?.content.open(), /only the digest/);
  assert.equal(configMessage(null), null);
});

test('a plan and a kept config have what is in their files', () => {
  const config = sample();
  const plan = creationOf(config);
  const read = readPlan(crossed(planMessage(plan)), 'it');
  assert.deepEqual(crossed(read), crossed(plan));
  const start = read.find(({ kind }) => kind === 'start-proxy');
  assert.equal(start?.kind === 'start-proxy' && start.proxy.files[0]?.content.open(), KEY);
  const kept = readWholeConfig(crossed(wholeConfigMessage(config)), 'it');
  assert.equal(kept.proxy?.files[0]?.content.open(), KEY);
  assert.deepEqual(crossed(kept), crossed(config));
});

/** Where in a plan something else is put; a step is named by its kind. */
const SPOILT: readonly [what: string, path: readonly (string | number)[], value: unknown][] = [
  ['a link that is none of a node', ['add-link', 'link', 'name'], 'eth0; reboot'],
  ['a line end in an address', ['add-link', 'link', 'addresses'], ['192.0.2.1/24\nlink delete lo']],
  ['a MAC that is none', ['add-link', 'link', 'mac'], '02:00'],
  ['a path out of the directory', ['start-proxy', 'proxy', 'files', 0, 'path'], '../../etc/passwd'],
  ['an absolute path', ['start-proxy', 'proxy', 'files', 0, 'path'], '/etc/passwd'],
  ['a line end in a server’s keywords', ['start-proxy', 'proxy', 'servers', 0, 'keywords'], 'check\nset maxconn global 1'],
  ['a server’s name that is a command', ['start-proxy', 'proxy', 'servers', 0, 'name'], 'a;quit'],
  ['a step that nobody knows', ['create-node', 'kind'], 'format-disk'],
  ['a step by the name of an object’s inheritance', ['create-node', 'kind'], 'constructor'],
  ['a cost that nobody knows', ['create-node', 'cost'], 'free'],
];

type Tree = { [name: string | number]: Tree };

function spoiltPlan([kind, ...path]: readonly (string | number)[], value: unknown): unknown {
  const plan = crossed(planMessage(creationOf(sample()))) as Tree[];
  let at = plan.find((step) => (step as unknown as { kind: string }).kind === kind) as Tree;
  for (const name of path.slice(0, -1)) at = at[name] as Tree;
  at[path.at(-1) ?? ''] = value as Tree;
  return plan;
}

test('what is not as agreed is refused, and nothing is done', async () => {
  const driver = new NoopNodes();
  for (const [what, path, value] of SPOILT) {
    const id = randomUUID();
    await assert.rejects(answerFrom(driver, 'apply', { id, plan: spoiltPlan(path, value) }), { message: /^not understood: / }, what);
    assert.equal(await driver.present(id), null, what);
  }
  await assert.rejects(answerFrom(driver, 'apply', { id: randomUUID(), plan: 'x' }), /not understood/);
  await assert.rejects(answerFrom(driver, 'apply', { id: '../..', plan: [] }), /not understood: the order.id/);
  for (const question of ['constructor', 'start', 'stop', '__proto__', ''])
    await assert.rejects(answerFrom(driver, question, { id: randomUUID() }), /does not know/);
});

test('a link that a hand made can be told of, and removed', () => {
  const config = sample();
  const [link] = config.links;
  const found = { ...config, links: [...config.links, { ...link, name: 'dummy0' }] };
  assert.equal(readConfig(crossed(configMessage(found as NodeConfig)), 'it').links[1]?.name, 'dummy0');
  assert.equal(readPlan([{ kind: 'delete-link', cost: 'runtime', name: 'dummy0' }], 'it').length, 1);
  for (const name of ['lo', '..', 'a b', 'a/b', 'x'.repeat(16), ''])
    assert.throws(() => readPlan([{ kind: 'delete-link', cost: 'runtime', name }], 'it'), ShapeError, name);
});

test('no refusal repeats what came', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), (secret) => {
      fc.pre(!'the plan is not a list as it should be object one of'.includes(secret));
      try {
        readPlan([{ kind: 'start-proxy', cost: 'restart', proxy: { text: 1, files: secret } }], 'the plan');
      } catch (error) {
        assert.ok(error instanceof ShapeError && !error.message.includes(secret));
      }
    }),
  );
});

test('whatever comes, it is read or refused', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const read of [readPlan, readConfig, readWholeConfig]) {
        try {
          read(value, 'it');
        } catch (error) {
          assert.ok(error instanceof ShapeError, String(error));
        }
      }
    }),
  );
});
