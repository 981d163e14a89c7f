/** The Octavia resources a client sees, in the order of the documents, with where each one lives. */
import { amphora } from '../../src/model/amphora.ts';
import { availabilityZone, availabilityZoneProfile } from '../../src/model/availability-zone.ts';
import { flavor, flavorProfile } from '../../src/model/flavor.ts';
import { healthMonitor } from '../../src/model/health-monitor.ts';
import { gateway, site } from '../../src/model/gateway.ts';
import { host } from '../../src/model/host.ts';
import { l7Policy } from '../../src/model/l7-policy.ts';
import { l7Rule } from '../../src/model/l7-rule.ts';
import { listener } from '../../src/model/listener.ts';
import { loadBalancer } from '../../src/model/load-balancer.ts';
import { member } from '../../src/model/member.ts';
import { pool } from '../../src/model/pool.ts';
import { quota } from '../../src/model/quota.ts';
import type { Resource } from '../../src/model/resource.ts';

export type Verb = 'list' | 'create' | 'show' | 'update' | 'delete';

export interface Documented {
  readonly resource: Resource;
  /** Below /load-balancer; parameters of parents in braces. */
  readonly path: string;
  readonly verbs: readonly Verb[];
  /** What names one of them in a path. */
  readonly key: 'id' | 'name' | 'project_id';
  /** Statuses of success where they are not the usual 200 and 204. */
  readonly updated?: number;
  readonly deleted?: number;
  /** Whether it can stand inside a fully populated create. */
  readonly nests?: boolean;
}

export const PREFIX = '/load-balancer';
const BASE = '/v2.0/lbaas';
const ALL: readonly Verb[] = ['list', 'create', 'show', 'update', 'delete'];

function documented(resource: Resource, path: string, more: Partial<Documented> = {}): Documented {
  return { resource, path, verbs: ALL, key: 'id', ...more };
}

export const RESOURCES: readonly Documented[] = [
  documented(loadBalancer, `${BASE}/loadbalancers`),
  documented(listener, `${BASE}/listeners`, { nests: true }),
  documented(pool, `${BASE}/pools`, { nests: true }),
  documented(member, `${BASE}/pools/{pool_id}/members`, { nests: true }),
  documented(healthMonitor, `${BASE}/healthmonitors`, { nests: true }),
  documented(l7Policy, `${BASE}/l7policies`, { nests: true }),
  documented(l7Rule, `${BASE}/l7policies/{l7policy_id}/rules`, { nests: true }),
  documented(quota, `${BASE}/quotas`, { verbs: ['list', 'show', 'update', 'delete'], key: 'project_id', updated: 202, deleted: 202 }),
  documented(flavor, `${BASE}/flavors`),
  documented(flavorProfile, `${BASE}/flavorprofiles`),
  documented(availabilityZone, `${BASE}/availabilityzones`, { key: 'name' }),
  documented(availabilityZoneProfile, `${BASE}/availabilityzoneprofiles`),
  documented(amphora, '/v2.0/octavia/amphorae', { verbs: ['list', 'show', 'delete'] }),
];

export const EDGE_PREFIX = '/edge';
export const EDGE_RESOURCES: readonly Documented[] = [documented(host, '/v1/hosts'), documented(site, '/v1/sites'), documented(gateway, '/v1/gateways')];
