/** The Octavia resources a client sees, in the order of the documents, with where each one lives. */
import { healthMonitor } from '../../src/model/health-monitor.ts';
import { listener } from '../../src/model/listener.ts';
import { loadBalancer } from '../../src/model/load-balancer.ts';
import { member } from '../../src/model/member.ts';
import { pool } from '../../src/model/pool.ts';
import type { Resource } from '../../src/model/resource.ts';

export interface Documented {
  readonly resource: Resource;
  /** Below /load-balancer; parameters of parents in braces. */
  readonly path: string;
}

export const PREFIX = '/load-balancer';
const BASE = '/v2.0/lbaas';

export const RESOURCES: readonly Documented[] = [
  { resource: loadBalancer, path: `${BASE}/loadbalancers` },
  { resource: listener, path: `${BASE}/listeners` },
  { resource: pool, path: `${BASE}/pools` },
  { resource: member, path: `${BASE}/pools/{pool_id}/members` },
  { resource: healthMonitor, path: `${BASE}/healthmonitors` },
];
