/** The network face's resources: as much of Neutron v2.0 as a balancer's VIP and its clients need. */
import { boolean, cidr, integer, ipAddress, listOf, oneOf, record, text, time, uuid } from './field.ts';
import { type RowOf, computed, defaulted, internal, kept, optional, required, resource } from './resource.ts';

const name = defaulted(text({ max: 255 }), '', 'Name for people');
const description = defaulted(text({ max: 255 }), '', 'Description for people');
const project = optional(text({ max: 36 }), 'Project that owns it', { settable: 'create' });
const tenant = computed(text({ max: 36 }), 'The project again, under its old name');
const createdAt = kept(time, 'When it was created, UTC with Z');
const updatedAt = kept(time, 'When it was last updated, UTC with Z');
const tags = defaulted(listOf(text({ max: 255 }), 50), [], 'Labels', { settable: 'never' });
const revision = defaulted(integer(), 0, 'Number of updates', { settable: 'never' });

export const network = resource({
  name: 'network',
  collection: 'networks',
  title: 'Network',
  argument: 'network',
  table: 'network',
  doc: 'A layer-2 segment: a bridge of this host, or one of its own inside a namespace.',
  fields: {
    id: kept(uuid, 'Identifier'),
    name,
    description,
    project_id: project,
    tenant_id: tenant,
    admin_state_up: defaulted(boolean, true, 'False switches it off'),
    shared: defaulted(boolean, false, 'Usable by every project'),
    'router:external': defaulted(boolean, false, 'Leads outside'),
    'provider:physical_network': optional(
      text({ max: 64, pattern: /^[A-Za-z0-9_.-]+$/ }),
      'Name in [local_node] bridge_mappings; null is a bridge of its own',
      { settable: 'create' },
    ),
    mtu: defaulted(integer({ min: 576, max: 65_535 }), 1500, 'MTU, bytes'),
    subnets: computed(listOf(uuid), 'Its subnets'),
    status: kept(oneOf('ACTIVE', 'DOWN'), 'State'),
    tags,
    created_at: createdAt,
    updated_at: updatedAt,
    revision_number: revision,
  },
});
export type Network = RowOf<typeof network>;

const addressRange = record({ start: { type: ipAddress, required: true }, end: { type: ipAddress, required: true } });

export const subnet = resource({
  name: 'subnet',
  collection: 'subnets',
  title: 'Subnet',
  argument: 'subnet',
  table: 'subnet',
  doc: 'An address range of a network.',
  fields: {
    id: kept(uuid, 'Identifier'),
    name,
    description,
    project_id: project,
    tenant_id: tenant,
    network_id: required(uuid, 'Network it belongs to', { settable: 'create' }),
    ip_version: required(integer({ min: 4, max: 6 }), '4 or 6', { settable: 'create' }),
    cidr: required(cidr, 'The range', { settable: 'create' }),
    gateway_ip: optional(ipAddress, 'Router towards other networks; null is none'),
    allocation_pools: optional(listOf(addressRange, 10), 'Where addresses are taken from; all but the gateway if not given'),
    enable_dhcp: defaulted(boolean, true, 'Shown for clients; addresses are set without DHCP'),
    dns_nameservers: defaulted(listOf(ipAddress, 10), [], 'Shown for clients'),
    host_routes: defaulted(
      listOf(record({ destination: { type: cidr, required: true }, nexthop: { type: ipAddress, required: true } }), 20),
      [],
      'Further routes',
    ),
    ipv6_ra_mode: optional(text({ max: 32 }), 'Shown for clients', { settable: 'create' }),
    ipv6_address_mode: optional(text({ max: 32 }), 'Shown for clients', { settable: 'create' }),
    subnetpool_id: optional(uuid, 'Shown for clients', { settable: 'never' }),
    service_types: defaulted(listOf(text({ max: 255 }), 10), [], 'Shown for clients', { settable: 'never' }),
    tags,
    created_at: createdAt,
    updated_at: updatedAt,
    revision_number: revision,
    allocation_cursor: internal<string | null>(ipAddress, 'Last address handed out: the search for the next starts behind it'),
  },
});
export type Subnet = RowOf<typeof subnet>;

export const port = resource({
  name: 'port',
  collection: 'ports',
  title: 'Port',
  argument: 'port',
  table: 'port',
  doc: 'A place on a network with a MAC and addresses.',
  fields: {
    id: kept(uuid, 'Identifier'),
    name,
    description,
    project_id: project,
    tenant_id: tenant,
    network_id: required(uuid, 'Network it is on', { settable: 'create' }),
    admin_state_up: defaulted(boolean, true, 'False switches it off'),
    mac_address: optional(text({ max: 17, pattern: /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i }), 'MAC; derived from the first address if not given', {
      settable: 'create',
    }),
    fixed_ips: defaulted(listOf(record({ subnet_id: { type: uuid }, ip_address: { type: ipAddress } }), 20), [], 'Addresses', { settable: 'create' }),
    device_id: defaulted(text({ max: 255 }), '', 'What uses it'),
    device_owner: defaulted(text({ max: 255 }), '', 'Kind of what uses it'),
    status: kept(oneOf('ACTIVE', 'DOWN'), 'State'),
    security_groups: defaulted(listOf(uuid, 20), [], 'Security groups'),
    'binding:vnic_type': defaulted(text({ max: 32 }), 'normal', 'Kind of interface'),
    tags,
    created_at: createdAt,
    updated_at: updatedAt,
    revision_number: revision,
  },
});
export type Port = RowOf<typeof port>;
