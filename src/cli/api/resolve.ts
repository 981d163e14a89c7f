/** Names → ids, by asking the collections they may be in. */
import { isPlainObject } from '../../model/field.ts';
import { CliError } from '../cli-error.ts';
import type { ApiRequest } from './api-request.ts';
import { isNamed, nounNamed } from './nouns.ts';
import { type Target, looksLikeId, targetOf } from './references.ts';
import { Refusal } from './http.ts';
import type { Session } from './session.ts';
import { textOf } from './text-of.ts';

interface Lookup {
  readonly request: ApiRequest;
  readonly collection: string;
  readonly title: string;
}

/** How a name is looked up; null for what has none. Pure. */
export function lookupOf(target: Target, name: string, parent: string | null = null): Lookup | null {
  const query = [['name', name]] as const;
  if (target.kind === 'foreign') {
    const { service, path, collection, title } = target;
    return { request: { service, method: 'GET', path, query }, collection, title };
  }
  const noun = nounNamed(target.noun);
  if (!isNamed(noun)) return null;
  const path = noun.path.replace('{parent}', () => encodeURIComponent(parent ?? ''));
  const service = noun.service === undefined ? {} : { service: noun.service };
  return { request: { ...service, method: 'GET', path, query }, collection: noun.resource.collection, title: noun.resource.title };
}

/** The id of what is called so. Throws when nothing is, or more than one thing. */
export async function resolveName(session: Session, target: Target, text: string, parent: string | null = null): Promise<string> {
  if (looksLikeId(text) || text === '') return text;
  const lookup = lookupOf(target, text, parent);
  if (!lookup) return text;
  if (lookup.collection === 'projects') return resolveProject(session, lookup, text);
  return onlyId(lookup.title, text, await found(session, lookup));
}

async function found(session: Session, { request, collection }: Lookup): Promise<string[]> {
  const { body } = await session.send(request);
  const rows = isPlainObject(body) && Array.isArray(body[collection]) ? (body[collection] as { id?: unknown }[]) : [];
  return rows.map(({ id }) => textOf(id));
}

function onlyId(title: string, name: string, ids: readonly string[]): string {
  const [id, ...others] = ids;
  if (id === undefined) throw new CliError(`There is no ${title} named ${name}`);
  if (others.length > 0)
    throw new CliError(`${ids.length} are named ${name} (${title})`, { detail: ids.join('\n'), remedy: 'Give the id of the one you mean.' });
  return id;
}

/** Ids of projects need not be UUIDs, and not everybody may ask for projects. */
async function resolveProject(session: Session, lookup: Lookup, text: string): Promise<string> {
  if (session.project?.name === text) return session.project.id;
  try {
    const ids = await found(session, lookup);
    return ids.length === 0 ? text : onlyId(lookup.title, text, ids);
  } catch (error) {
    if (error instanceof Refusal && error.status === 403) return text;
    throw error;
  }
}

/** The attributes with ids where names were, however deep they stand. */
export async function resolveAttributes(session: Session, attributes: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const resolved: [string, unknown][] = [];
  for (const [name, value] of Object.entries(attributes)) resolved.push([name, name === HEADERS ? value : await resolveValue(session, targetOf(name), value)]);
  return Object.fromEntries(resolved);
}

/** Its keys are no attributes. */
const HEADERS = 'insert_headers';

async function resolveValue(session: Session, target: Target | null, value: unknown): Promise<unknown> {
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await resolveValue(session, target, item));
    return items;
  }
  if (isPlainObject(value)) return resolveAttributes(session, value);
  return target && typeof value === 'string' ? resolveName(session, target, value) : value;
}
