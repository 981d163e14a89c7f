/** Which failures an operation can end in, besides those that every request can. */
import type { Resource } from '../../src/model/resource.ts';
import type { Verb } from './resources.ts';

/** Statuses by resource: [create, update, delete]. */
type Failures = readonly [readonly number[], readonly number[], readonly number[]];

/** Below a balancer: what it goes below may be missing, another may be in its place, the provider may not carry it. */
const CHILD: Failures = [
  [404, 409, 501],
  [404, 409, 412, 501],
  [404, 409, 412],
];

const BY_RESOURCE: Readonly<Record<string, Failures>> = {
  loadbalancer: [
    [404, 409, 501],
    [404, 409, 412, 501],
    // A balancer with children is refused with 400.
    [400, 404, 409, 412],
  ],
  listener: CHILD,
  pool: CHILD,
  member: [CHILD[0], [404, 409, 412], CHILD[2]],
  healthmonitor: [CHILD[0], [404, 409, 412], CHILD[2]],
  l7policy: [CHILD[0], [404, 409, 412], CHILD[2]],
  rule: CHILD,
  // A project's id may be none.
  quota: [[], [412], [400, 404, 412]],
  flavor: [[409, 501], [404, 409, 412], CHILD[2]],
  flavorprofile: [[501], [404, 409, 412, 501], CHILD[2]],
  availability_zone: [[409, 501], [404, 412], CHILD[2]],
  availability_zone_profile: [[501], [404, 409, 412, 501], CHILD[2]],
  // It has no ETag: a condition is refused with 501.
  amphora: [[], [], [404, 409, 501]],
};

/** What is asked of a body before anything else is. */
const OF_BODIES = [400, 413, 415];

export function failureStatuses({ name }: Pick<Resource, 'name'>, verb: Verb, inParent: boolean): number[] {
  const [create = [], update = [], remove = []] = BY_RESOURCE[name] ?? [];
  switch (verb) {
    case 'list':
      return inParent ? [400, 404] : [400];
    case 'show':
      return name === 'quota' ? [400] : [404];
    case 'create':
      return [...OF_BODIES, ...create];
    case 'update':
      return [...OF_BODIES, ...update];
    case 'delete':
      return [...remove];
  }
}
