/** Rows of the directory as Keystone shows them, and lists of them filtered by any attribute shown. */
import type { FastifyRequest } from 'fastify';
import { boolean } from '../../model/field.ts';
import { type Resource, type RowOf, shownFields } from '../../model/resource.ts';

type View = Record<string, unknown>;

/** What Keystone shows besides and this installation has no use for; clients expect the names. */
const CONSTANTS: Readonly<Record<string, View>> = {
  domain: { tags: [], options: {} },
  project: { is_domain: false, tags: [], options: {} },
  user: { password_expires_at: null, options: {} },
  role: { domain_id: null, options: {} },
};

/** `base`: address of the server. */
export function directoryView<R extends Resource>(resource: R, row: RowOf<R>, base: string): View {
  const values = row as View;
  const shown = Object.fromEntries(shownFields(resource).map((name) => [name, values[name]]));
  const parent = resource.name === 'project' ? { parent_id: values['domain_id'] } : {};
  return { ...shown, ...parent, ...CONSTANTS[resource.name], links: { self: `${base}/identity/v3/${resource.collection}/${String(values['id'])}` } };
}

/** `path`: below /v3, for the link. The request's query filters; names that are no attributes are ignored, as Keystone does. */
export function directoryList<R extends Resource>(resource: R, rows: readonly RowOf<R>[], request: FastifyRequest, base: string, path: string): View {
  const query = request.query as Readonly<Record<string, string | string[]>>;
  const filters = shownFields(resource).filter((name) => Object.hasOwn(query, name));
  const wanted = rows.filter((row) => filters.every((name) => matches((row as View)[name], query[name])));
  return {
    [resource.collection]: wanted.map((row) => directoryView(resource, row, base)),
    links: { next: null, self: `${base}/identity/v3${path}`, previous: null },
  };
}

function matches(value: unknown, wanted: string | string[] | undefined): boolean {
  const values = [wanted ?? ''].flat();
  if (typeof value !== 'boolean') return values.some((text) => text === (value ?? ''));
  return values.some((text) => asBoolean(text) === value);
}

/** `?enabled` alone means true; what is no boolean matches nothing. */
function asBoolean(text: string): boolean | null {
  try {
    return text === '' || boolean.parse(text);
  } catch {
    return null;
  }
}
