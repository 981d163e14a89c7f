/** What a reader of notifications asks for: which, from where on, and in which form. */
import type { FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { EventFilter } from '../../store/events.ts';
import type { RawQuery } from '../http/list-query.ts';
import { flag, pageSize, valuesOf } from '../http/query-values.ts';
import type { Asker } from '../octavia/policy.ts';
import { scopeOf } from '../octavia/record-scope.ts';

export interface EventQuery {
  readonly filter: EventFilter;
  /** Number of the last notification the reader has; null: none, it begins with what comes. */
  readonly since: number | null;
  readonly form: 'stream' | 'json';
  /** Notifications on one JSON page. */
  readonly limit: number;
}

/** Arguments of the query; the OpenAPI document has them too. */
export const NAMES = ['type', 'loadbalancer_id', 'project_id', 'all_projects', 'since', 'format', 'limit'] as const;
const PAGE = 100;
const NUMBER = /^\d{1,15}$/;

/** Throws 400 for what cannot be meant and 403 for what the caller may not read. */
export function parseEventQuery(request: FastifyRequest, asker: Asker, maxLimit: number): EventQuery {
  const values = valuesOf(request.query as RawQuery, NAMES);
  const form = formOf(request, values.format);
  // A stream has no pages.
  if (form === 'stream' && values.limit !== undefined) throw fault.invalidInput('limit', values.limit, 'Only pages have one: ask for format=json');
  return {
    filter: {
      projectId: scopeOf(asker, { projectId: values.project_id ?? null, allProjects: flag('all_projects', values.all_projects) }),
      type: values.type ?? null,
      loadBalancerId: values.loadbalancer_id ?? null,
    },
    since: sinceOf(request, values.since),
    form,
    limit: pageSize(values.limit, PAGE, maxLimit > 0 ? maxLimit : Number.MAX_SAFE_INTEGER),
  };
}

function formOf({ headers: { accept = '' } }: FastifyRequest, format: string | undefined): EventQuery['form'] {
  if (format !== undefined && format !== 'json' && format !== 'stream') throw fault.invalidOption(format.slice(0, 64), 'format');
  if (format !== undefined) return format;
  return accept.includes('application/json') && !accept.includes('text/event-stream') ? 'json' : 'stream';
}

/** A browser that connects again asks for the same address, and says in the header what it has got meanwhile. */
function sinceOf({ headers }: FastifyRequest, since: string | undefined): number | null {
  const last = headers['last-event-id'];
  const value = typeof last === 'string' && last !== '' ? last : since;
  if (value === undefined) return null;
  if (!NUMBER.test(value)) throw fault.invalidInput('since', value, 'Value should be the number of a notification');
  return Number(value);
}
