import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Log } from '../model/log.ts';
import { migrate } from './migrate.ts';
import { createPrivate } from './state-files.ts';
import { SQLITE, StoreDamagedError, resultCodeOf } from './store-error.ts';

/** Only another program that looks at the file can be in the way; each wait stops the whole server. */
const BUSY_TIMEOUT_MS = 2000;

/** SQLite's own copying, at the end of a commit, is only for when ours does not come to it (checkpoint.ts): 64 MiB. */
const LOG_PAGES = 16_384;

export interface Connections {
  readonly file: string;
  /** The one that writes. */
  readonly writer: DatabaseSync;
  /** Sees the last commit; reading there waits for nobody. */
  readonly reader: DatabaseSync;
}

/**
 * Opens `<statePath>/edgeweir.db`, makes it if need be, checks it and brings its schema up to date. The lock on the
 * state must be held. Throws a StoreDamagedError or a StoreTooNewError.
 */
export function openDatabase(statePath: string, log: Log): Connections {
  const file = join(statePath, 'edgeweir.db');
  createPrivate(file);
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    configure(database);
    check(database);
    const versions = migrate(database, file);
    if (versions.length > 0) log.info({ file, versions }, 'Database schema brought up to date');
    return { file, writer: database, reader: openReader(file) };
  } catch (error) {
    database.close();
    throw isDamage(error) ? new StoreDamagedError(file, 'restore a backup, or move the file away to start empty', error) : error;
  }
}

function openReader(file: string): DatabaseSync {
  const reader = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, readOnly: true });
  // What a large sort needs must not reach a disk either.
  reader.exec('pragma temp_store = memory');
  return reader;
}

/** An acknowledged write survives a power cut: the log is synced with every commit. */
function configure(database: DatabaseSync): void {
  const mode = database.prepare('pragma journal_mode = wal').get()?.['journal_mode'];
  if (mode !== 'wal') throw new Error(`The file system of the state path does not support SQLite's write-ahead log (journal mode stayed ${String(mode)})`);
  database.exec(`pragma synchronous = full; pragma temp_store = memory; pragma wal_autocheckpoint = ${LOG_PAGES}`);
}

function check(database: DatabaseSync): void {
  const found = database.prepare('pragma quick_check(1)').get()?.['quick_check'];
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: SQLITE.CORRUPT });
}

function isDamage(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === SQLITE.CORRUPT || code === SQLITE.NOTADB;
}
