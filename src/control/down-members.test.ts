import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberReading, Reading } from '../model/reading.ts';
import type { Topology } from '../model/topology.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from '../render/haproxy/topology.fixture.ts';
import { downMembers } from './down-members.ts';

class Telling extends NoopNodes {
  override readonly pretends = false;
  readonly told: Partial<Reading> | null;

  constructor(told: Partial<Reading> | null) {
    super();
    this.told = told;
  }

  override async read(): Promise<Reading | null> {
    return Promise.resolve(this.told && { listeners: [], pools: [], members: [], ...this.told });
  }
}

const POOL = poolOf({ protocol: 'UDP', members: [memberOf({ id: 'a' }), memberOf({ id: 'b' })], monitor: monitorOf({ type: 'UDP-CONNECT', http: null }) });
const DATAGRAMS = topologyOf({ listeners: [listenerOf({ protocol: 'UDP' })], pools: [POOL] });
const member = (id: string, state: MemberReading['state']): MemberReading => ({ id, poolId: 'pool-1', state, reason: '' });
const LEFT_OUT = [{ id: 'b', poolId: 'pool-1' }];

async function down(told: Partial<Reading> | null, topology: Topology = DATAGRAMS): Promise<string[]> {
  return [...(await downMembers(new Telling(told), topology, 'node'))];
}

test('who is dead is what checks say', async () => {
  assert.deepEqual(await down({ members: [member('a', 'up'), member('b', 'down')] }), ['pool-1/b']);
  assert.deepEqual(await down({ members: [member('a', 'up'), member('b', 'up')], leftOut: LEFT_OUT }), []);
  assert.deepEqual(await down(null), []);
});

test('where no check tells, who was dead stays so: the proxy is gone, or has just begun', async () => {
  assert.deepEqual(await down({ leftOut: LEFT_OUT }), ['pool-1/b']);
  assert.deepEqual(await down({ members: [member('a', 'unknown'), member('b', 'unknown')], leftOut: LEFT_OUT }), ['pool-1/b']);
});

test('nobody is dead in a pool that nobody is to check any more, or that the kernel does not carry', async () => {
  const unmonitored = { ...DATAGRAMS, pools: [{ ...POOL, monitor: null }] };
  assert.deepEqual(await down({ members: [member('b', 'down')], leftOut: LEFT_OUT }, unmonitored), []);
  assert.deepEqual(await down({ members: [member('b', 'down')] }, topologyOf()), []);
});
