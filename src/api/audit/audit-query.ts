/** What a reader of the audit trail asks for. */
import { fault } from '../../model/fault.ts';
import { AUDITED, AUDIT_ACTIONS, type AuditFilter, type AuditQuery } from '../../store/audit.ts';
import type { RawQuery } from '../http/list-query.ts';
import { flag, pageSize, valuesOf } from '../http/query-values.ts';
import type { Asker } from '../octavia/policy.ts';
import { scopeOf } from '../octavia/record-scope.ts';
import { numberIn } from './cadf.ts';

const FILTERS = ['resource', 'resource_id', 'action', 'user_id', 'request_id'] as const;
/** Arguments of the query; the OpenAPI document has them too. */
export const NAMES = [...FILTERS, 'project_id', 'all_projects', 'since', 'until', 'limit', 'marker'] as const;
/** Those that take only some words. */
const WORDS = { resource: AUDITED, action: AUDIT_ACTIONS } as const;
const PAGE = 100;
/** A day, or a time to the second or finer, with or without its distance from UTC. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?)?$/;

/** Throws 400 for what cannot be meant and 403 for what the caller may not read. */
export function parseAuditQuery(raw: RawQuery, asker: Asker, options: { readonly instance: string; readonly maxLimit: number }): AuditQuery {
  const values = valuesOf(raw, NAMES);
  const projectId = scopeOf(asker, { projectId: values.project_id ?? null, allProjects: flag('all_projects', values.all_projects) });
  return {
    filter: { ...filterIn(values), ...(projectId === null ? {} : { project_id: projectId }) },
    since: timeIn('since', values.since),
    until: timeIn('until', values.until),
    before: markerIn(options.instance, values.marker),
    limit: pageSize(values.limit, PAGE, options.maxLimit > 0 ? options.maxLimit : Number.MAX_SAFE_INTEGER),
  };
}

function filterIn(values: Partial<Record<(typeof NAMES)[number], string>>): AuditFilter {
  for (const [name, words] of Object.entries(WORDS)) refuseOther(name, values[name as keyof typeof WORDS], words);
  return Object.fromEntries(FILTERS.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}

function refuseOther(name: string, value: string | undefined, words: readonly string[]): void {
  if (value !== undefined && !words.includes(value)) throw fault.invalidInput(name, value, `Value should be one of: ${words.join(', ')}`);
}

/** As the trail keeps it. A time without a zone is UTC, as in all of OpenStack; a day is its beginning. */
function timeIn(name: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  // A plus in a query string is a space unless the client wrote it as %2B.
  const text = value.replace(' ', '+');
  const time = TIME.test(text) ? new Date(/T.*(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`) : null;
  if (time === null || Number.isNaN(time.getTime())) throw fault.invalidInput(name, value, 'Value should be a time: 2026-11-22T17:51:50Z');
  return time.toISOString();
}

function markerIn(instance: string, marker: string | undefined): number | null {
  if (marker === undefined) return null;
  const seq = numberIn(instance, marker);
  if (seq === null) throw fault.invalidMarker(marker);
  return seq;
}
