/** docs/api/openapi.json: OpenAPI 3.1 of the load-balancer face, from the declarations. */
import type { JsonSchema } from '../../src/model/field.ts';
import { ERROR_SCHEMAS, errorResponses } from './openapi-errors.ts';
import { STATISTICS, STATUS_TREE, statusPaths } from './openapi-observed.ts';
import { OPERATOR_SCHEMAS, PLAN, operatorPaths } from './openapi-operator.ts';
import { type PathItem, pathsOf } from './openapi-paths.ts';
import { RECORD_SCHEMAS, RECORD_TAG, recordPaths } from './openapi-records.ts';
import { schemasOf } from './openapi-schemas.ts';
import { treeSchemas } from './openapi-tree.ts';
import { PREFIX, RESOURCES } from './resources.ts';
import manifest from '../../package.json' with { type: 'json' };

export function openApiText(): string {
  return `${JSON.stringify(openApi(), null, 2)}\n`;
}

/** Paths of the load-balancer face alone: those of other faces have a server of their own. */
export function octaviaPaths(): [path: string, item: PathItem][] {
  return Object.entries(openApi().paths).filter(([, item]) => !('servers' in item));
}

/** The document as a value. */
export function openApi(): JsonSchema & { readonly paths: Readonly<Record<string, PathItem>> } {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Edgeweir load balancing',
      version: manifest.version,
      description:
        "OpenStack Octavia's API v2. The same paths answer without /lbaas and under /v2. Get a token from the identity face (/identity/v3/auth/tokens). The events and the audit trail, which Octavia does not have, lie at the root of the server.",
      license: { name: manifest.license, identifier: manifest.license },
    },
    servers: [{ url: PREFIX, description: "Relative to the server's address" }],
    security: [{ token: [] }],
    tags: [...RESOURCES.map(({ resource }) => ({ name: resource.title, description: resource.doc })), ...TAGS],
    paths: { '/': versionsPath(), ...Object.assign({}, ...RESOURCES.map(pathsOf)), ...statusPaths(), ...operatorPaths(), ...recordPaths() },
    components: {
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
      schemas: {
        ...Object.assign({}, ...RESOURCES.map(schemasOf)),
        ...treeSchemas(),
        Statistics: STATISTICS,
        StatusTree: STATUS_TREE,
        Plan: PLAN,
        ...OPERATOR_SCHEMAS,
        ...RECORD_SCHEMAS,
        ...ERROR_SCHEMAS,
      },
      responses: errorResponses(),
    },
  };
}

const TAGS = [
  { name: 'Provider', description: 'What carries load balancers, and what its flavors and availability zones may say.' },
  { name: 'Versions', description: 'What a client may expect.' },
  RECORD_TAG,
];

function versionsPath(): PathItem {
  const version = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      status: { enum: ['SUPPORTED', 'CURRENT'] },
      updated: { type: 'string' },
      links: { type: 'array', items: { type: 'object' } },
    },
  };
  const schema = { type: 'object', properties: { versions: { type: 'array', items: version } } };
  return {
    get: {
      tags: ['Versions'],
      summary: 'List versions',
      operationId: 'listVersions',
      security: [],
      responses: { 200: { description: 'Versions, oldest first', content: { 'application/json': { schema } } } },
    },
  };
}
