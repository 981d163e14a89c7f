/** What operators ask for besides the resources: providers, defaults of quotas, failover, amphorae; and plans. */
import type { JsonSchema } from '../../src/model/field.ts';
import { objectSchema } from '../../src/model/resource.ts';
import { quota } from '../../src/model/quota.ts';
import { failures } from './openapi-errors.ts';
import { STATISTICS } from './openapi-observed.ts';
import { DRY_RUN, IF_MATCH, type Operation, PLANNED, type PathItem, body, parameter, reference } from './openapi-paths.ts';

const TEXT = { type: 'string' };
const NAMED = { type: 'object', properties: { name: TEXT, description: TEXT } };
const COST = { enum: ['runtime', 'reload', 'restart', null] };

/** The answer to a write with X-Weir-Dry-Run. */
export const PLAN: JsonSchema = {
  type: 'object',
  required: ['changes', 'nodes'],
  properties: {
    changes: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          action: { enum: ['create', 'update', 'delete', 'failover', 'reset'] },
          resource: TEXT,
          id: { type: ['string', 'null'] },
          attributes: { type: 'object', additionalProperties: { type: 'object', properties: { before: {}, after: {} } } },
        },
      },
    },
    nodes: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          node: TEXT,
          loadbalancer: TEXT,
          driver: TEXT,
          cost: COST,
          steps: { type: 'array', items: { type: 'object', properties: { kind: TEXT, cost: COST, detail: TEXT } } },
          config: { type: 'array', items: TEXT, description: "Lines of the proxy's configuration that come (+) and go (-)" },
        },
      },
    },
  },
};

export const OPERATOR_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Provider: NAMED,
  Capability: NAMED,
  AmphoraStatistics: {
    type: 'object',
    properties: { id: TEXT, listener_id: TEXT, loadbalancer_id: TEXT, ...(STATISTICS['properties'] as object) },
  },
  QuotaDefaults: limitsOnly(),
};

/** The defaults are nobody's. */
function limitsOnly(): JsonSchema {
  const { project_id: _project, tenant_id: _tenant, ...properties } = objectSchema(quota, 'response')['properties'] as Record<string, JsonSchema>;
  return { type: 'object', properties };
}

function operation(tag: string, operationId: string, summary: string, rest: Operation): Operation {
  return { tags: [tag], operationId, summary, ...rest };
}

interface Reading {
  readonly tag: string;
  readonly id: string;
  readonly summary: string;
  /** Name of the only attribute of the answer. */
  readonly root: string;
  readonly schema: JsonSchema;
  readonly statuses?: readonly number[];
  readonly parameters?: readonly JsonSchema[];
}

function read({ tag, id, summary, root, schema, statuses = [], parameters = [] }: Reading): Operation {
  const answer = body('It', { type: 'object', required: [root], properties: { [root]: schema } });
  return operation(tag, id, summary, {
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { 200: answer, ...failures(...statuses) },
  });
}

/** A write that has no body of its own. */
function accepted(tag: string, operationId: string, summary: string, statuses: readonly number[]): Operation {
  return operation(tag, operationId, summary, {
    parameters: [DRY_RUN, ...(statuses.includes(412) ? [IF_MATCH] : [])],
    responses: { ...PLANNED, 202: { description: 'Accepted; no body' }, ...failures(...statuses) },
  });
}

function several(name: string): JsonSchema {
  return { type: 'array', items: reference(name) };
}

const LBAAS = '/v2.0/lbaas';
const AMPHORA = '/v2.0/octavia/amphorae/{id}';
const FIELDS: JsonSchema = { name: 'fields', in: 'query', schema: { type: 'array', items: TEXT }, description: 'Only these attributes' };

export function operatorPaths(): Record<string, PathItem> {
  const providers = { tag: 'Provider', id: 'listProviders', summary: 'List providers', root: 'providers', schema: several('Provider'), parameters: [FIELDS] };
  return {
    [`${LBAAS}/providers`]: { get: read(providers) },
    ...capabilities('flavor', 'Flavor'),
    ...capabilities('availability_zone', 'AvailabilityZone'),
    ...quotaPaths(),
    ...actions(),
    ...amphoraStatistics(),
  };
}

function quotaPaths(): Record<string, PathItem> {
  const common = { tag: 'Quotas', root: 'quota', schema: reference('QuotaDefaults') };
  return {
    [`${LBAAS}/quotas/defaults`]: { get: read({ ...common, id: 'showQuotaDefaults', summary: 'Show the default limits' }) },
    [`${LBAAS}/quotas/{project_id}/default`]: {
      parameters: [parameter('project_id')],
      get: read({ ...common, id: 'showProjectQuotaDefaults', summary: 'Show the default limits, by project', statuses: [400] }),
    },
  };
}

function actions(): Record<string, PathItem> {
  const reset = 'End whatever it waits for: ERROR at once, then delivered anew';
  return {
    ...act(`${LBAAS}/loadbalancers/{id}/failover`, accepted('Load Balancer', 'failOverLoadBalancer', 'Replace its nodes', [404, 409, 412])),
    ...act(`${LBAAS}/loadbalancers/{id}/reset-state`, accepted('Load Balancer', 'resetLoadBalancer', reset, [404, 412])),
    ...act(`${AMPHORA}/config`, accepted('Amphora', 'configureAmphora', 'Compare it with what it should run, and mend it', [404, 501])),
    ...act(`${AMPHORA}/failover`, accepted('Amphora', 'failOverAmphora', 'Replace it', [404, 409, 501])),
  };
}

function amphoraStatistics(): Record<string, PathItem> {
  const wanted = { tag: 'Amphora', id: 'showAmphoraStatistics', summary: 'Show counters by listener', root: 'amphora_stats', statuses: [404] };
  return { [`${AMPHORA}/stats`]: { parameters: [parameter('id')], get: read({ ...wanted, schema: several('AmphoraStatistics') }) } };
}

function act(path: string, put: Operation): Record<string, PathItem> {
  return { [path]: { parameters: [parameter('id')], put } };
}

function capabilities(kind: string, name: string): Record<string, PathItem> {
  const summary = `List what the data of a ${kind.replace('_', ' ')} profile may say`;
  const filters = ['name', 'description'].map((one) => ({ name: one, in: 'query', schema: TEXT, description: `Only those with this ${one}` }));
  const wanted = { tag: 'Provider', id: `list${name}Capabilities`, summary, root: `${kind}_capabilities`, parameters: [...filters, FIELDS] };
  return {
    [`${LBAAS}/providers/{provider}/${kind}_capabilities`]: {
      parameters: [parameter('provider')],
      // A provider that is not there is refused with 400.
      get: read({ ...wanted, schema: several('Capability'), statuses: [400] }),
    },
  };
}
