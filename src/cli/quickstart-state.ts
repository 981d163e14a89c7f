/**
 * Whether the state directory is the quickstart's own, to be thrown away with everything in it. A file in it says so,
 * written before the database, so that being killed at any moment leaves no doubt. `weir serve` removes the file.
 * What else the quickstart made tells its maker itself: the balancer by its tag, networks and ports by their marks.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../config/make-directory.ts';

export function ownershipMark(statePath: string): string {
  return join(statePath, 'quickstart');
}

/** `new`: ours since now; `own`: ours since an earlier run that was killed; `foreign`: somebody relies on it. */
export type Claim = 'new' | 'own' | 'foreign';

/** Takes a directory that is not there or empty; leaves one with anything in it as it is. */
export function claimState(statePath: string): Claim {
  makeDirectory(statePath);
  if (existsSync(ownershipMark(statePath))) return 'own';
  if (readdirSync(statePath).length > 0) return 'foreign';
  writeFileSync(ownershipMark(statePath), 'Made by the quickstart, and removed by it with everything in this directory.\n', { mode: 0o600 });
  return 'new';
}
