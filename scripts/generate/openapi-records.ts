/** What happened: the stream of events and the audit trail, which lie beside the load-balancing API at the root of the server. */
import type { NAMES as AUDIT_NAMES } from '../../src/api/audit/audit-query.ts';
import type { NAMES as EVENT_NAMES } from '../../src/api/events/event-query.ts';
import type { JsonSchema } from '../../src/model/field.ts';
import { AUDITED, AUDIT_ACTIONS } from '../../src/store/audit.ts';
import { errorObject } from './openapi-errors.ts';
import type { Operation, PathItem } from './openapi-paths.ts';
import { body, reference } from './openapi-paths.ts';

const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };
const COUNT = { type: 'integer', minimum: 1 };

type Arguments<N extends string> = Readonly<Record<N, readonly [schema: JsonSchema, description: string]>>;

const SCOPE = {
  project_id: [TEXT, 'Only of this project'],
  all_projects: [{ type: 'boolean' }, "true: of all projects; false: of the token's own; as many as the caller may read if not given"],
} as const;

const EVENT_ARGUMENTS: Arguments<(typeof EVENT_NAMES)[number]> = {
  ...SCOPE,
  type: [TEXT, 'Only those whose type begins like this'],
  loadbalancer_id: [TEXT, 'Only of this load balancer'],
  since: [{ type: 'integer', minimum: 0 }, 'Number of the last event that the reader has: begin behind it. The header Last-Event-ID goes before it'],
  format: [{ enum: ['stream', 'json'] }, 'A stream, or one page; without it the header Accept decides'],
  limit: [COUNT, 'Most events on a page; 100 if not given. Pages only'],
};

const AUDIT_ARGUMENTS: Arguments<(typeof AUDIT_NAMES)[number]> = {
  ...SCOPE,
  resource: [{ enum: AUDITED }, 'Only of objects of this kind'],
  resource_id: [TEXT, 'Only of this object'],
  action: [{ enum: AUDIT_ACTIONS }, 'Only writes that did this'],
  user_id: [TEXT, 'Only by this user'],
  request_id: [TEXT, 'Only of the request with this X-Openstack-Request-Id'],
  since: [TEXT, 'Not before this time or day: 2026-11-22T17:51:50Z; UTC without a zone'],
  until: [TEXT, 'Before this time or day'],
  limit: [COUNT, 'Most entries on a page; 100 if not given'],
  marker: [TEXT, 'Go on behind the entry with this id'],
};

export const RECORD_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Event: {
    type: 'object',
    required: ['seq', 'id', 'time', 'type', 'project_id', 'payload'],
    properties: {
      seq: { ...COUNT, description: 'Rises with every event; the id of a server-sent event' },
      id: { type: 'string', format: 'uuid' },
      time: { ...TEXT, description: 'ISO 8601, UTC' },
      type: { enum: ['octavia.loadbalancer.create.end', 'octavia.loadbalancer.update.end', 'octavia.loadbalancer.delete.end'] },
      project_id: TEXT_OR_NULL,
      payload: { type: 'object', description: "The load balancer, as in Octavia's notifications" },
    },
  },
  EventGap: {
    type: 'object',
    required: ['since', 'resumed'],
    description: 'What the reader will never get: removed already, or of another installation',
    properties: { since: { type: 'integer' }, resumed: { type: 'integer', description: 'What follows begins behind this number' } },
  },
  AuditEntry: {
    type: 'object',
    description: "CADF's activity event (DMTF DSP0262)",
    required: ['id', 'typeURI', 'eventType', 'eventTime', 'action', 'outcome', 'initiator', 'target', 'observer', 'attachments'],
    properties: {
      id: TEXT,
      typeURI: TEXT,
      eventType: { const: 'activity' },
      eventTime: { ...TEXT, description: 'ISO 8601, UTC' },
      action: { ...TEXT, description: 'What was done to which kind: update/loadbalancer' },
      outcome: { const: 'success' },
      initiator: {
        type: 'object',
        required: ['id', 'typeURI', 'name', 'project_id', 'request_id', 'host'],
        properties: {
          id: TEXT_OR_NULL,
          typeURI: TEXT,
          name: TEXT_OR_NULL,
          project_id: TEXT_OR_NULL,
          request_id: TEXT_OR_NULL,
          host: { type: 'object', required: ['address'], properties: { address: TEXT_OR_NULL } },
        },
      },
      target: {
        type: 'object',
        required: ['id', 'typeURI', 'name', 'project_id'],
        properties: { id: TEXT, typeURI: TEXT, name: TEXT_OR_NULL, project_id: TEXT_OR_NULL },
      },
      observer: { type: 'object', required: ['id', 'typeURI', 'name'], properties: { id: TEXT, typeURI: TEXT, name: TEXT } },
      attachments: {
        type: 'array',
        description: 'The object before and after the write, and what differs',
        items: {
          type: 'object',
          required: ['name', 'typeURI', 'content'],
          properties: { name: { enum: ['before', 'after', 'diff'] }, typeURI: TEXT, content: { type: 'object' } },
        },
      },
    },
  },
  RecordError: errorObject({ type: 'integer' }),
};

export const RECORD_TAG = { name: 'Records', description: 'What happened and who did it. Not in Octavia; at the root of the server.' };

const ROOT = [{ url: '/', description: 'Beside the load-balancing API' }];

/** Paths with a server of their own, since those of the document lie below /load-balancer. */
export function recordPaths(): Record<string, PathItem> {
  return {
    '/events': { servers: ROOT, get: events() },
    '/audit': { servers: ROOT, get: audit() },
  };
}

function events(): Operation {
  const properties = {
    events: { type: 'array', items: reference('Event') },
    gap: { anyOf: [reference('EventGap'), { type: 'null' }] },
    next: { type: 'string', format: 'uri', description: 'Address of the next page, also when there is nothing on it yet' },
  };
  const { content } = body('', { type: 'object', required: Object.keys(properties), properties });
  const stream = { schema: { type: 'string', description: 'Server-sent events: id is the number, event the type, data an event as JSON without seq' } };
  const resume = { name: 'Last-Event-ID', in: 'header', schema: { type: 'integer', minimum: 0 }, description: 'As since; what browsers send' };
  return {
    tags: [RECORD_TAG.name],
    operationId: 'readEvents',
    summary: 'Read what happened to load balancers, as it happens or page by page',
    parameters: [...parametersOf(EVENT_ARGUMENTS), resume],
    responses: { 200: { description: 'A stream without end, or a page', content: { 'text/event-stream': stream, ...content } }, ...refusals() },
  };
}

function audit(): Operation {
  const link = { type: 'object', properties: { rel: { const: 'next' }, href: { type: 'string', format: 'uri' } } };
  const properties = { events: { type: 'array', items: reference('AuditEntry') }, events_links: { type: 'array', items: link } };
  return {
    tags: [RECORD_TAG.name],
    operationId: 'listAuditEntries',
    summary: 'List who changed what, the newest first',
    parameters: parametersOf(AUDIT_ARGUMENTS),
    responses: { 200: body('A page of them', { type: 'object', required: Object.keys(properties), properties }), ...refusals() },
  };
}

function parametersOf(all: Arguments<string>): JsonSchema[] {
  return Object.entries(all).map(([name, [schema, description]]) => ({ name, in: 'query', schema, description }));
}

const WHY = { 400: 'An argument that cannot be meant', 401: 'No valid token', 403: 'Not for this caller', 503: 'Not at present' };

function refusals(): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(WHY).map(([status, why]) => [status, { ...body(why, reference('RecordError')) }]));
}
