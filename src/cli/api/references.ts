/** Attributes that refer to other objects: what they may refer to, so that a person can write a name instead of an id. */

/** Something that a name is looked up in: one of our nouns, or a collection of another service. */
export type Target =
  | { readonly kind: 'noun'; readonly noun: string }
  | { readonly kind: 'foreign'; readonly service: 'network' | 'identity'; readonly path: string; readonly collection: string; readonly title: string };

function own(noun: string): Target {
  return { kind: 'noun', noun };
}

function network(collection: string, title: string, path = `/v2.0/${collection}`): Target {
  return { kind: 'foreign', service: 'network', path, collection, title };
}

const SUBNET = network('subnets', 'Subnet');
export const PROJECT: Target = { kind: 'foreign', service: 'identity', path: '/projects', collection: 'projects', title: 'Project' };

const REFERENCES: Readonly<Record<string, Target>> = {
  loadbalancer_id: own('loadbalancer'),
  listener_id: own('listener'),
  pool_id: own('pool'),
  default_pool_id: own('pool'),
  redirect_pool_id: own('pool'),
  flavor_id: own('flavor'),
  flavor_profile_id: own('flavorprofile'),
  availability_zone_profile_id: own('availabilityzoneprofile'),
  site_id: own('site'),
  project_id: PROJECT,
  vip_subnet_id: SUBNET,
  subnet_id: SUBNET,
  vip_network_id: network('networks', 'Network'),
  vip_port_id: network('ports', 'Port'),
  vip_qos_policy_id: network('policies', 'QoS policy', '/v2.0/qos/policies'),
  vip_sg_ids: network('security_groups', 'Security group', '/v2.0/security-groups'),
};

/** null: no reference. */
export function targetOf(attribute: string): Target | null {
  return Object.hasOwn(REFERENCES, attribute) ? (REFERENCES[attribute] ?? null) : null;
}

const ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** A UUID, with or without dashes: it is taken for an id without a question to anybody. */
export function looksLikeId(text: string): boolean {
  return ID.test(text);
}
