/**
 * One server per state directory. The lock is an exclusive transaction on a tiny database of its own, so the kernel
 * lets go of it with the process, however that ends.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createPrivate } from './state-files.ts';
import { SQLITE, StoreDamagedError, resultCodeOf } from './store-error.ts';

export class StoreLockedError extends Error {
  readonly statePath: string;
  /** Process id of the holder; null when it could not be read. */
  readonly holder: number | null;
  constructor(statePath: string, holder: number | null) {
    super(
      `${statePath} is in use by another Edgeweir server (${holder === null ? 'process unknown' : `process ${holder}`}): stop that one first, or choose another state path`,
    );
    this.name = 'StoreLockedError';
    this.statePath = statePath;
    this.holder = holder;
  }
}

/** Keeps the holding connections reachable: collected as garbage they would close, and the lock would be gone. */
const held = new Set<DatabaseSync>();

/** Takes the lock or throws a StoreLockedError at once. Returns what lets go of it. */
export function lockState(statePath: string): () => void {
  const database = openLock(statePath);
  const pidFile = join(statePath, 'edgeweir.pid');
  held.add(database);
  const unlock = (): void => {
    if (!held.delete(database)) return;
    rmSync(pidFile, { force: true });
    database.close();
  };
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    unlock();
    throw error;
  }
  return unlock;
}

function openLock(statePath: string): DatabaseSync {
  const file = join(statePath, 'edgeweir.lock');
  createPrivate(file);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('begin exclusive');
    return database;
  } catch (error) {
    database.close();
    const code = resultCodeOf(error);
    if (code === SQLITE.BUSY) throw new StoreLockedError(statePath, readHolder(statePath));
    throw code === SQLITE.NOTADB || code === SQLITE.CORRUPT ? new StoreDamagedError(file, 'remove it while no server runs', error) : error;
  }
}

function readHolder(statePath: string): number | null {
  try {
    const pid = Number(readFileSync(join(statePath, 'edgeweir.pid'), 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
