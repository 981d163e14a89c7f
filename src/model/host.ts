import * as common from './common-fields.ts';
import { boolean, integer, listOf, oneOf, stringMap, text, time } from './field.ts';
import { type RowOf, computed, defaulted, internal, kept, optional, required, resource } from './resource.ts';

/** INVITED: it has not joined yet, or was invited anew. ONLINE: its agent is connected. OFFLINE: it is not; what it carries goes on. */
export const HOST_STATUSES = ['INVITED', 'ONLINE', 'OFFLINE'] as const;
export type HostStatus = (typeof HOST_STATUSES)[number];

/** As of machines: it stands in messages, in commands and in certificates. */
const NAME = text({
  max: 63,
  min: 1,
  pattern: /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  hint: 'Value should be letters, digits, dots, dashes and underscores, with a letter or digit at both ends',
});
const ZONE = text({ max: 255, min: 1 });
const SHORT = text({ max: 255 });

/** A machine other than the server's own that carries nodes: `weir agent` runs on it. */
export const host = resource({
  name: 'host',
  collection: 'hosts',
  title: 'Host',
  argument: 'host',
  table: 'host',
  doc: 'A machine whose agent carries nodes for this server.',
  fields: {
    id: common.id,
    name: required(NAME, 'Name; unique'),
    description: common.description,
    enabled: defaulted(boolean, true, 'False: no new nodes on it; those it has stay'),
    zone: optional(ZONE, 'Compute zone it is in: what `compute_zone` of an availability zone asks for'),
    status: kept(oneOf(...HOST_STATUSES), 'Whether its agent is connected'),
    last_address: kept<string | null>(SHORT, 'Address its agent was last connected from'),
    last_seen_at: kept<string | null>(time, 'When its agent was last connected or heard'),
    facts: kept<Readonly<Record<string, string>> | null>(stringMap(), 'What its agent says of the machine: versions, kernel, memory'),
    physical_networks: kept<readonly string[]>(listOf(SHORT, 100), 'Physical networks that it has bridges for'),
    nodes: computed(integer({ min: 0 }), 'How many nodes are placed on it'),
    certificate_expires_at: kept<string | null>(time, 'When the certificate of its agent expires'),
    join_token_expires_at: kept<string | null>(time, 'Until when it may join; null: it has, or nobody may'),
    join_token: computed<string | undefined>(SHORT, 'What its agent joins with, once; shown to who makes the host or invites it anew, and never again'),
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    token_digest: internal<string | null>(SHORT, 'Digest of the secret in the token'),
    certificate_serial: internal<string | null>(SHORT, 'Serial number of the certificate it last came with'),
    next_certificate_serial: internal<string | null>(SHORT, 'Serial number of the one it was given since, which counts once it comes with it'),
  },
});
export type Host = RowOf<typeof host>;
