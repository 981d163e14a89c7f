/**
 * A bound for the connections of one port. Each may hold a body that has come in part, so without it what clients can
 * make the server keep has no bound either. Those that are too many are closed as soon as they are accepted.
 */
import type { FastifyInstance } from 'fastify';
import type { Log } from '../model/log.ts';

/** Ms; whoever opens connections by the thousand must not write the log. */
const SILENCE_MS = 60_000;

export function limitConnections({ server }: FastifyInstance, most: number, log: Log): void {
  let silentUntil = 0;
  server.maxConnections = most;
  server.on('drop', () => {
    if (performance.now() < silentUntil) return;
    silentUntil = performance.now() + SILENCE_MS;
    log.warn({ max_connections: most }, 'Connections are refused: as many are open as [api_settings] max_connections allows');
  });
}
