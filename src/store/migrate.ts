/**
 * Brings a database to the newest schema. Each migration is one transaction that also raises the version, so a
 * process killed in the middle leaves the schema before or after it, never between.
 */
import type { DatabaseSync } from 'node:sqlite';
import { SCHEMA_0001 } from './migrations/0001.ts';
import { SCHEMA_0002 } from './migrations/0002.ts';
import { SCHEMA_0003 } from './migrations/0003.ts';
import { SCHEMA_0004 } from './migrations/0004.ts';
import { SCHEMA_0005 } from './migrations/0005.ts';
import { SCHEMA_0006 } from './migrations/0006.ts';
import { SCHEMA_0007 } from './migrations/0007.ts';
import { SCHEMA_0008 } from './migrations/0008.ts';
import { SCHEMA_0009 } from './migrations/0009.ts';
import { SCHEMA_0010 } from './migrations/0010.ts';
import { SCHEMA_0011 } from './migrations/0011.ts';
import { SCHEMA_0012 } from './migrations/0012.ts';
import { SCHEMA_0013 } from './migrations/0013.ts';
import { StoreDamagedError, StoreTooNewError } from './store-error.ts';

/** In order; the position plus one is the schema's version. Entries that were ever released never change. */
const MIGRATIONS: readonly string[] = [
  SCHEMA_0001,
  SCHEMA_0002,
  SCHEMA_0003,
  SCHEMA_0004,
  SCHEMA_0005,
  SCHEMA_0006,
  SCHEMA_0007,
  SCHEMA_0008,
  SCHEMA_0009,
  SCHEMA_0010,
  SCHEMA_0011,
  SCHEMA_0012,
  SCHEMA_0013,
];

/** Marks the file as ours: "EdWr" in ASCII. */
const APPLICATION_ID = 0x45645772;

/** Returns the versions it went through, none when the schema is the newest already. */
export function migrate(database: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): number[] {
  refuseForeign(database, file);
  const present = readNumber(database, 'pragma user_version');
  if (present > migrations.length) throw new StoreTooNewError(file, present, migrations.length);
  const missing = migrations.slice(present).map((sql, index) => ({ sql, version: present + index + 1 }));
  for (const { sql, version } of missing) step(database, sql, version);
  return missing.map(({ version }) => version);
}

function refuseForeign(database: DatabaseSync, file: string): void {
  const owner = readNumber(database, 'pragma application_id');
  const tables = readNumber(database, 'select count(*) from sqlite_schema');
  if (owner === APPLICATION_ID || (owner === 0 && tables === 0)) return;
  throw new StoreDamagedError(file, 'choose another state path', "it holds another program's tables");
}

function step(database: DatabaseSync, sql: string, version: number): void {
  database.exec('begin immediate');
  try {
    database.exec(sql);
    database.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${version}`);
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

function readNumber(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
}
