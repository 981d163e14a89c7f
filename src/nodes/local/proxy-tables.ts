/**
 * Whether a worker would hand its tables on. At a reload HAProxy 2.6 does so over the local peer, but only if the worker has
 * itself finished to learn: at once where its predecessor taught it, else 5 s after a start, and 10 s after a reload that
 * nothing came with (src/peers.c: process_peer_sync). Until then its clients' members would be forgotten.
 */
import type { NodeFiles } from './names.ts';
import { askWorker, BrokenAnswerError, NoProxyError, SilentProxyError } from './proxy-socket.ts';
import { PEERS } from '../../render/haproxy/global.ts';

/** What a worker says of its tables. */
export interface TableState {
  /** Entries of all tables. */
  readonly used: number;
  /** It has learned what there was to learn, and will teach. */
  readonly finished: boolean;
  /** It still expects its predecessor, and nobody else. */
  readonly expectsPredecessor: boolean;
  /** Whole seconds until it gives up whom it waits for, rounded down; 0 when that is over, or it is being taught. */
  readonly givesUpIn: number;
  /** Seconds since its start, rounded down. */
  readonly age: number;
  /** The process as its peers know it; null without peers. */
  readonly self: { readonly name: string; readonly address: string; readonly port: number } | null;
}

/** By then every worker has given up both its predecessor and its peers (5 s each): whatever its flags say, nobody waits longer. */
const OLDEST_THAT_WAITS = 11;
/** Milliseconds before it is worth asking again. */
const SOON = 250;

const TAUGHT_BY_LOCAL = 0x1;
const TAUGHT_BY_REMOTE = 0x2;

/** Of `show info`, `show table` and `show peers`. Pure; formats of HAProxy 2.6. Throws nothing: what is not said is 0, or null. */
export function parseTables(info: string, tables: string, peers: string): TableState {
  const [, flags = '0', left = '0'] = /^\S+ \[.*\] id=\S+ disabled=\d+ flags=0x([0-9a-f]+) resync_timeout=(\d*)/m.exec(peers) ?? [];
  const state = Number.parseInt(flags, 16);
  const [, name, address, port] = /id=(\S+)\(local,\S*\) addr=(\S+):(\d+) /.exec(peers) ?? [];
  return {
    used: [...tables.matchAll(/^# table: .*, used:(\d+)$/gm)].reduce((sum, [, used]) => sum + Number(used), 0),
    finished: (state & TAUGHT_BY_LOCAL) !== 0 && (state & TAUGHT_BY_REMOTE) !== 0,
    expectsPredecessor: (state & TAUGHT_BY_LOCAL) === 0,
    givesUpIn: Number(left),
    age: Number(/^Uptime_sec: (\d+)$/m.exec(info)?.[1] ?? OLDEST_THAT_WAITS),
    self: name === undefined || address === undefined ? null : { name, address, port: Number(port) },
  };
}

/** Milliseconds after which it is worth looking again whether a reload would keep the entries; 0 when it can be done now. */
export function pauseBeforeReload({ used, finished, givesUpIn, age, self }: TableState): number {
  if (used === 0 || finished || self === null || age >= OLDEST_THAT_WAITS) return 0;
  return Math.max(SOON, givesUpIn * 1000);
}

/** null when no worker answers: then there is nothing that could be kept. */
export async function readTables({ statsSocket }: NodeFiles): Promise<TableState | null> {
  try {
    const [info = '', tables = '', peers = ''] = await askWorker(statsSocket, ['show info', 'show table', `show peers ${PEERS}`]);
    return parseTables(info, tables, peers);
  } catch (error) {
    if (error instanceof NoProxyError || error instanceof BrokenAnswerError || error instanceof SilentProxyError) return null;
    throw error;
  }
}
