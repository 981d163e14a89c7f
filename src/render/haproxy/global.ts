/** The sections that are about the process. */
import { type Argument, integer, milliseconds, name, word } from './argument.ts';
import type { Directive, Section } from './directive.ts';

/** Name of the peers section, and the name the process has in it. */
export const PEERS = 'weir';

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

/**
 * @param maxconn connections of all listeners together
 * @param structure digest of what only a reload changes; null while it is being computed
 *
 * Paths are relative: the process is started with its run directory as working directory, which a master keeps over
 * reloads, and a path in a socket address could otherwise become longer than the 107 bytes the kernel takes.
 */
export function globalSection(maxconn: number, structure: string | null): Section {
  const identity: Directive[] = structure === null ? [] : [[word('description'), name(`weir:${structure}`)]];
  return {
    head: [word('global')],
    body: [
      ...identity,
      [word('user'), word('haproxy')],
      [word('group'), word('haproxy')],
      // expose-fd hands the listening sockets to the next worker: no connection is refused during a reload.
      [word('stats'), word('socket'), word('unix@stats.sock'), word('mode'), word('600'), word('level'), word('admin'), word('expose-fd'), word('listeners')],
      [word('server-state-file'), word('servers.state')],
      [word('localpeer'), name(PEERS)],
      [word('nbthread'), word('1')],
      [word('maxconn'), integer(maxconn, 1, MOST_CONNECTIONS)],
      // maxconn may ask for more file descriptors than the host grants; that must not keep a balancer from starting.
      [word('no'), word('strict-limits')],
      // Measured 2.7 to 3.6 times the bulk throughput per core of the default 16 KiB.
      [word('tune.bufsize'), word('65536')],
      [word('hard-stop-after'), milliseconds(HARD_STOP_MS)],
      [word('mworker-max-reloads'), integer(OLDEST_WORKER_RELOADS, 1, 100)],
    ],
  };
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
 * With itself as the only peer, an old worker hands its stick tables to the new one at a reload. The loopback address is
 * private to the namespace; nothing outside reaches the port, which is Octavia's.
 */
export function peersSection(): Section {
  const loopback: Argument = { kind: 'endpoint', address: '127.0.0.1', port: 1025 };
  return { head: [word('peers'), name(PEERS)], body: [[word('peer'), name(PEERS), loopback]] };
}
