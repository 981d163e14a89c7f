/**
 * The load-balancing API as the command line shows it: one entry for each kind of object, from which its verbs, their
 * options and their requests follow. Words and columns are those of `openstack loadbalancer …`.
 */
import { amphora } from '../../model/amphora.ts';
import { availabilityZone, availabilityZoneProfile } from '../../model/availability-zone.ts';
import { flavor, flavorProfile } from '../../model/flavor.ts';
import { healthMonitor } from '../../model/health-monitor.ts';
import { gateway, site } from '../../model/gateway.ts';
import { host } from '../../model/host.ts';
import { l7Policy } from '../../model/l7-policy.ts';
import { l7Rule } from '../../model/l7-rule.ts';
import { listener } from '../../model/listener.ts';
import { loadBalancer } from '../../model/load-balancer.ts';
import { member } from '../../model/member.ts';
import { pool } from '../../model/pool.ts';
import { quota } from '../../model/quota.ts';
import type { Resource } from '../../model/resource.ts';

export type CommonVerb = 'list' | 'show' | 'create' | 'set' | 'unset' | 'delete';

/** What an object can do besides the verbs that all have. */
export interface Extra {
  /** `stats show`: the last word may be left out. */
  readonly words: readonly string[];
  readonly doc: string;
  /** `record`, `tree`: shows what is below the object's path; `sum`: adds up the rows there; `act`: asks for it, without a body. */
  readonly does: 'record' | 'tree' | 'sum' | 'act' | 'delete';
  /** Below the object's path; below the collection's when it is about no object. */
  readonly path: string;
  /** Root of the answer. */
  readonly root?: string;
  /** False: about no object in particular. */
  readonly object?: boolean;
  /** Whether one can wait until it is done. */
  readonly waits?: boolean;
  /** Whether what was done is shown: the object is in the answer. */
  readonly shows?: boolean;
  /** Rows in the answer that are shown of what was done. */
  readonly lists?: { readonly root: string; readonly columns: readonly string[] };
}

export interface Noun {
  readonly noun: string;
  readonly resource: Resource;
  /** Whose endpoint; the load balancers' if not said. */
  readonly service?: 'edge';
  /** Below the endpoint; `{parent}` is the id of the object it hangs below. */
  readonly path: string;
  /** What a list shows when nobody asks for more. */
  readonly columns: readonly string[];
  readonly verbs: readonly CommonVerb[];
  readonly extras: readonly Extra[];
  /** Noun of what it hangs below in the path. */
  readonly parent: string | null;
  /** Attribute that a create takes as its argument instead of an option. */
  readonly within: string | null;
  /** What names one of them in a path. */
  readonly key: 'id' | 'name' | 'project_id';
}

const LBAAS = '/v2.0/lbaas';
/** All that they have is required. */
const PROFILE: Partial<Noun> = { verbs: ['list', 'show', 'create', 'set', 'delete'] };
const ALL: readonly CommonVerb[] = ['list', 'show', 'create', 'set', 'unset', 'delete'];
const STATS: Extra = { words: ['stats', 'show'], doc: 'show its counters', does: 'record', path: 'stats', root: 'stats' };
const FAILOVER: Extra = { words: ['failover'], doc: 'replace its nodes', does: 'act', path: 'failover', waits: true };

type Optional = 'verbs' | 'extras' | 'parent' | 'within' | 'key' | 'service';

function noun(word: string, resource: Resource, path: string, columns: string, more: Partial<Pick<Noun, Optional>> = {}): Noun {
  return { noun: word, resource, path, columns: columns.split(' '), verbs: ALL, extras: [], parent: null, within: null, key: 'id', ...more };
}

const STATUS: Extra = {
  words: ['status', 'show'],
  doc: 'show the statuses of all that hangs below it, as a tree',
  does: 'tree',
  path: 'status',
  root: 'statuses',
};
const RESET: Extra = { words: ['reset-state'], doc: 'make an end of what it waits for: ERROR at once, then delivered anew', does: 'act', path: 'reset-state' };
const DEFAULTS: Extra = {
  words: ['defaults', 'show'],
  doc: 'show the limits of projects that have none of their own',
  does: 'record',
  path: 'defaults',
  root: 'quota',
  object: false,
};

