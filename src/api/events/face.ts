/**
 * `GET /events`: Octavia's notifications (octavia-api reference §3.5) as a stream of server-sent events, or page by page
 * as JSON.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { Log } from '../../model/log.ts';
import { eventBounds, eventsAfter, lastEvents } from '../../store/events.ts';
import type { Store } from '../../store/store.ts';
import { answerError } from '../http/answer-error.ts';
import { type Authenticate, bearersOnly } from '../http/bearers-only.ts';
import { callerOf } from '../http/caller-of.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import type { RoleSet } from '../octavia/policy.ts';
import { EventHub } from './event-hub.ts';
import { type EventQuery, parseEventQuery } from './event-query.ts';
import { EventStream } from './event-stream.ts';
import { eventView, gapAfter } from './event-view.ts';

export interface EventsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly authenticate: Authenticate;
  readonly roleSet: RoleSet;
  /** Largest page; 0 is no limit. */
  readonly maxLimit: number;
  /** Address of the server, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
  /** Connections that the server takes; readers may have half of them. */
  readonly maxConnections: number;
  /** Milliseconds between two signs of life; 15,000 if not given. */
  readonly heartbeat?: number;
}

const HEARTBEAT_MS = 15_000;
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  // The socket ends with the stream: there is nothing to ask behind it, and a server that stops need not wait for it.
  Connection: 'close',
  'X-Accel-Buffering': 'no',
} as const;

/** Registered under a prefix of its own. */
export function eventsFace(options: EventsOptions): FastifyPluginAsync {
  return async (app) => {
    const hub = new EventHub({ ...options, heartbeat: options.heartbeat ?? HEARTBEAT_MS });
    // Before the server waits for open connections: these would never end by themselves.
    app.addHook('preClose', async () => hub.close());
    app.setErrorHandler(answerError);
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    await app.register(async (inner) => routes(inner, options, hub));
    refuse();
  };
}

function routes(app: FastifyInstance, options: EventsOptions, hub: EventHub): void {
  bearersOnly(app, options.authenticate);
  app.get('/', async (request, reply) => {
    reply.header('Vary', 'X-Auth-Token, Accept');
    const query = queryOf(options, request);
    if (query.form === 'json') return page(options, request, query);
    hub.refuseCrowd(callerOf(request).userId);
    await stream(options, hub, request, reply, query);
    return reply;
  });
}

function queryOf(options: EventsOptions, request: FastifyRequest): EventQuery {
  return parseEventQuery(request, { caller: callerOf(request), options }, options.maxLimit);
}

/** Everything that can be refused was: from here on the answer is a stream. */
async function stream(options: EventsOptions, hub: EventHub, request: FastifyRequest, reply: FastifyReply, query: EventQuery): Promise<void> {
  const { userId, expiresAt } = callerOf(request);
  reply.hijack();
  // What comes as a body would wait for the end of an answer that has none.
  request.raw.resume();
  const response = reply.raw;
  response.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...STREAM_HEADERS });
  const stillAllowed = async (): Promise<boolean> => sameScope(options, request, reply, query);
  await hub.serve(new EventStream({ response, filter: query.filter, userId, expiresAt, stillAllowed }), query.since);
}

/** Asked when users, roles or tokens were written: the same request once more. */
async function sameScope(options: EventsOptions, request: FastifyRequest, reply: FastifyReply, { filter }: EventQuery): Promise<boolean> {
  try {
    await options.authenticate(request, reply);
    return queryOf(options, request).filter.projectId === filter.projectId;
  } catch {
    return false;
  }
}

/** Without `since` the last ones; `next` goes on behind what was read, also when nothing matched. */
async function page({ store, baseUrl }: EventsOptions, request: FastifyRequest, { filter, since, limit }: EventQuery): Promise<object> {
  const bounds = await eventBounds(store.db);
  const gap = since === null ? null : gapAfter(since, bounds);
  const rows = since === null ? await lastEvents(store.db, filter, limit) : await eventsAfter(store.db, gap?.resumed ?? since, filter, limit);
  const read = since !== null && rows.length === limit ? (rows.at(-1)?.seq ?? since) : Math.max(bounds.newest, rows.at(-1)?.seq ?? 0);
  return { events: rows.map((row) => ({ seq: row.seq, ...eventView(row) })), gap, next: nextPage(`${baseUrl(request)}/events`, request, read) };
}

function nextPage(base: string, request: FastifyRequest, since: number): string {
  const parameters = new URLSearchParams(request.query as Record<string, string>);
  parameters.set('format', 'json');
  parameters.set('since', String(since));
  return `${base}?${parameters.toString()}`;
}
