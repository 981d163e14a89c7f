import * as common from './common-fields.ts';
import { boolean, integer, oneOf, text, time, uuid } from './field.ts';
import { type RowOf, computed, internal, kept, resource } from './resource.ts';

export const AMPHORA_STATUSES = ['BOOTING', 'ALLOCATED', 'READY', 'PENDING_CREATE', 'PENDING_DELETE', 'DELETED', 'ERROR', 'FAILOVER_STOPPED'] as const;
export type AmphoraStatus = (typeof AMPHORA_STATUSES)[number];

const ADDRESS = text({ max: 64 });
const NAME = text({ max: 255 });

/** Octavia's amphora: one node that carries one balancer (reference §2.8). What a namespace does not have is null. */
export const amphora = resource({
  name: 'amphora',
  collection: 'amphorae',
  title: 'Amphora',
  argument: 'amphora',
  table: 'amphora',
  doc: 'A node that carries a load balancer.',
  fields: {
    id: common.id,
    loadbalancer_id: kept(uuid, 'Load balancer it carries'),
    compute_id: kept<string | null>(uuid, 'Host whose agent carries it, or the gateway; null on the server’s own'),
    lb_network_ip: computed<string | null>(ADDRESS, 'Address over which it is managed; a namespace needs none'),
    vrrp_ip: kept<string | null>(ADDRESS, 'Address of its own on the VIP network'),
    ha_ip: kept<string | null>(ADDRESS, 'The VIP'),
    vrrp_port_id: kept<string | null>(uuid, 'Port of its own address on the VIP network'),
    ha_port_id: computed<string | null>(uuid, 'Port of the VIP'),
    cert_expiration: computed<string | null>(time, 'When its certificate expires; a namespace has none'),
    cert_busy: computed(boolean, 'Whether its certificate is being replaced'),
    role: kept(oneOf('STANDALONE', 'MASTER', 'BACKUP'), 'Role'),
    status: kept(oneOf(...AMPHORA_STATUSES), 'State'),
    vrrp_interface: kept<string | null>(NAME, 'Interface on which it talks to its peer'),
    vrrp_id: kept<number | null>(integer(), 'Number of the group it forms with its peer'),
    vrrp_priority: kept<number | null>(integer(), 'Its priority in that group'),
    cached_zone: computed<string | null>(NAME, 'Availability zone of the load balancer'),
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    image_id: computed<string | null>(uuid, 'Image it started from; a namespace has none', { since: '2.1' }),
    compute_flavor: computed<string | null>(NAME, 'Compute flavor of its server', { since: '2.3' }),
    /** Names the driver that made it; later drivers must find their own. */
    driver: internal(text({ max: 64 }), 'Driver that made it'),
    gateway_id: internal<string | null>(uuid, 'Gateway that carries it'),
    booted_at: internal<string | null>(time, 'When it was last started, ISO time'),
  },
});
export type Amphora = RowOf<typeof amphora>;

/** The machine that carries it, of whichever kind; null for the server's own. */
export function placeOf({ compute_id: host, gateway_id: gateway }: Pick<Amphora, 'compute_id' | 'gateway_id'>): string | null {
  return gateway ?? host;
}
