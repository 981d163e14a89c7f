/** Error answers, from the catalogue: one response per status, with every fault of that status as an example. */
import { errorBody } from '../../src/api/octavia/error-body.ts';
import type { Fault } from '../../src/model/fault.ts';
import type { JsonSchema } from '../../src/model/field.ts';
import { exampleFaults } from './fault-examples.ts';

/** keystonemiddleware's shape, which the faces that are no OpenStack service's have, too. */
export function errorObject(code: JsonSchema): JsonSchema {
  const error = { type: 'object', required: ['code', 'title', 'message'], properties: { code, title: { type: 'string' }, message: { type: 'string' } } };
  return { type: 'object', required: ['error'], properties: { error } };
}

export const ERROR_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Fault: {
    type: 'object',
    required: ['faultcode', 'faultstring', 'debuginfo'],
    properties: { faultcode: { enum: ['Client', 'Server'] }, faultstring: { type: 'string' }, debuginfo: { type: ['string', 'null'] } },
  },
  RoutingFault: {
    type: 'object',
    required: ['code', 'title', 'description'],
    properties: { code: { type: 'integer' }, title: { type: 'string' }, description: { type: 'string' } },
  },
  Unauthorized: errorObject({ const: 401 }),
};

/** Without a token, without the right, without an answer that the client takes; and what is the server's own fault. */
const ALWAYS = [401, 403, 406, 500, 503];

/** References to the responses of these statuses, and to those that every request may get. */
export function failures(...statuses: readonly number[]): Record<string, JsonSchema> {
  const all = new Set([...statuses, ...ALWAYS]);
  return Object.fromEntries([...all].map((status) => [status, { $ref: `#/components/responses/${status}` }]));
}

export function errorResponses(): Record<string, JsonSchema> {
  const byStatus = Map.groupBy(exampleFaults(), ({ status }) => status);
  return Object.fromEntries(
    [...byStatus].map(([status, faults]) => [status, { description: faults.map(({ code }) => code).join(', '), content: contentOf(faults) }]),
  );
}

function contentOf(faults: readonly Fault[]): JsonSchema {
  const examples = faults.map((fault) => ({ name: fault.code, value: errorBody(fault) }));
  const text = examples.filter(({ value }) => typeof value === 'string');
  if (text.length > 0) return { 'text/plain': { schema: { type: 'string' }, examples: named(text) } };
  const schemas = [...new Set(examples.map(({ value }) => schemaOf(value)))].map((name) => ({ $ref: `#/components/schemas/${name}` }));
  return { 'application/json': { schema: schemas.length === 1 ? schemas[0] : { anyOf: schemas }, examples: named(examples) } };
}

function named(examples: readonly { name: string; value: unknown }[]): JsonSchema {
  return Object.fromEntries(examples.map(({ name, value }) => [name, { value }]));
}

function schemaOf(value: object | string): string {
  if (typeof value === 'object' && 'error' in value) return 'Unauthorized';
  return typeof value === 'object' && 'description' in value ? 'RoutingFault' : 'Fault';
}
