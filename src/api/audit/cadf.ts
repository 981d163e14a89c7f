/** Entries of the audit trail in the form of DMTF DSP0262 (CADF), as OpenStack's services write it (pycadf). */
import type { StoredAudit } from '../../store/audit.ts';
import { type Attributes, differences } from '../http/differences.ts';

const EVENT = 'http://schemas.dmtf.org/cloud/audit/1.0/event';
const JSON_CONTENT = 'mime:application/json';
const USER = 'service/security/account/user';
const OBSERVER = 'service/load-balancer';

/** CADF's taxonomy of resources (DSP0262, annex on resource classification) for kinds that are other services'. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'service/network': ['network', 'subnet', 'port', 'router', 'floatingip', 'security_group', 'security_group_rule', 'network_quota'],
  'service/compute': ['server'],
  'data/security': [
    'domain',
    'project',
    'role',
    'role_assignment',
    'service',
    'endpoint',
    'region',
    'token',
    'secret',
    'container',
    'secret_consumer',
    'container_consumer',
  ],
  'data/security/account': ['user'],
  'data/security/credential': ['application_credential'],
};
const KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries(FAMILIES).flatMap(([family, names]) => names.map((name): [string, string] => [name, `${family}/${name}`])),
);

/** How a network is wired is the administrators' business, in the trail as in the network face. */
const FOR_ADMINISTRATORS = new Set(['provider:physical_network', 'provider:network_type', 'provider:segmentation_id']);

export interface Viewer {
  /** Reads the records of all projects. */
  readonly global: boolean;
  readonly userId: string;
  /** Six hex digits that tell this installation from others. */
  readonly instance: string;
}

/** Numbers rise within an installation; with its name before it the id is unique among all. */
export function entryId(instance: string, seq: number): string {
  return `${instance}-${seq}`;
}

/** The number in an id of this installation; null for any other text. */
export function numberIn(instance: string, id: string): number | null {
  const [prefix, seq = '', ...rest] = id.split('-');
  return prefix === instance && rest.length === 0 && /^\d{1,15}$/.test(seq) ? Number(seq) : null;
}

export function cadfEvent(row: StoredAudit, viewer: Viewer): object {
  const { global, instance } = viewer;
  const [before, after] = maySee(row, viewer) ? [confined(row.before, global), confined(row.after, global)] : [null, null];
  return {
    id: entryId(instance, row.seq),
    typeURI: EVENT,
    eventType: 'activity',
    eventTime: row.at,
    action: `${row.action}/${row.resource}`,
    // What failed was undone, and its entry with it.
    outcome: 'success',
    initiator: initiator(row),
    target: { id: row.resource_id, typeURI: kindOf(row.resource), name: nameIn(after ?? before), project_id: row.project_id },
    observer: { id: `edgeweir-${instance}`, typeURI: OBSERVER, name: 'edgeweir' },
    attachments: attachments(before, after),
  };
}

/** Access lists of the key manager decide who may look at a secret, even at its name: here that is its writer alone. */
function maySee({ resource, user_id }: StoredAudit, { global, userId }: Viewer): boolean {
  return global || user_id === userId || !KEPT_SECRET.includes(resource);
}

const KEPT_SECRET = ['secret', 'container', 'secret_consumer', 'container_consumer'];

function initiator({ user_id, user_name, user_project_id, request_id, address }: StoredAudit): object {
  return { id: user_id, typeURI: USER, name: user_name, project_id: user_project_id, request_id, host: { address } };
}

function kindOf(resource: string): string {
  return KINDS.get(resource) ?? `${OBSERVER}/${resource}`;
}

function nameIn(object: Attributes | null): string | null {
  return typeof object?.['name'] === 'string' ? object['name'] : null;
}

function confined(object: Attributes | null, global: boolean): Attributes | null {
  if (object === null || global) return object;
  return Object.fromEntries(Object.entries(object).filter(([name]) => !FOR_ADMINISTRATORS.has(name)));
}

function attachments(before: Attributes | null, after: Attributes | null): object[] {
  const contents = { before, after, diff: differences(before ?? {}, after ?? {}) };
  return Object.entries(contents).flatMap(([name, content]) => (content === null ? [] : [{ name, typeURI: JSON_CONTENT, content }]));
}
