import * as common from './common-fields.ts';
import { integer, ipAddress, listOf, nestedObjects, oneOf, record, references, text, time, uuid, uuidOrName } from './field.ts';
import { type RowOf, computed, defaulted, internal, kept, optional, resource } from './resource.ts';

const additionalVip = record({ subnet_id: { type: uuidOrName, required: true }, ip_address: { type: ipAddress } });
/** As shown: with the port that holds the address. */
const heldVip = record({ subnet_id: { type: uuid, required: true }, ip_address: { type: ipAddress }, port_id: { type: uuid } });

/** Octavia's load balancer (reference §2.2). */
export const loadBalancer = resource({
  name: 'loadbalancer',
  collection: 'loadbalancers',
  title: 'Load Balancer',
  argument: 'load_balancer',
  table: 'load_balancer',
  doc: 'One virtual IP and everything that answers on it.',
  fields: {
    id: common.id,
    name: common.name,
    description: common.description,
    provisioning_status: common.provisioningStatus,
    operating_status: common.operatingStatus,
    admin_state_up: common.adminStateUp,
    project_id: optional(text({ max: 36 }), "Project that owns it; the token's project if not given", { settable: 'create' }),
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    vip_address: optional(ipAddress, 'Address clients use; chosen from the subnet if not given', { settable: 'create' }),
    vip_port_id: optional(uuid, 'Port that holds the address', { settable: 'create' }),
    vip_subnet_id: optional(uuid, 'Subnet of the address', { settable: 'create', accepts: uuidOrName }),
    vip_network_id: optional(uuid, 'Network of the address', { settable: 'create', accepts: uuidOrName }),
    additional_vips: defaulted(listOf(heldVip, 10), [], 'Further addresses on the same network', {
      settable: 'create',
      since: '2.26',
      accepts: listOf(additionalVip, 10),
    }),
    listeners: computed(references, 'Its listeners', { settable: 'create', accepts: nestedObjects('listener') }),
    pools: computed(references, 'Its pools', { settable: 'create', accepts: nestedObjects('pool') }),
    provider: optional(text({ max: 64 }), 'What carries it', { settable: 'create' }),
    flavor_id: optional(uuid, 'Flavor', { settable: 'create', since: '2.6' }),
    vip_qos_policy_id: optional(uuid, 'QoS policy of the VIP port'),
    vip_sg_ids: defaulted(listOf(uuid, 50), [], 'Security groups of the VIP port', { since: '2.29' }),
    tags: common.tags,
    availability_zone: optional(text({ max: 255 }), 'Availability zone: a site', { settable: 'create', since: '2.14' }),
    vip_vnic_type: kept(oneOf('normal', 'direct'), 'Kind of the VIP port', { since: '2.28' }),
    tenant_id: common.tenantId,

    generation: internal(integer({ min: 0 }), 'Rises with every write to the balancer or anything below it'),
    delivered_generation: internal(integer({ min: 0 }), 'The newest generation the nodes carry'),
    pending_since: internal<string | null>(time, 'When the present wait for delivery began, ISO time; null when nothing is waited for'),
    deleting: common.deleting,
    announce: internal<string | null>(text({ max: 16 }), 'create or update: the event to send when it is delivered; null when nothing is to be told'),
    status_reason: kept<string | null>(text({ max: 2000 }), 'Why it is in ERROR or still waiting, for people'),
  },
});
export type LoadBalancer = RowOf<typeof loadBalancer>;
