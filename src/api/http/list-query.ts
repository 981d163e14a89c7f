/**
 * The query string of a list → what the store is asked: filters on any attribute, tags in four forms, sorting, paging
 * and field selection, for every resource alike (octavia-api reference §3.3).
 */
import { fault } from '../../model/fault.ts';
import { ValueError } from '../../model/field.ts';
import { type Resource, columns, shownFields } from '../../model/resource.ts';
import type { ListQuery } from '../../store/rows.ts';
import { switchIn } from './switch-in.ts';

export interface ListRequest {
  readonly query: ListQuery;
  /** null: all. */
  readonly fields: readonly string[] | null;
  /** The project asked for by a filter, which not everybody may. */
  readonly projectId: string | null;
}

export type RawQuery = Readonly<Record<string, string | string[] | undefined>>;

const TAG_FILTERS = { tags: 'all', 'tags-any': 'any', 'not-tags': 'notAll', 'not-tags-any': 'notAny' } as const;
const PAGING = new Set(['limit', 'marker', 'page_reverse', 'sort', 'sort_key', 'sort_dir', 'fields']);
/** Old names that clients still filter by. */
const ALIASES: Readonly<Record<string, string>> = {
  tenant_id: 'project_id',
  load_balancer_id: 'loadbalancer_id',
  enabled: 'admin_state_up',
  ip_address: 'address',
};
const DEFAULT_SORT = [
  { column: 'created_at', descending: false },
  { column: 'id', descending: false },
];

export function parseListQuery(resource: Resource, raw: RawQuery, maxLimit: number): ListRequest {
  // Where nothing has tags, asking for some is a filter like any other that does not exist.
  const tagFilters = columns(resource).has('tags') ? Object.entries(TAG_FILTERS) : [];
  const filters = Object.entries(raw).filter(([name]) => !PAGING.has(name) && !tagFilters.some(([known]) => known === name));
  const where = filters.map(([name, value]) => filter(resource, attributeNamed(resource, name), all(value)));
  return {
    query: {
      where: where.filter(({ column }) => column !== 'project_id'),
      tags: Object.fromEntries(tagFilters.flatMap(([name, key]) => (raw[name] === undefined ? [] : [[key, commaList(raw[name])]]))),
      sort: parseSort(resource, raw),
      limit: parseLimit(lastOf(raw['limit']), maxLimit),
      marker: lastOf(raw['marker']) ?? null,
      reverse: switchIn({ page_reverse: lastOf(raw['page_reverse']) }, 'page_reverse'),
    },
    fields: parseFields(resource, raw['fields']),
    projectId: projectIn(where),
  };
}

function projectIn(where: ListQuery['where']): string | null {
  const [wanted] = where.find(({ column }) => column === 'project_id')?.anyOf ?? [];
  return typeof wanted === 'string' && wanted !== '' ? wanted : null;
}