export const NOUNS: readonly Noun[] = [
  noun('loadbalancer', loadBalancer, `${LBAAS}/loadbalancers`, 'id name project_id vip_address provisioning_status operating_status provider', {
    extras: [STATUS, STATS, FAILOVER, RESET],
  }),
  noun('listener', listener, `${LBAAS}/listeners`, 'id default_pool_id name project_id protocol protocol_port admin_state_up', {
    within: 'loadbalancer_id',
    extras: [STATS],
  }),
  noun('pool', pool, `${LBAAS}/pools`, 'id name project_id provisioning_status protocol lb_algorithm admin_state_up'),
  noun('member', member, `${LBAAS}/pools/{parent}/members`, 'id name project_id provisioning_status address protocol_port operating_status weight', {
    parent: 'pool',
  }),
  noun('healthmonitor', healthMonitor, `${LBAAS}/healthmonitors`, 'id name project_id type admin_state_up', { within: 'pool_id' }),
  noun('l7policy', l7Policy, `${LBAAS}/l7policies`, 'id name project_id provisioning_status action position admin_state_up', { within: 'listener_id' }),
  noun('l7rule', l7Rule, `${LBAAS}/l7policies/{parent}/rules`, 'id project_id provisioning_status compare_type type key value invert admin_state_up', {
    parent: 'l7policy',
  }),
  noun('flavor', flavor, `${LBAAS}/flavors`, 'id name flavor_profile_id enabled'),
  noun('flavorprofile', flavorProfile, `${LBAAS}/flavorprofiles`, 'id name provider_name', PROFILE),
  noun('availabilityzone', availabilityZone, `${LBAAS}/availabilityzones`, 'name availability_zone_profile_id enabled', { key: 'name' }),
  noun('availabilityzoneprofile', availabilityZoneProfile, `${LBAAS}/availabilityzoneprofiles`, 'id name provider_name', PROFILE),
  noun('quota', quota, `${LBAAS}/quotas`, 'project_id loadbalancer listener pool healthmonitor member l7policy l7rule', {
    key: 'project_id',
    verbs: ['list', 'show', 'set', 'unset'],
    extras: [{ words: ['reset'], doc: 'give a project the default limits again', does: 'delete', path: '' }, DEFAULTS],
  }),
  noun('amphora', amphora, '/v2.0/octavia/amphorae', 'id loadbalancer_id status role vrrp_ip ha_ip', {
    verbs: ['list', 'show', 'delete'],
    extras: [
      { words: ['configure'], doc: 'compare it with what it should run, and mend it', does: 'act', path: 'config', waits: true },
      { ...FAILOVER, doc: 'replace it' },
      { words: ['stats', 'show'], doc: 'show its counters, of all listeners or of one', does: 'sum', path: 'stats', root: 'amphora_stats' },
    ],
  }),
  noun('host', host, '/v1/hosts', 'id name zone enabled status nodes last_seen_at', {
    service: 'edge',
    extras: [{ words: ['invite'], doc: 'let it join anew: print another token, and shut out whoever joined before', does: 'act', path: 'invite', shows: true }],
  }),
  noun('site', site, '/v1/sites', 'id name location gateways', { service: 'edge' }),
  noun('gateway', gateway, '/v1/gateways', 'id name site_id enabled draining status url last_seen_at', {
    service: 'edge',
    extras: [
      { words: ['check'], doc: 'ask it now what it is', does: 'act', path: 'check', shows: true },
      {
        words: ['drain'],
        doc: 'put nothing new on it, and move its load balancers to others of its site; tells which stay, and why',
        does: 'act',
        path: 'drain',
        lists: { root: 'loadbalancers', columns: ['id', 'name', 'moves_to', 'reason'] },
      },
      { words: ['undrain'], doc: 'let it be given load balancers again', does: 'act', path: 'undrain', shows: true },
    ],
  }),
];

/** Throws for a word that no entry has: the callers' words come from the table. */
export function nounNamed(word: string): Noun {
  const found = NOUNS.find(({ noun }) => noun === word);
  if (!found) throw new Error(`No noun ${word}`);
  return found;
}

/** Whether one can be told by its name. */
export function isNamed({ resource, key }: Noun): boolean {
  return key === 'id' && Object.hasOwn(resource.fields, 'name');
}

/** Whether writes to it are delivered to nodes, so that one can wait for that. */
export function isDelivered({ resource }: Noun): boolean {
  return Object.hasOwn(resource.fields, 'provisioning_status');
}

/** Whether its end comes some time after it was asked for. */
export function endsLater(noun: Noun): boolean {
  return isDelivered(noun) || Object.hasOwn(noun.resource.fields, 'status');
}

export function hasTags({ resource }: Noun): boolean {
  return Object.hasOwn(resource.fields, 'tags');
}
