import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silent } from '../model/log.ts';
import { Checkpoint } from './checkpoint.ts';
import { runChild } from './crash.fixture.ts';
import { openDatabase } from './open-database.ts';
import { getSetting, setSetting } from './settings.ts';
import { prepareDirectory } from './state-files.ts';
import { temporaryDirectory } from './store.fixture.ts';
import { openStore } from './store.ts';

/** Far more than the log may hold before it is copied. */
const ROUNDS = 12;
const MIB = 1_048_576;

test('the log starts over, however much is written, and nothing is lost', async (t) => {
  const statePath = await temporaryDirectory(t);
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  for (let round = 0; round < ROUNDS; round++) {
    await store.transaction(async (tx) => {
      for (let index = 0; index < 50; index++) await setSetting(tx.db, `r${round}-${index}`, 'x'.repeat(100_000));
    });
  }
  assert.ok(statSync(join(statePath, 'edgeweir.db-wal')).size < 2 * 5 * MIB + MIB, 'the log holds no more than the longest transaction, twice');
  await store.close();
  const database = new DatabaseSync(join(statePath, 'edgeweir.db'), { readOnly: true });
  t.after(() => database.close());
  assert.equal(database.prepare("select count(*) as n from setting where name like 'r%'").get()?.['n'], ROUNDS * 50);
});

test('where the thread cannot work the log is copied all the same', async (t) => {
  const connections = openDatabase(prepareDirectory(await temporaryDirectory(t), silent), silent);
  const warnings: string[] = [];
  const log = { ...silent, warn: (_about: object, message: string) => void warnings.push(message) };
  const checkpoint = new Checkpoint(connections.writer, join(connections.file, 'is-no-directory'), log);
  t.after(async () => {
    await checkpoint.close();
    connections.reader.close();
    connections.writer.close();
  });
  const state = connections.writer.prepare('pragma wal_checkpoint(noop)');
  const insert = connections.writer.prepare('insert into setting (name, value) values (?, ?)');
  for (const round of [1, 2]) {
    for (let index = 0; index < 100; index++) insert.run(`${round}-${index}`, 'x'.repeat(100_000));
    assert.ok(Number(state.get()?.['log']) > 2000);
    await checkpoint.keepShort();
    const { log: pages, checkpointed } = state.get() ?? {};
    assert.equal(checkpointed, pages);
  }
  assert.equal(warnings.length, 2);
});

/** Each transaction is long enough for the log to be copied behind it; what it writes is the same everywhere. */
const WRITER = `
  import { writeSync } from 'node:fs';
  import { silent } from '../model/log.ts';
  import { setSetting } from './settings.ts';
  import { openStore } from './store.ts';
  const [, statePath, first] = process.argv;
  const store = await openStore({ statePath, log: silent });
  for (let round = Number(first); ; round++) {
    await store.transaction(async (tx) => {
      for (let index = 0; index < 50; index++) await setSetting(tx.db, 'k' + index, round + ' ' + 'x'.repeat(100_000));
    });
    writeSync(1, round + '\\n');
  }
`;

test('kill -9 while the log is copied leaves the last acknowledged write, or the next, whole', async (t) => {
  const statePath = await temporaryDirectory(t);
  let acknowledged = 0;
  for (const pause of [0, 7, 19, 31, 43]) {
    const child = runChild(t, WRITER, statePath, String(acknowledged + 1));
    for (let count = 0; count < 3; count++) acknowledged = Number((await child.lines.next()).value);
    await sleep(pause);
    await child.kill();
    for (let line = await child.lines.next(); !line.done; line = await child.lines.next()) acknowledged = Number(line.value);
    acknowledged = await wholeRound(statePath, acknowledged);
  }
});

async function wholeRound(statePath: string, acknowledged: number): Promise<number> {
  const store = await openStore({ statePath, log: silent });
  try {
    const values = await Promise.all(Array.from({ length: 50 }, (_, index) => getSetting(store.db, `k${index}`)));
    const rounds = new Set(values.map((value) => Number(value?.split(' ')[0])));
    assert.equal(rounds.size, 1);
    const [round = 0] = rounds;
    assert.ok(round === acknowledged || round === acknowledged + 1, `${round} after ${acknowledged}`);
    return round;
  } finally {
    await store.close();
  }
}
