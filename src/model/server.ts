/**
 * A server as the compute face shows it, in Nova's words: a machine that somebody else made and that a script looks up.
 * Nothing of it is stored: sources tell what there is.
 */
import { type FieldType, type JsonSchema, ValueError, boolean, integer, ipAddress, listOf, oneOf, stringMap, text, time, uuid } from './field.ts';
import { computed, resource } from './resource.ts';

export interface ServerFlavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB. */
  readonly disk: number;
}

export interface ServerAddress {
  /** Name of the network. */
  readonly network: string;
  readonly address: string;
  readonly mac: string;
}

/** What a source knows of one server. */
export interface ServerInfo {
  /** UUID, the same at every question. */
  readonly id: string;
  readonly name: string;
  readonly status: 'ACTIVE' | 'BUILD' | 'SHUTOFF' | 'ERROR';
  readonly projectId: string;
  /** Seen by every project. */
  readonly shared: boolean;
  /** No project's: every administrator's own, and seen by nobody else; absent is no. */
  readonly isOperators?: boolean;
  /** Empty: nobody in particular. */
  readonly userId: string;
  readonly description: string | null;
  /** UTC, whole seconds, with Z. */
  readonly created: string;
  readonly updated: string;
  /** In the order of its interfaces. */
  readonly addresses: readonly ServerAddress[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly availabilityZone: string;
  /** What it runs on. */
  readonly host: string;
  /** Its name there. */
  readonly instanceName: string;
  readonly flavor: ServerFlavor;
}

/** Something that knows servers. Asked at every request, so it must be quick. */
export interface ServerSource {
  servers(): Promise<readonly ServerInfo[]>;
}

function shownOnly(schema: JsonSchema): FieldType<unknown> {
  return {
    name: 'object',
    storage: 'json',
    schema,
    parse() {
      throw new ValueError('Value is read-only');
    },
  };
}

const word = text({ max: 255 });
const nothing = shownOnly({ type: 'null' });
const links = shownOnly({
  type: 'array',
  items: { type: 'object', properties: { rel: { type: 'string' }, href: { type: 'string', format: 'uri' } }, required: ['rel', 'href'] },
});
const addresses = shownOnly({
  type: 'object',
  description: 'Name of a network → its addresses there',
  additionalProperties: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        version: { type: 'integer', enum: [4, 6] },
        addr: ipAddress.schema,
        'OS-EXT-IPS:type': { type: 'string', enum: ['fixed'] },
        'OS-EXT-IPS-MAC:mac_addr': { type: 'string' },
      },
    },
  },
});
const flavor = shownOnly({ type: 'object', description: 'Its size; before 2.47 the id and a link instead' });

/** Nova's server, up to microversion 2.73. `since` is the microversion that brought an attribute. */
export const server = resource({
  name: 'server',
  collection: 'servers',
  title: 'Instance',
  argument: 'server',
  // No table: sources tell.
  table: '',
  doc: 'A machine that is known to this installation: a host of the lab or, for administrators, a gateway. It can be looked up, not made.',
  fields: {
    id: computed(uuid, 'Identifier'),
    name: computed(word, 'Name'),
    status: computed(oneOf('ACTIVE', 'BUILD', 'SHUTOFF', 'ERROR'), 'State'),
    tenant_id: computed(word, 'Project that owns it'),
    user_id: computed(word, 'User who made it; empty: nobody in particular'),
    metadata: computed(stringMap(), 'Further facts'),
    hostId: computed(word, 'Digest of the project and the host: equal for servers of a project on the same host'),
    image: computed(shownOnly({ type: 'string', enum: [''] }), 'Empty: not made from an image'),
    flavor: computed(flavor, 'Size'),
    created: computed(time, 'When it was created, UTC with Z'),
    updated: computed(time, 'When it was last updated, UTC with Z'),
    addresses: computed(addresses, 'Addresses by network'),
    accessIPv4: computed(word, 'Always empty'),
    accessIPv6: computed(word, 'Always empty'),
    links: computed(links, 'Where it is'),
    'OS-DCF:diskConfig': computed(oneOf('MANUAL'), 'Always MANUAL'),
    progress: computed(integer(), 'Always 0; only of servers that are ACTIVE or BUILD'),
    'OS-EXT-AZ:availability_zone': computed(word, 'Availability zone'),
    config_drive: computed(word, 'Always empty'),
    key_name: computed(nothing, 'Always null'),
    'OS-SRV-USG:launched_at': computed(time, 'When it first ran, UTC, no zone'),
    'OS-SRV-USG:terminated_at': computed(nothing, 'Always null'),
    'OS-EXT-SRV-ATTR:host': computed(word, 'What it runs on; for administrators'),
    'OS-EXT-SRV-ATTR:instance_name': computed(word, 'Its name there; for administrators'),
    'OS-EXT-SRV-ATTR:hypervisor_hostname': computed(word, 'What it runs on; for administrators'),
    'OS-EXT-SRV-ATTR:reservation_id': computed(nothing, 'Always null; for administrators', { since: '2.3' }),
    'OS-EXT-SRV-ATTR:launch_index': computed(integer(), 'Always 0; for administrators', { since: '2.3' }),
    'OS-EXT-SRV-ATTR:hostname': computed(word, 'Its own name for itself; for administrators', { since: '2.3' }),
    'OS-EXT-SRV-ATTR:kernel_id': computed(nothing, 'Always null; for administrators', { since: '2.3' }),
    'OS-EXT-SRV-ATTR:ramdisk_id': computed(nothing, 'Always null; for administrators', { since: '2.3' }),
    'OS-EXT-SRV-ATTR:root_device_name': computed(nothing, 'Always null; for administrators', { since: '2.3' }),
    'OS-EXT-SRV-ATTR:user_data': computed(nothing, 'Always null; for administrators', { since: '2.3' }),
    'OS-EXT-STS:task_state': computed(nothing, 'Always null'),
    'OS-EXT-STS:vm_state': computed(oneOf('active', 'building', 'stopped', 'error'), 'State in other words'),
    'OS-EXT-STS:power_state': computed(integer(), '0 unknown, 1 running, 4 off'),
    'os-extended-volumes:volumes_attached': computed(shownOnly({ type: 'array', maxItems: 0 }), 'Always empty'),
    host_status: computed(oneOf('UP'), 'Always UP; for administrators', { since: '2.16' }),
    locked: computed(boolean, 'Always false', { since: '2.9' }),
    description: computed(word, 'Description for people', { since: '2.19' }),
    tags: computed(listOf(word), 'Labels', { since: '2.26' }),
    trusted_image_certificates: computed(nothing, 'Always null', { since: '2.63' }),
    server_groups: computed(shownOnly({ type: 'array', maxItems: 0 }), 'Always empty; not in lists', { since: '2.71' }),
    locked_reason: computed(nothing, 'Always null', { since: '2.73' }),
  },
});
