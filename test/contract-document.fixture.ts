/** The OpenAPI document as the contract tests read it: a list of operations, with every reference followed. */
import type { JsonSchema } from '../src/model/field.ts';
import { octaviaPaths, openApi } from '../scripts/generate/openapi.ts';

export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below /load-balancer, with parameters in braces. */
  readonly path: string;
  /** Names of the parameters in the path, in their order. */
  readonly parameters: readonly string[];
  /** Schema of the body; null takes none. */
  readonly body: JsonSchema | null;
  /** Schema by status; null has no body, text/plain is a string. */
  readonly answers: ReadonlyMap<number, JsonSchema | null>;
  /** Parameters of the query and headers. */
  readonly options: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const DOCUMENT = openApi() as Json;
const METHODS = { get: 'GET', post: 'POST', put: 'PUT', delete: 'DELETE' } as const;

/** The value a `#/…` reference leads to. */
export function follow(reference: string): Json {
  const target = reference.slice(2).split('/');
  const found = target.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], DOCUMENT);
  if (found === undefined) throw new Error(`${reference} leads nowhere`);
  return found as Json;
}

/** What stands at its place, or what it refers to. */
export function resolved(schema: JsonSchema): JsonSchema {
  return typeof schema['$ref'] === 'string' ? resolved(follow(schema['$ref'])) : schema;
}

function contentOf(holder: Json): JsonSchema | null {
  const { content } = holder as { content?: Readonly<Record<string, { schema: JsonSchema }>> };
  const [type] = Object.values(content ?? {});
  return type?.schema ?? null;
}

function operationOf(path: string, method: keyof typeof METHODS, one: Json): Operation {
  const answers = Object.entries(one['responses'] as Record<string, Json>).map(([status, answer]) => [Number(status), contentOf(resolved(answer))] as const);
  const named = (one['parameters'] as readonly { name: string }[] | undefined) ?? [];
  return {
    id: String(one['operationId']),
    method: METHODS[method],
    path,
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
    body: one['requestBody'] ? contentOf(one['requestBody'] as Json) : null,
    answers: new Map(answers),
    options: named.map(({ name }) => name),
  };
}

export function operations(): Operation[] {
  return octaviaPaths().flatMap(([path, item]) =>
    (Object.keys(METHODS) as (keyof typeof METHODS)[]).flatMap((method) => (item[method] ? [operationOf(path, method, item[method] as Json)] : [])),
  );
}
