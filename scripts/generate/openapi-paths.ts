/** The operations of one resource. */
import type { JsonSchema } from '../../src/model/field.ts';
import type { Resource } from '../../src/model/resource.ts';
import { listFilters } from './list-filters.ts';
import { failures } from './openapi-errors.ts';
import { failureStatuses } from './openapi-statuses.ts';
import type { Documented, Verb } from './resources.ts';

export type Operation = Readonly<Record<string, unknown>>;
export type PathItem = Readonly<Record<string, Operation | readonly JsonSchema[]>>;

export function pathsOf(documented: Documented): Record<string, PathItem> {
  const { resource, path, verbs, key } = documented;
  const parents = parameters(path);
  const has = (verb: Verb): boolean => verbs.includes(verb);
  return {
    [path]: {
      ...(parents.length > 0 ? { parameters: parents } : {}),
      get: listOf(resource, parents.length > 0),
      ...(has('create') ? { post: createOf(resource) } : {}),
      ...(resource.name === 'member' ? { put: batchOf(resource) } : {}),
    },
    [`${path}/{${key}}`]: {
      parameters: [...parents, parameter(key)],
      get: showOf(resource),
      ...(has('update') ? { put: updateOf(documented) } : {}),
      ...(has('delete') ? { delete: deleteOf(documented) } : {}),
    },
  };
}

function parameters(path: string): JsonSchema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name));
}

export function parameter(name: string): JsonSchema {
  const schema = name.endsWith('id') && name !== 'project_id' ? { type: 'string', format: 'uuid' } : { type: 'string' };
  return { name, in: 'path', required: true, schema };
}

function operation(resource: Resource, verb: string, summary: string, rest: Operation): Operation {
  return { tags: [resource.title], operationId: `${verb}${resource.title.replaceAll(' ', '')}`, summary, ...rest };
}

function listOf(resource: Resource, inParent: boolean): Operation {
  const properties = { [resource.collection]: { type: 'array', items: reference(resource.name) }, [resource.links]: LINKS };
  return operation(resource, 'list', `List ${resource.collection}`, {
    parameters: [...filters(resource), ...('tags' in resource.fields ? TAGS : []), ...QUERY],
    responses: {
      200: body('A page of them', { type: 'object', required: Object.keys(properties), properties }),
      ...failures(...failureStatuses(resource, 'list', inParent)),
    },
  });
}

function showOf(resource: Resource): Operation {
  return operation(resource, 'show', `Show a ${resource.name}`, {
    parameters: [FIELDS],
    responses: { 200: tagged(one('It', resource, '')), ...failures(...failureStatuses(resource, 'show', false)) },
  });
}

function createOf(resource: Resource): Operation {
  return operation(resource, 'create', `Create a ${resource.name}`, {
    parameters: [DRY_RUN],
    requestBody: { required: true, content: one('', resource, 'Create').content },
    responses: { 201: tagged(created(resource)), ...PLANNED, ...failures(...failureStatuses(resource, 'create', false)) },
  });
}

/** A balancer that is made with its tree is answered with all of it. */
function created(resource: Resource): Body {
  const description = done('Created', resource);
  if (resource.name !== 'loadbalancer') return one(description, resource, '');
  const either = { anyOf: [reference(resource.name), reference(`${resource.name}Tree`)] };
  return body(description, { type: 'object', required: [resource.name], properties: { [resource.name]: either } });
}

/** What is delivered to nodes says when it has been. */
function done(word: string, { fields }: Resource): string {
  return 'provisioning_status' in fields ? `${word}; delivered when its provisioning_status is ACTIVE` : word;
}

function tagged(answer: Body): JsonSchema {
  return { ...answer, headers: { ETag: { schema: TEXT, description: 'For If-Match: changes when an attribute that clients set changes' } } };
}

function updateOf({ resource, updated = 200 }: Documented): Operation {
  return operation(resource, 'update', `Change a ${resource.name}`, {
    parameters: [DRY_RUN, IF_MATCH],
    requestBody: { required: true, content: one('', resource, 'Update').content },
    responses: { ...changed(resource, updated), ...failures(...failureStatuses(resource, 'update', false)) },
  });
}

