/** `GET /audit`: who changed what, when and from where; the newest first. */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import { type StoredAudit, auditTrail } from '../../store/audit.ts';
import type { Store } from '../../store/store.ts';
import { answerError } from '../http/answer-error.ts';
import { type Authenticate, bearersOnly } from '../http/bearers-only.ts';
import { callerOf } from '../http/caller-of.ts';
import type { RawQuery } from '../http/list-query.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { type Asker, type RoleSet, may } from '../octavia/policy.ts';
import { parseAuditQuery } from './audit-query.ts';
import { cadfEvent, entryId } from './cadf.ts';

export interface AuditOptions {
  readonly store: Store;
  readonly authenticate: Authenticate;
  readonly roleSet: RoleSet;
  /** Largest page; 0 is no limit. */
  readonly maxLimit: number;
  /** Address of the server, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
}

/** Registered under a prefix of its own. */
export function auditFace(options: AuditOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    await app.register(async (inner) => {
      bearersOnly(inner, options.authenticate);
      inner.get('/', async (request, reply) => {
        reply.header('Vary', 'X-Auth-Token').header('Cache-Control', 'no-store');
        return page(options, request);
      });
    });
    refuse();
  };
}

async function page(options: AuditOptions, request: FastifyRequest): Promise<object> {
  const { store, maxLimit, baseUrl } = options;
  const asker: Asker = { caller: callerOf(request), options };
  const { instance } = store;
  const query = parseAuditQuery(request.query as RawQuery, asker, { instance, maxLimit });
  const rows = await auditTrail(store.db, query);
  const viewer = { instance, global: may(asker, 'loadbalancer:get_all-global', null), userId: asker.caller.userId };
  const next = rows.length === query.limit ? nextPage(`${baseUrl(request)}/audit`, request, instance, rows) : [];
  return { events: rows.map((row) => cadfEvent(row, viewer)), events_links: next };
}

function nextPage(base: string, request: FastifyRequest, instance: string, rows: readonly StoredAudit[]): { rel: string; href: string }[] {
  const parameters = new URLSearchParams(request.query as Record<string, string>);
  parameters.set('marker', entryId(instance, rows.at(-1)?.seq ?? 0));
  return [{ rel: 'next', href: `${base}?${parameters.toString()}` }];
}
