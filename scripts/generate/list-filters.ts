/** What a list may be filtered by, as the parser of its query says, and as the collection says that asks other rows. */
import { filterNames } from '../../src/api/http/list-query.ts';
import type { Collection } from '../../src/api/octavia/collection.ts';
import { healthMonitors } from '../../src/api/octavia/health-monitors.ts';
import { l7Policies } from '../../src/api/octavia/l7-policies.ts';
import { l7Rules } from '../../src/api/octavia/l7-rules.ts';
import { listeners } from '../../src/api/octavia/listeners.ts';
import { loadBalancers } from '../../src/api/octavia/load-balancers.ts';
import { members } from '../../src/api/octavia/members.ts';
import { pools } from '../../src/api/octavia/pools.ts';
import type { Resource } from '../../src/model/resource.ts';

const COLLECTIONS: readonly Pick<Collection, 'resource' | 'elsewhere'>[] = [loadBalancers, listeners, pools, members, healthMonitors, l7Policies, l7Rules];

export function listFilters(resource: Resource): string[] {
  const { elsewhere = {} } = COLLECTIONS.find((collection) => collection.resource === resource) ?? {};
  return [...filterNames(resource), ...Object.keys(elsewhere)];
}