/** Where the change itself is answered with 200, the status does not tell it from the plan. */
function changed(resource: Resource, status: number): Record<string, unknown> {
  const answer = tagged(one(done('Changed', resource), resource, ''));
  if (status !== 200) return { ...PLANNED, [status]: answer };
  const either = [one('', resource, ''), PLANNED[200]].map(({ content }) => content['application/json'].schema);
  return { 200: { ...answer, ...body(`${done('Changed', resource)}. With X-Weir-Dry-Run: what would change`, { anyOf: either }) } };
}

function deleteOf({ resource, deleted = 204 }: Documented): Operation {
  const cascade = { name: 'cascade', in: 'query', schema: { type: 'boolean', default: false }, description: 'Also delete everything below it' };
  return operation(resource, 'delete', `Delete a ${resource.name}`, {
    // What holds an amphora's values is the server alone.
    parameters: [DRY_RUN, ...(resource.name === 'amphora' ? [] : [IF_MATCH]), ...(resource.name === 'loadbalancer' ? [cascade] : [])],
    responses: {
      ...PLANNED,
      [deleted]: { description: 'provisioning_status' in resource.fields ? 'On its way out' : 'Gone' },
      ...failures(...failureStatuses(resource, 'delete', false)),
    },
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
    parameters: [DRY_RUN, IF_MATCH, additive],
    requestBody: { required: true, content: body('', schema).content },
    responses: { 202: { description: 'Accepted; no body' }, ...PLANNED, ...failures(...failureStatuses(resource, 'create', false), 412) },
  });
}

export function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A body of JSON. */
interface Body {
  readonly description: string;
  readonly content: { readonly 'application/json': { readonly schema: JsonSchema } };
}

export function body(description: string, schema: JsonSchema): Body {
  return { description, content: { 'application/json': { schema } } };
}

function one(description: string, resource: Resource, suffix: string): Body {
  return body(description, { type: 'object', required: [resource.name], properties: { [resource.name]: reference(`${resource.name}${suffix}`) } });
}

const LINKS = {
  type: 'array',
  description: 'next when the page is full, previous behind a marker',
  items: { type: 'object', required: ['rel', 'href'], properties: { rel: { enum: ['next', 'previous'] }, href: { type: 'string', format: 'uri' } } },
};

function query(name: string, schema: JsonSchema, description: string): JsonSchema {
  return { name, in: 'query', schema, description };
}

function filters(resource: Resource): JsonSchema[] {
  return listFilters(resource).map((name) =>
    query(name, { type: 'array', items: resource.fields[name]?.type.schema ?? {} }, `Only those with one of these values of ${name}`),
  );
}

const TEXT = { type: 'string' };
export const DRY_RUN: JsonSchema = {
  name: 'X-Weir-Dry-Run',
  in: 'header',
  schema: { type: 'boolean', default: false },
  description: 'Answer with the plan and change nothing',
};
export const IF_MATCH: JsonSchema = { name: 'If-Match', in: 'header', schema: TEXT, description: 'Refuse with 412 unless the object still has this ETag' };
/** Every write can be rehearsed. */
export const PLANNED = {
  200: body('With X-Weir-Dry-Run: what would change', { type: 'object', required: ['plan'], properties: { plan: reference('Plan') } }),
};
const FIELDS = query('fields', { type: 'array', items: TEXT }, 'Only these attributes');
const TAGS: readonly JsonSchema[] = [
  query('tags', TEXT, 'With all of these tags, comma-separated'),
  query('tags-any', TEXT, 'With at least one of these tags'),
  query('not-tags', TEXT, 'Without all of these tags together'),
  query('not-tags-any', TEXT, 'Without any of these tags'),
];
const QUERY: readonly JsonSchema[] = [
  query('limit', { type: 'integer' }, 'Most objects in the answer; 0 is as many as the server gives'),
  query('marker', TEXT, 'Begin behind the object with this id'),
  query('page_reverse', { type: 'boolean' }, 'The page before the marker'),
  query('sort', TEXT, 'Attributes to sort by: name:desc,id'),
  query('sort_key', TEXT, 'The older form of sort, with sort_dir'),
  query('sort_dir', { enum: ['asc', 'desc'] }, 'Direction for sort_key'),
  FIELDS,
];