function all(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** Of a parameter that is given more than once, the last counts. */
export function lastOf(value: string | string[] | undefined): string | undefined {
  return all(value).at(-1);
}

function commaList(value: string | string[] | undefined): string[] {
  return all(value)
    .flatMap((item) => item.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** A column of the resource's own comes before an old name for another. */
function attributeNamed(resource: Resource, name: string): string {
  if (columns(resource).has(name) || !Object.hasOwn(ALIASES, name)) return name;
  return ALIASES[name] ?? name;
}

/** Octavia's clients also filter by what an object hangs below, though only its path tells. */
const PARENTS = ['loadbalancer_id', 'pool_id', 'l7policy_id'];

/** What lists of the resource are filtered by, besides tags: columns that are shown or tell a parent, and hold one value. */
export function filterNames(resource: Resource): string[] {
  return [...columns(resource).keys()].filter((name) => isFilter(resource, name));
}

function isFilter(resource: Resource, name: string): boolean {
  const storage = columns(resource).get(name);
  const hidden = resource.fields[name]?.place === 'internal' && !PARENTS.includes(name);
  return storage !== undefined && storage !== 'json' && !hidden;
}

function filter(resource: Resource, name: string, values: readonly string[]): ListQuery['where'][number] {
  const field = resource.fields[name];
  if (!field || !isFilter(resource, name)) throw fault.invalidFilter();
  return { column: name, anyOf: values.map((value) => filterValue(name, value, field.type)) };
}

function filterValue(name: string, value: string, type: { parse(value: unknown): unknown; storage: string }): unknown {
  // Identifiers that are no UUIDs match nothing; anything else that cannot be a value of the attribute is refused.
  if (type.storage === 'text') return value;
  try {
    return type.parse(value);
  } catch (error) {
    throw error instanceof ValueError ? fault.invalidInput(name, value, error.reason) : error;
  }
}

function parseSort(resource: Resource, raw: RawQuery): ListQuery['sort'] {
  const directions = commaList(raw['sort_dir']);
  const pairs = [...commaList(raw['sort']).map((item) => item.split(':')), ...commaList(raw['sort_key']).map((key, index) => [key, directions[index]])];
  if (pairs.length === 0) return DEFAULT_SORT.filter(({ column }) => columns(resource).has(column));
  const sort = new Map<string, ListQuery['sort'][number]>();
  for (const [key = '', direction = 'asc'] of pairs) {
    const sortable = columns(resource).has(key) && resource.fields[key]?.place !== 'internal' && resource.fields[key]?.type.storage !== 'json';
    if (!sortable) throw fault.invalidSortKey(key);
    if (direction !== 'asc' && direction !== 'desc') throw fault.invalidSortDirection(direction);
    // A key that comes again decides nothing any more.
    if (!sort.has(key)) sort.set(key, { column: key, descending: direction === 'desc' });
  }
  return [...sort.values()];
}

/** 0, a negative number and "infinite" mean no limit of the client's; the server's always holds. */
function parseLimit(value: string | undefined, maxLimit: number): number | null {
  const ceiling = maxLimit > 0 ? maxLimit : null;
  if (value === undefined || value === 'infinite') return ceiling;
  // More digits than a number holds are as good as none: the ceiling is met long before.
  if (!/^-?\d+$/.test(value)) throw fault.invalidLimit(value);
  const limit = Math.min(Number(value), Number.MAX_SAFE_INTEGER);
  if (limit <= 0) return ceiling;
  return ceiling === null ? limit : Math.min(limit, ceiling);
}

export function parseFields(resource: Resource, raw: string | string[] | undefined): string[] | null {
  const shown = new Set(shownFields(resource));
  return fieldNames(raw)?.filter((name) => shown.has(name)) ?? null;
}

/** Names of the attributes that are asked for; null is all. */
export function fieldNames(raw: string | string[] | undefined): string[] | null {
  const names = commaList(raw);
  return names.length === 0 ? null : names;
}

/** `previous` only behind a marker, `next` only when the page is full. */
export function pageLinks(base: string, raw: RawQuery, request: ListRequest, ids: readonly string[]): { rel: string; href: string }[] {
  const { limit, marker } = request.query;
  const [first, final] = [ids.at(0), ids.at(-1)];
  return [
    ...(marker !== null && first !== undefined ? [{ rel: 'previous', href: pageHref(base, raw, first, true) }] : []),
    ...(limit !== null && final !== undefined && ids.length >= limit ? [{ rel: 'next', href: pageHref(base, raw, final, false) }] : []),
  ];
}

function pageHref(base: string, raw: RawQuery, marker: string, reverse: boolean): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(raw)) {
    if (name !== 'marker' && name !== 'page_reverse') for (const item of all(value)) parameters.append(name, item);
  }
  parameters.append('marker', marker);
  if (reverse) parameters.append('page_reverse', 'True');
  return `${base}?${parameters.toString()}`;
}
