import * as common from './common-fields.ts';
import { type FieldType, ValueError, integer, oneOf, references, text, uuid } from './field.ts';
import type { PoolProtocol } from './pool.ts';
import { type RowOf, computed, defaulted, internal, optional, parent, required, resource } from './resource.ts';

export const MONITOR_TYPES = ['HTTP', 'HTTPS', 'PING', 'TCP', 'TLS-HELLO', 'UDP-CONNECT', 'SCTP'] as const;
export type MonitorType = (typeof MONITOR_TYPES)[number];
export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'OPTIONS', 'CONNECT', 'PATCH'] as const;

/** One code, a list, or one range; no mix (reference §2.6). */
const expectedCodes = text({ max: 64, pattern: /^(\d{3}(\s*,\s*\d{3})*|\d{3}-\d{3})$/, hint: 'Value should be a code, a list of codes or a range of codes' });
/** Printable ASCII without blanks, starting with a slash: a request target in origin form (RFC 9112 §3.2.1). */
const urlPath = text({ max: 255, pattern: /^\/[\x21-\x7e]*$/, hint: 'Value should be a URL path starting with a slash, without whitespace' });
/** A host name as it may stand in a Host header: letters, digits, dots, dashes, an optional port. */
const domainName = text({ max: 255, min: 1, pattern: /^[A-Za-z0-9]([A-Za-z0-9\-._]*[A-Za-z0-9])?(:\d{1,5})?$/, hint: 'Value should be a host name' });

/** '1.0' or '1.1'; clients send it as a number as well as a string. */
const httpVersion: FieldType<number> = {
  name: 'http version',
  storage: 'real',
  schema: { type: 'number', enum: [1, 1.1] },
  parse(value) {
    const number = Number(value);
    if (number !== 1 && number !== 1.1) throw new ValueError('Value should be one of: 1.0, 1.1');
    return number;
  },
};

/** Octavia's health monitor (reference §2.6). */
export const healthMonitor = resource({
  name: 'healthmonitor',
  collection: 'healthmonitors',
  title: 'Health Monitor',
  argument: 'health_monitor',
  table: 'health_monitor',
  doc: "How a pool's members are checked.",
  fields: {
    id: common.id,
    name: common.name,
    type: required(oneOf(...MONITOR_TYPES), 'Kind of check', { settable: 'create' }),
    delay: required(integer({ min: 0, max: 86_400 }), 'Seconds between checks'),
    timeout: required(integer({ min: 0, max: 86_400 }), 'Seconds a check may take'),
    max_retries: required(integer({ min: 1, max: 10 }), 'Successes in a row that bring a member up'),
    max_retries_down: defaulted(integer({ min: 1, max: 10 }), 3, 'Failures in a row that take a member down'),
    http_method: optional(oneOf(...HTTP_METHODS), 'Method of an HTTP check'),
    url_path: optional(urlPath, 'Path of an HTTP check'),
    expected_codes: optional(expectedCodes, 'Codes of an HTTP check that mean healthy'),
    admin_state_up: common.adminStateUp,
    project_id: common.inheritedProject,
    pools: computed(references, 'Its pool, as a list'),
    provisioning_status: common.provisioningStatus,
    operating_status: common.operatingStatus,
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    tags: common.tags,
    http_version: optional(httpVersion, 'HTTP version of the check', { since: '2.10' }),
    domain_name: optional(domainName, 'Host header of the check; needs HTTP 1.1', { since: '2.10' }),
    tenant_id: common.tenantId,

    pool_id: parent(uuid, 'Pool it checks'),
    loadbalancer_id: internal(uuid, 'Load balancer it belongs to'),
    generation: common.generation,
    deleting: common.deleting,
  },
});
export type HealthMonitor = RowOf<typeof healthMonitor>;

/** Values an HTTP monitor gets when its creator is silent; other types have none. */
export const HTTP_MONITOR_DEFAULTS = { http_method: 'GET', url_path: '/', expected_codes: '200' } as const;

/** Which monitors may check which pools (reference §3.4). */
export function monitorsFor(protocol: PoolProtocol): readonly MonitorType[] {
  return protocol === 'UDP' || protocol === 'SCTP' ? ['HTTP', 'TCP', 'SCTP', 'UDP-CONNECT'] : ['HTTP', 'HTTPS', 'PING', 'TCP', 'TLS-HELLO'];
}
