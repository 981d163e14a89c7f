/** The sections that are about the process. */
import type { ProxyFile } from '../../model/node-config.ts';
import { endpoint, integer, milliseconds, name, text, word } from './argument.ts';
import type { Directive, Section } from './directive.ts';

/** Name of the peers section, and the name the process has in it. */
export const PEERS = 'weir';

const PEER_PORT = 1025;

/** A process and its counterpart, with the addresses their nodes have for themselves. */
export interface ProxyPair {
  readonly local: ProxyPeer;
  readonly other: ProxyPeer;
}

export interface ProxyPeer {
  readonly name: string;
  readonly address: string;
}

/** What a process is given at most, whatever its listeners ask for; Octavia's number. */
export const MOST_CONNECTIONS = 1_000_000;

/**
 * Old workers end when their last connection does. A reload is rare (members change at runtime), so a long transfer or a
 * database session gets time to finish; without any bound a forgotten session would keep a worker for ever.
 */
const HARD_STOP_MS = 600_000;
/**
 * Bounds the number of workers where reloads come faster than old workers end: each costs some megabytes, and the
 * sessions of the one that has seen this many are cut. Deleting a busy member reloads, so a handful would be too few.
 */
const OLDEST_WORKER_RELOADS = 50;

/** Bytes of a buffer. HAProxy's default of 16 KiB carries half to a quarter of the bulk per processor (docs/tuning.md). */
export const BUFFER_BYTES = 65_536;
/** Where each request is copied with its whole buffer: smaller ones cost small requests less than bulk gains by large ones. */
export const COPIED_BUFFER_BYTES = 32_768;

/** HAProxy's own bound is 64. */
const MOST_THREADS = 64;

const UNPRIVILEGED: readonly Directive[] = [
  [word('user'), word('haproxy')],
  [word('group'), word('haproxy')],
];

/** What is the same for the whole process. */
export interface Process {
  /** Connections of all listeners together. */
  readonly maxconn: number;
  /** Programs in Lua that are loaded. */
  readonly preparations: readonly Directive[];
  /** Whether checks are programs. */
  readonly forks: boolean;
  readonly pair: ProxyPair | null;
  readonly bufferBytes: number;
  readonly threads?: number;
  /** It enters its clients' namespaces as long as it runs, which takes root (its other powers are the driver's to take away). */
  readonly keepsRoot?: boolean;
}

/**
 * @param structure digest of what only a reload changes; null while it is being computed
 *
 * Paths are relative: the process is started with its run directory as working directory, which a master keeps over
 * reloads, and a path in a socket address could otherwise become longer than the 107 bytes the kernel takes.
 */
export function globalSection({ maxconn, preparations, forks, pair, bufferBytes, threads = 1, keepsRoot = false }: Process, structure: string | null): Section {
  const identity: Directive[] = structure === null ? [] : [[word('description'), name(`weir:${structure}`)]];
  return {
    head: [word('global')],
    body: [
      ...identity,
      ...(keepsRoot ? [] : UNPRIVILEGED),
      // expose-fd hands the listening sockets to the next worker: no connection is refused during a reload.
      [word('stats'), word('socket'), word('unix@stats.sock'), word('mode'), word('600'), word('level'), word('admin'), word('expose-fd'), word('listeners')],
      [word('server-state-file'), word('servers.state')],
      [word('localpeer'), name(pair?.local.name ?? PEERS)],
      [word('nbthread'), integer(threads, 1, MOST_THREADS)],
      [word('maxconn'), integer(maxconn, 1, MOST_CONNECTIONS)],
      // maxconn may ask for more file descriptors than the host grants; that must not keep a balancer from starting.
      [word('no'), word('strict-limits')],
      [word('tune.bufsize'), integer(bufferBytes, 16_384, 1_048_576)],
      [word('hard-stop-after'), milliseconds(HARD_STOP_MS)],
      [word('mworker-max-reloads'), integer(OLDEST_WORKER_RELOADS, 1, 100)],
      ...preparations,
      // Without the second HAProxy refuses to start processes at all.
      ...(forks ? [[word('external-check')], [word('insecure-fork-wanted')]] : []),
    ],
  };
}

/** A program in Lua, for the whole process. */
export function loaded(program: ProxyFile): Directive {
  return [word('lua-load'), text(program.path)];
}

export function defaultsSection(): Section {
  return {
    head: [word('defaults')],
    body: [
      [word('load-server-state-from-file'), word('global')],
      [word('retries'), word('3')],
      // With each retry on another server nearly all errors are gone that clients would see when a member dies.
      [word('option'), word('redispatch'), word('1')],
    ],
  };
}

/**
 * With itself as a peer, an old worker hands its stick tables to the new one at a reload. The loopback address is private
 * to the namespace, nothing outside reaches the port, which is Octavia's. In a pair the other node's process learns them as
 * they change, so that clients keep their members when it takes over.
 */
export function peersSection(pair: ProxyPair | null): Section {
  const peers = pair === null ? [{ name: PEERS, address: '127.0.0.1' }] : [pair.local, pair.other];
  return { head: [word('peers'), name(PEERS)], body: peers.map((peer) => [word('peer'), name(peer.name), endpoint(peer.address, PEER_PORT)]) };
}
