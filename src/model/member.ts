import * as common from './common-fields.ts';
import { boolean, integer, ipAddress, ipAddressAsWritten, oneOf, text, time, uuid, uuidOrName } from './field.ts';
import { type RowOf, defaulted, input, internal, kept, optional, required, resource } from './resource.ts';

const port = integer({ min: 1, max: 65_535 });

/** Octavia's member (reference §2.5). */
export const member = resource({
  name: 'member',
  collection: 'members',
  title: 'Member',
  argument: 'member',
  table: 'member',
  doc: 'One server of a pool: an address and a port.',
  fields: {
    id: common.id,
    name: common.name,
    operating_status: common.operatingStatus,
    provisioning_status: common.provisioningStatus,
    admin_state_up: common.adminStateUp,
    address: required(ipAddressAsWritten, 'Address of the server', { settable: 'create' }),
    protocol_port: required(port, 'Port of the server', { settable: 'create' }),
    weight: defaulted(integer({ min: 0, max: 256 }), 1, 'Share of the requests; 0 drains'),
    backup: defaulted(boolean, false, 'Serves only when all others are down', { since: '2.1' }),
    subnet_id: optional(uuid, 'Subnet the address is reached through', { settable: 'create', accepts: uuidOrName }),
    project_id: common.inheritedProject,
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    monitor_address: optional(ipAddressAsWritten, 'Address to check instead'),
    monitor_port: optional(port, 'Port to check instead'),
    tags: common.tags,
    status_reason: kept<string | null>(
      text({ max: 255 }),
      'Why it is in its operating status: the last answer to a check, in words; null where nothing is checked',
    ),
    status_changed_at: kept<string | null>(time, 'When the operating status last changed; null if it never did'),
    status_seen_by: kept<'check' | 'traffic' | null>(oneOf('check', 'traffic'), 'Who saw that change: a check, or connections of clients that failed'),
    vnic_type: kept(oneOf('normal', 'direct'), 'Kind of port that reaches it', { since: '2.30' }),
    tenant_id: common.tenantId,

    request_sriov: input(boolean, 'Ask for an SR-IOV port', { since: '2.30' }),
    host: internal(ipAddress, 'The address in its canonical spelling: what tells members apart'),
    pool_id: internal(uuid, 'Pool it belongs to'),
    loadbalancer_id: internal(uuid, 'Load balancer it belongs to'),
    generation: common.generation,
    deleting: common.deleting,
  },
});
export type Member = RowOf<typeof member>;
