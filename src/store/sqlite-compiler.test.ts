import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Kysely } from 'kysely';
import { TransactionScope, sqliteDialect } from './sqlite-driver.ts';

interface Tables {
  thing: { id: string; gone: boolean; size: number };
}

function things(): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: sqliteDialect(new DatabaseSync(':memory:'), new TransactionScope()) });
}

test('no bare parameter stands where SQLite would plan the statement anew for each value', () => {
  const limited = things().selectFrom('thing').selectAll().where('gone', '=', false).where('size', '>', 3).limit(5).compile();
  assert.equal(limited.sql, 'select * from "thing" where "gone" = 0 and "size" > ? limit cast(? as integer)');
  assert.deepEqual(limited.parameters, [3, 5]);
});

test('a value that is written stays a parameter', () => {
  const written = things().updateTable('thing').set({ gone: true }).where('id', '=', 'a').where('gone', '<>', true).compile();
  assert.equal(written.sql, 'update "thing" set "gone" = ? where "id" = ? and "gone" <> 1');
  assert.deepEqual(written.parameters, [true, 'a']);
});

test('limits and booleans mean what they say', async () => {
  const database = new DatabaseSync(':memory:');
  database.exec(`create table thing (id text, gone integer, size integer); create index here on thing (size) where gone = 0;
    insert into thing values ('a', 0, 1), ('b', 1, 2), ('c', 0, 3), ('d', 0, 4)`);
  const db = new Kysely<Tables>({ dialect: sqliteDialect(database, new TransactionScope()) });
  const ids = async (gone: boolean, most: number): Promise<string[]> =>
    (await db.selectFrom('thing').select('id').where('gone', '=', gone).orderBy('size').limit(most).execute()).map(({ id }) => id);
  assert.deepEqual([await ids(false, 2), await ids(false, 9), await ids(true, 9), await ids(false, 0)], [['a', 'c'], ['a', 'c', 'd'], ['b'], []]);
});
