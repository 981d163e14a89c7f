/** What every handler of the compute face works with. */
import type { FastifyRequest } from 'fastify';
import type { ServerInfo, ServerSource } from '../../model/server.ts';
import { callerOf } from '../http/caller-of.ts';
import type { RawQuery } from '../http/list-query.ts';
import type { Caller } from '../identity/caller.ts';

export interface ComputeContext {
  /** Their servers are listed together. */
  readonly sources: readonly ServerSource[];
  /** Address this face is reached under, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
}

/** One request, as far as its answer depends on it. */
export interface Ask {
  readonly caller: Caller;
  readonly minor: number;
  /** Address of the face. */
  readonly base: string;
  readonly query: RawQuery;
}

export function askOf({ baseUrl }: ComputeContext, request: FastifyRequest): Ask {
  return { caller: callerOf(request), minor: request.computeMinor, base: baseUrl(request), query: request.query as RawQuery };
}

/** Every server there is; of two with the same id the one of the earlier source. */
export async function allServers({ sources }: ComputeContext): Promise<ServerInfo[]> {
  const known = new Map<string, ServerInfo>();
  for (const server of (await Promise.all(sources.map((source) => source.servers()))).flat()) {
    if (!known.has(server.id)) known.set(server.id, server);
  }
  return [...known.values()];
}

/** Belongs to the caller's project, to all, or to whoever operates the installation. */
export function isOwn({ projectId, isAdmin }: Caller, server: ServerInfo): boolean {
  if (server.isOperators) return isAdmin;
  return server.shared || (projectId !== null && server.projectId === projectId);
}

export function sees(caller: Caller, server: ServerInfo): boolean {
  return caller.isAdmin || isOwn(caller, server);
}
