import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Storage } from '../model/field.ts';
import { columns } from '../model/resource.ts';
import { DECLARED } from './codec.ts';
import { migrate } from './migrate.ts';
import { temporaryStore } from './store.fixture.ts';

const TYPE: Record<Storage, string> = { text: 'TEXT', json: 'TEXT', integer: 'INTEGER', boolean: 'INTEGER', real: 'REAL' };

test("the tables' columns are exactly the declarations'", async (t) => {
  const store = await temporaryStore(t);
  const tables = await store.db.introspection.getTables();
  for (const resource of DECLARED) {
    const table = tables.find(({ name }) => name === resource.table);
    const found = table?.columns.map(({ name, dataType }) => `${name} ${dataType}`).toSorted();
    const declared = [...columns(resource)].map(([name, storage]) => `${name} ${TYPE[storage]}`).toSorted();
    assert.deepEqual(found, declared, resource.table);
  }
});

test('a column that a declaration calls optional takes null, and one with a default does not', async (t) => {
  const store = await temporaryStore(t);
  const tables = await store.db.introspection.getTables();
  for (const resource of DECLARED) {
    const nullable = new Map(tables.find(({ name }) => name === resource.table)?.columns.map((column) => [column.name, column.isNullable]));
    for (const [name, field] of Object.entries(resource.fields)) {
      if (field.place === 'stored') assert.equal(nullable.get(name), field.initial === null && !field.required, `${resource.table}.${name}`);
    }
  }
});

test('every foreign key has an index, so that deleting a parent does not read whole tables', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, 'memory');
  for (const { name } of database.prepare("select name from sqlite_schema where type = 'table'").all() as { name: string }[]) {
    const leading = database
      .prepare('select (select name from pragma_index_info(l.name) where seqno = 0) as first from pragma_index_list(?) l')
      .all(name)
      .map((row) => row['first']);
    for (const key of database.prepare('select "from" as column from pragma_foreign_key_list(?)').all(name)) {
      assert.ok(leading.includes(key['column']), `${name}.${String(key['column'])}`);
    }
  }
});

test('runs what is missing, once, and says what it ran', () => {
  const database = new DatabaseSync(':memory:');
  const first = 'create table one (id text) strict';
  assert.deepEqual(migrate(database, 'memory', [first]), [1]);
  assert.deepEqual(migrate(database, 'memory', [first, 'create table two (id text) strict', "insert into two values ('x')"]), [2, 3]);
  assert.deepEqual(migrate(database, 'memory', [first, '', '']), []);
  assert.deepEqual(database.prepare('select count(*) as n from two').get()?.['n'], 1);
});

test('a migration that fails leaves nothing of itself', () => {
  const database = new DatabaseSync(':memory:');
  const first = 'create table one (id text) strict';
  assert.throws(() => migrate(database, 'memory', [first, 'create table two (id text); nonsense']), /syntax error/);
  assert.equal(database.prepare('pragma user_version').get()?.['user_version'], 1);
  assert.deepEqual(
    database
      .prepare('select name from sqlite_schema')
      .all()
      .map((row) => row['name']),
    ['one'],
  );
});

test("a newer schema and another program's file are refused", () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, 'memory', ['create table one (id text) strict', 'select 1']);
  assert.throws(() => migrate(database, '/x/edgeweir.db', ['create table one (id text) strict']), {
    name: 'StoreTooNewError',
    message: /\/x\/edgeweir\.db has schema 2.*up to 1/,
  });
  const other = new DatabaseSync(':memory:');
  other.exec('create table theirs (id text)');
  assert.throws(() => migrate(other, '/x/edgeweir.db'), { name: 'StoreDamagedError', message: /another program/ });
});
