import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openssl } from '../openssl.fixture.ts';
import { DerivationQueue, type InTurn } from './derivation-queue.ts';
import { readPkcs12 } from './pkcs12.ts';

const BUSY = { status: 503, code: 'unavailable' };

/** A queue whose slot is taken; what else is asked for waits, and is noted when it runs. */
function held() {
  const queue = new DerivationQueue();
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = queue.turnsOf('first')(() => promise);
  const add = (name: string, asker: string | null): Promise<void> => queue.turnsOf(asker)(async () => void order.push(name));
  const open = async (): Promise<void> => {
    resolve();
    await first;
  };
  return { order, add, open };
}

test('one derivation runs at a time, and all run in the end', async () => {
  const queue = new DerivationQueue();
  let [running, most] = [0, 0];
  const work = async (): Promise<number> => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    return running--;
  };
  await Promise.all(Array.from({ length: 30 }, (_, index) => queue.turnsOf(`${index % 6}`)(work)));
  assert.deepEqual([running, most], [0, 1]);
});

test('askers take turns, whoever came first, the service among them', async () => {
  const { order, add, open } = held();
  const names = ['a1', 'a2', 'a3', 'b1', 'b2'];
  const all = [...names.map((name) => add(name, name.slice(0, 1))), add('service', null)];
  await open();
  await Promise.all(all);
  assert.deepEqual(order, ['a1', 'b1', 'service', 'a2', 'b2', 'a3']);
});

test('of one asker no more wait than may; others and the service still do', async () => {
  const { order, add, open } = held();
  const waiting = Array.from({ length: 64 }, () => add('a', 'a'));
  await assert.rejects(add('a', 'a'), BUSY);
  waiting.push(add('b', 'b'), ...Array.from({ length: 65 }, () => add('service', null)));
  await open();
  await Promise.all(waiting);
  assert.equal(order.length, 64 + 1 + 65);
});

test('a derivation that fails frees its place', async () => {
  const inTurn = new DerivationQueue().turnsOf('a');
  const failing = inTurn(async () => {
    throw new Error('no');
  });
  const next = inTurn(async () => 'done');
  await assert.rejects(failing, /no/);
  assert.equal(await next, 'done');
  assert.equal(await inTurn(async () => 'free'), 'free');
});

test('a file derives all its keys in turn, one after the other', async (t) => {
  const ssl = await openssl(t);
  ssl.selfSigned('a');
  for (const options of [[], ['-legacy']]) {
    let [asked, running, most] = [0, 0, 0];
    const inTurn: InTurn = async (derivation) => {
      [asked, running] = [asked + 1, running + 1];
      most = Math.max(most, running);
      const key = await derivation();
      running -= 1;
      return key;
    };
    await readPkcs12(ssl.bundle('a', options, 'secret'), inTurn, 'secret');
    // The check sum's, the certificate's and the key's; the old schemes derive an initialisation vector too.
    assert.deepEqual([asked, most], [options.length === 0 ? 3 : 5, 1]);
  }
});
