import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Amphora } from '../model/amphora.ts';
import { NodeError, NotYetError } from '../nodes/node.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import type { PlacedNode } from './place.ts';
import { eachInTurn, inTurn, oneOwner, partingOf, sparedOf, standingsOf } from './turns.ts';

const row = (id: string, role: Amphora['role'], status: Amphora['status'] = 'ALLOCATED'): Amphora => ({ id, role, status }) as Amphora;
const node = (id: string): PlacedNode => ({ amphora: row(id, 'MASTER'), legs: [], pair: null });
const A = row('a', 'MASTER');
const B = row('b', 'BACKUP');
const gone = (amphora: Amphora): Amphora => ({ ...amphora, status: 'PENDING_DELETE' });

const VIP = '192.0.2.5';

test('the standby comes first, then the active one, then what is not there yet', () => {
  const standings = new Map([
    ['active', true],
    ['standby', false],
  ]);
  assert.deepEqual(
    inTurn([node('new'), node('active'), node('standby')], standings).map(({ amphora }) => amphora.id),
    ['standby', 'active', 'new'],
  );
});

test('one after the other; who fails does not keep from it who is there, but who is not there yet', async () => {
  const worked = async (failing: string[], standings: [string, boolean | null][]): Promise<string[]> => {
    const seen: string[] = [];
    const work = async ({ amphora: { id } }: PlacedNode): Promise<void> => {
      seen.push(id);
      await Promise.resolve();
      if (failing.includes(id)) throw new Error(id);
      seen.push(`${id} done`);
    };
    const nodes = standings.map(([id]) => node(id));
    await eachInTurn(nodes, new Map(standings), work).catch((error: Error) => seen.push(`failed: ${error.message}`));
    return seen;
  };
  const active: [string, boolean] = ['active', true];
  const standby: [string, boolean] = ['standby', false];
  const absent: [string, null] = ['absent', null];
  assert.deepEqual(await worked([], [active, standby]), ['standby', 'standby done', 'active', 'active done']);
  assert.deepEqual(await worked(['standby'], [active, standby]), ['standby', 'active', 'active done', 'failed: standby']);
  assert.deepEqual(await worked(['standby', 'active'], [active, standby]), ['standby', 'active', 'failed: standby']);
  assert.deepEqual(await worked(['standby'], [standby, absent]), ['standby', 'failed: standby']);
  assert.deepEqual(await worked(['active'], [active, absent]), ['active', 'failed: active']);
  assert.deepEqual(await worked(['absent'], [absent, active]), ['active', 'active done', 'absent', 'failed: absent']);
});

test('one that has to wait keeps nobody from it, and is told after what failed', async () => {
  const absent = new Map([['standby', false]]);
  const seen: string[] = [];
  const work =
    (failing: string | null) =>
    async ({ amphora: { id } }: PlacedNode): Promise<void> => {
      await Promise.resolve();
      seen.push(id);
      if (id === 'standby') throw new NotYetError('not yet', 5);
      if (id === failing) throw new NodeError(id);
    };
  const nodes = [node('standby'), node('absent')];
  await assert.rejects(eachInTurn(nodes, absent, work(null)), NotYetError);
  assert.deepEqual(seen, ['standby', 'absent']);
  await assert.rejects(eachInTurn(nodes, absent, work('absent')), { name: 'NodeError', message: 'absent' });
});

test('of a node that cannot be asked nobody can tell', async () => {
  const driver = new NoopNodes() as NoopNodes & { held(id: string): Promise<string[] | null> };
  driver.held = async (id) => (id === 'a' ? Promise.reject(new NodeError('nsenter: no')) : Promise.resolve([VIP]));
  assert.deepEqual(
    [...(await standingsOf(driver, [A, B]))],
    [
      ['a', null],
      ['b', true],
    ],
  );
  driver.held = async () => Promise.reject(new TypeError('no function'));
  await assert.rejects(standingsOf(driver, [A, B]), TypeError);
});

test('of two that were sent away the one with the address stays until another is there', () => {
  const standings = new Map([
    ['a', false],
    ['b', true],
  ]);
  const both = [gone(A), gone(B)];
  assert.equal(sparedOf(both, standings)?.id, 'b');
  assert.equal(sparedOf(both, new Map())?.id, 'a');
  assert.equal(sparedOf([...both, row('c', 'MASTER', 'BOOTING')], standings)?.id, 'b');
  assert.equal(sparedOf([...both, row('c', 'MASTER')], standings), null);
});

test('one that stays need not be spared, nor one whose role another has, nor a lone one', () => {
  assert.equal(sparedOf([gone(A), B], new Map([['a', true]])), null);
  assert.equal(sparedOf([gone(A), row('c', 'MASTER', 'BOOTING')], new Map([['a', true]])), null);
  assert.equal(sparedOf([row('s', 'STANDALONE', 'PENDING_DELETE')], new Map()), null);
  assert.equal(sparedOf([A, B], new Map()), null);
});

test('who has the clients and was sent away parts from one that stays, if there is one', () => {
  const active = new Map([['a', true]]);
  assert.equal(partingOf([gone(A), B], active)?.id, 'a');
  assert.equal(partingOf([gone(A), B], new Map([['a', false]])), null);
  assert.equal(partingOf([gone(A), row('c', 'BACKUP', 'BOOTING')], active), null);
  assert.equal(partingOf([A, gone(B)], active), null);
});

class Answering extends NoopNodes {
  readonly answers: Record<string, (readonly string[] | null)[]>;
  constructor(answers: Record<string, (readonly string[] | null)[]>) {
    super();
    this.answers = answers;
  }
  async held(id: string): Promise<readonly string[] | null> {
    const [first = null, ...others] = this.answers[id] ?? [];
    if (others.length > 0) this.answers[id] = others;
    return Promise.resolve(first);
  }
}

test('a pair is waited for until exactly one of it holds the address', async () => {
  const driver = new Answering({ a: [[], [VIP], [VIP], [VIP]], b: [[], [], [VIP], []] });
  await oneOwner(driver, [node('a'), node('b')], [VIP]);
  assert.deepEqual(driver.answers['b']?.length, 2);
  await oneOwner(new NoopNodes(), [node('a'), node('b')], [VIP]);
  await oneOwner(driver, [node('alone')], [VIP]);
});

test('of several addresses each is waited for, whoever has it', async () => {
  const driver = new Answering({ a: [[VIP], [VIP]], b: [[], ['192.0.2.9']] });
  await oneOwner(driver, [node('a'), node('b')], [VIP, '192.0.2.9']);
  assert.deepEqual(driver.answers['b']?.length, 1);
});

test('only pairs are asked about', async () => {
  const driver = new Answering({ a: [[VIP]], s: [[VIP]] });
  assert.deepEqual([...(await standingsOf(driver, [A, row('s', 'STANDALONE')]))], [['a', true]]);
  assert.deepEqual([...(await standingsOf(new NoopNodes(), [A]))], [['a', null]]);
});
