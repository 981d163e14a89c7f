import * as common from './common-fields.ts';
import { oneOf, text, time, uuid } from './field.ts';
import { type RowOf, internal, kept, resource } from './resource.ts';

export const AMPHORA_STATUSES = ['BOOTING', 'ALLOCATED', 'READY', 'PENDING_CREATE', 'PENDING_DELETE', 'DELETED', 'ERROR', 'FAILOVER_STOPPED'] as const;

/** Octavia's amphora: one node that carries one balancer (reference §2.8). */
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
    role: kept(oneOf('STANDALONE', 'MASTER', 'BACKUP'), 'Role'),
    status: kept(oneOf(...AMPHORA_STATUSES), 'State'),
    vrrp_ip: kept<string | null>(text({ max: 64 }), 'Address of its own on the VIP network'),
    ha_ip: kept<string | null>(text({ max: 64 }), 'The VIP'),
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    /** Names the driver that made it; later drivers must find their own. */
    driver: internal(text({ max: 64 }), 'Driver that made it'),
    booted_at: internal<string | null>(time, 'When it was last started, ISO time'),
  },
});
export type Amphora = RowOf<typeof amphora>;
