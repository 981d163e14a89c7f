import * as common from './common-fields.ts';
import { boolean, cidr, integer, listOf, nestedObject, nestedObjects, oneOf, references, stringMap, text, uuid } from './field.ts';
import { type RowOf, computed, defaulted, input, optional, parent, required, resource } from './resource.ts';

export const LISTENER_PROTOCOLS = ['TCP', 'HTTP', 'HTTPS', 'TERMINATED_HTTPS', 'UDP', 'SCTP', 'PROMETHEUS'] as const;
export type ListenerProtocol = (typeof LISTENER_PROTOCOLS)[number];
export const TLS_VERSIONS = ['SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export const ALPN_PROTOCOLS = ['h2', 'http/1.1', 'http/1.0'] as const;

/** 24 days: Octavia's and HAProxy's longest timeout, in milliseconds. */
const timeout = integer({ min: 0, max: 2_073_600_000 });
const containerRef = text({ max: 255 });
export const tlsCiphers = text({ max: 2048, pattern: /^[A-Za-z0-9\-+!:@=_.]*$/, hint: 'Value should be an OpenSSL cipher string' });

/** Octavia's listener (reference §2.3). */
export const listener = resource({
  name: 'listener',
  collection: 'listeners',
  title: 'Listener',
  argument: 'listener',
  table: 'listener',
  doc: "A protocol and port of a load balancer's VIP.",
  fields: {
    id: common.id,
    name: common.name,
    description: common.description,
    provisioning_status: common.provisioningStatus,
    operating_status: common.operatingStatus,
    admin_state_up: common.adminStateUp,
    protocol: required(oneOf(...LISTENER_PROTOCOLS), 'Protocol', { settable: 'create' }),
    protocol_port: required(integer({ min: 1, max: 65_535 }), 'Port', { settable: 'create' }),
    connection_limit: defaulted(integer({ min: -1 }), -1, 'Connections at a time; -1 is unlimited'),
    default_tls_container_ref: optional(containerRef, 'Certificate'),
    sni_container_refs: defaulted(listOf(containerRef, 100), [], 'Further certificates, chosen by SNI'),
    project_id: common.inheritedProject,
    default_pool_id: optional(uuid, 'Pool that serves it'),
    l7policies: computed(references, 'Its L7 policies', { settable: 'create', accepts: nestedObjects('l7policy') }),
    insert_headers: defaulted(stringMap(255), {}, 'Headers to add towards members'),
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    loadbalancers: computed(references, 'Its load balancer, as a list'),
    timeout_client_data: defaulted(timeout, 50_000, 'Client inactivity, ms', { since: '2.1' }),
    timeout_member_connect: defaulted(timeout, 5000, 'Connecting to a member, ms', { since: '2.1' }),
    timeout_member_data: defaulted(timeout, 50_000, 'Member inactivity, ms', { since: '2.1' }),
    timeout_tcp_inspect: defaulted(timeout, 0, 'Waiting for content to inspect, ms', { since: '2.1' }),
    tags: common.tags,
    client_ca_tls_container_ref: optional(containerRef, 'CA of client certificates', { since: '2.8' }),
    client_authentication: defaulted(oneOf('NONE', 'OPTIONAL', 'MANDATORY'), 'NONE', 'Client certificates', { since: '2.8' }),
    client_crl_container_ref: optional(containerRef, 'Revoked client certificates', { since: '2.8' }),
    allowed_cidrs: optional(listOf(cidr), 'Who may connect; null is everybody', { since: '2.12' }),
    tls_ciphers: optional(tlsCiphers, 'OpenSSL ciphers', { since: '2.15' }),
    tls_versions: optional(listOf(oneOf(...TLS_VERSIONS)), 'TLS versions', { since: '2.17' }),
    alpn_protocols: optional(listOf(oneOf(...ALPN_PROTOCOLS)), 'ALPN protocols', { since: '2.20' }),
    hsts_max_age: optional(integer({ min: 0 }), 'HSTS max-age, s', { since: '2.27' }),
    hsts_include_subdomains: defaulted(boolean, false, 'HSTS includeSubDomains', { since: '2.27' }),
    hsts_preload: defaulted(boolean, false, 'HSTS preload', { since: '2.27' }),
    tenant_id: common.tenantId,

    default_pool: input(nestedObject('pool'), 'Pool to make and to use by default, or the name of one made in the same request'),
    loadbalancer_id: parent(uuid, 'Load balancer it belongs to'),
    generation: common.generation,
    deleting: common.deleting,
  },
});
export type Listener = RowOf<typeof listener>;
