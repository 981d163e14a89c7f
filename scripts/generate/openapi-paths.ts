/** The operations of one resource. */
import type { JsonSchema } from '../../src/model/field.ts';
import { type Resource, columns, shownFields } from '../../src/model/resource.ts';
import { failures } from './openapi-errors.ts';
import type { Documented } from './resources.ts';

export type Operation = Readonly<Record<string, unknown>>;
export type PathItem = Readonly<Record<string, Operation | readonly JsonSchema[]>>;

export function pathsOf({ resource, path }: Documented): Record<string, PathItem> {
  const parents = parameters(path);
  return {
    [path]: {
      ...(parents.length > 0 ? { parameters: parents } : {}),
      get: listOf(resource),
      post: createOf(resource),
      ...(resource.name === 'member' ? { put: batchOf(resource) } : {}),
    },
    [`${path}/{id}`]: { parameters: [...parents, parameter('id')], get: showOf(resource), put: updateOf(resource), delete: deleteOf(resource) },
  };
}

function parameters(path: string): JsonSchema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name));
}

export function parameter(name: string): JsonSchema {
  return { name, in: 'path', required: true, schema: { type: 'string', format: 'uuid' } };
}

function operation(resource: Resource, verb: string, summary: string, rest: Operation): Operation {
  return { tags: [resource.title], operationId: `${verb}${resource.title.replaceAll(' ', '')}`, summary, ...rest };
}

function listOf(resource: Resource): Operation {
  const schema = { type: 'object', properties: { [resource.collection]: { type: 'array', items: reference(resource.name) }, [resource.links]: LINKS } };
  return operation(resource, 'list', `List ${resource.collection}`, {
    parameters: [...filters(resource), ...QUERY],
    responses: { 200: body('A page of them', schema), ...failures(400, 401, 403) },
  });
}

function showOf(resource: Resource): Operation {
  return operation(resource, 'show', `Show a ${resource.name}`, {
    parameters: [FIELDS],
    responses: { 200: one('It', resource, ''), ...failures(401, 403, 404) },
  });
}

function createOf(resource: Resource): Operation {
  return operation(resource, 'create', `Create a ${resource.name}`, {
    requestBody: { required: true, content: one('', resource, 'Create').content },
    responses: { 201: one('Created; delivered when its provisioning_status is ACTIVE', resource, ''), ...failures(400, 401, 403, 404, 409, 413, 415, 501) },
  });
}

function updateOf(resource: Resource): Operation {
  return operation(resource, 'update', `Change a ${resource.name}`, {
    requestBody: { required: true, content: one('', resource, 'Update').content },
    responses: { 200: one('Changed; delivered when its provisioning_status is ACTIVE', resource, ''), ...failures(400, 401, 403, 404, 409, 413, 415, 501) },
  });
}

function deleteOf(resource: Resource): Operation {
  const cascade = { name: 'cascade', in: 'query', schema: { type: 'boolean', default: false }, description: 'Also delete everything below it' };
  return operation(resource, 'delete', `Delete a ${resource.name}`, {
    ...(resource.name === 'loadbalancer' ? { parameters: [cascade] } : {}),
    responses: { 204: { description: 'On its way out' }, ...failures(400, 401, 403, 404, 409) },
  });
}

/** Only members have it: the whole list in one write. */
function batchOf(resource: Resource): Operation {
  const schema = {
    type: 'object',
    additionalProperties: false,
    required: [resource.collection],
    properties: { [resource.collection]: { type: 'array', items: reference(`${resource.name}Create`) } },
  };
  const additive = { name: 'additive_only', in: 'query', schema: { type: 'boolean', default: false }, description: 'Keep members that the body does not name' };
  return operation(resource, 'replace', "Set a pool's members: told apart by address and port", {
    parameters: [additive],
    requestBody: { required: true, content: body('', schema).content },
    responses: { 202: { description: 'Accepted; no body' }, ...failures(400, 401, 403, 404, 409, 413, 415) },
  });
}

export function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

export function body(description: string, schema: JsonSchema): { readonly description: string; readonly content: JsonSchema } {
  return { description, content: { 'application/json': { schema } } };
}

function one(description: string, resource: Resource, suffix: string): ReturnType<typeof body> {
  return body(description, { type: 'object', required: [resource.name], properties: { [resource.name]: reference(`${resource.name}${suffix}`) } });
}

const LINKS = {
  type: 'array',
  description: 'next when the page is full, previous behind a marker',
  items: { type: 'object', properties: { rel: { enum: ['next', 'previous'] }, href: { type: 'string', format: 'uri' } } },
};

function query(name: string, schema: JsonSchema, description: string): JsonSchema {
  return { name, in: 'query', schema, description };
}

/** Shown columns that hold one value: those a list can be filtered by. */
function filters(resource: Resource): JsonSchema[] {
  const stored = columns(resource);
  const names = shownFields(resource).filter((name) => stored.has(name) && stored.get(name) !== 'json' && name !== 'tags');
  return names.map((name) => query(name, { type: 'array', items: resource.fields[name]?.type.schema ?? {} }, `Only those with one of these values of ${name}`));
}

const TEXT = { type: 'string' };
const FIELDS = query('fields', { type: 'array', items: TEXT }, 'Only these attributes');
const QUERY: readonly JsonSchema[] = [
  query('tags', TEXT, 'With all of these tags, comma-separated'),
  query('tags-any', TEXT, 'With at least one of these tags'),
  query('not-tags', TEXT, 'Without all of these tags together'),
  query('not-tags-any', TEXT, 'Without any of these tags'),
  query('limit', { type: 'integer' }, 'Most objects in the answer; 0 is as many as the server gives'),
  query('marker', { type: 'string', format: 'uuid' }, 'Begin behind this object'),
  query('page_reverse', { type: 'boolean' }, 'The page before the marker'),
  query('sort', TEXT, 'Attributes to sort by: name:desc,id'),
  query('sort_key', TEXT, 'The older form of sort, with sort_dir'),
  query('sort_dir', { enum: ['asc', 'desc'] }, 'Direction for sort_key'),
  FIELDS,
];
