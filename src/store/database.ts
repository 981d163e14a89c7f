/** The tables, typed from the resources' declarations. The schema itself is in the migrations. */
import type { Generated } from 'kysely';
import type { Amphora } from '../model/amphora.ts';
import type { AvailabilityZone, AvailabilityZoneProfile } from '../model/availability-zone.ts';
import type { Flavor, FlavorProfile } from '../model/flavor.ts';
import type { Gateway, Site } from '../model/gateway.ts';
import type { HealthMonitor } from '../model/health-monitor.ts';
import type { Host } from '../model/host.ts';
import type {
  ApplicationCredential,
  ApplicationCredentialRole,
  Domain,
  DomainRoleAssignment,
  Endpoint,
  Project,
  Region,
  RevokedToken,
  Role,
  RoleAssignment,
  Service,
  User,
} from '../model/identity.ts';
import type { L7Policy } from '../model/l7-policy.ts';
import type { L7Rule } from '../model/l7-rule.ts';
import type { Listener } from '../model/listener.ts';
import type { LoadBalancer } from '../model/load-balancer.ts';
import type { Member } from '../model/member.ts';
import type { FloatingIp } from '../model/network-floating-ip.ts';
import type { NetworkQuota } from '../model/network-quota.ts';
import type { Router } from '../model/network-router.ts';
import type { SecurityGroup, SecurityGroupRule } from '../model/network-security-group.ts';
import type { Network, Port, Subnet } from '../model/network.ts';
import type { Pool } from '../model/pool.ts';
import type { Quota } from '../model/quota.ts';
import type { Container, ContainerConsumer, ContainerSecret, Secret, SecretConsumer, SecretPayload } from '../model/secret.ts';

export interface Database {
  load_balancer: LoadBalancer;
  listener: Listener;
  pool: Pool;
  member: Member;
  health_monitor: HealthMonitor;
  l7_policy: L7Policy;
  l7_rule: L7Rule;
  amphora: Amphora;
  host: Host;
  site: Site;
  gateway: Gateway;
  listener_statistics: ListenerStatistics;
  quota: Quota;
  flavor: Flavor;
  flavor_profile: FlavorProfile;
  availability_zone: AvailabilityZone;
  availability_zone_profile: AvailabilityZoneProfile;
  network: Network;
  subnet: Subnet;
  port: Port;
  address: Address;
  router: Router;
  floating_ip: FloatingIp;
  security_group: SecurityGroup;
  security_group_rule: SecurityGroupRule;
  network_quota: NetworkQuota;
  domain: Defaulted<Domain, 'extra' | 'tags'>;
  project: Defaulted<Project, 'extra' | 'tags'>;
  user_account: Defaulted<User, 'extra' | 'credential_version'>;
  role: Defaulted<Role, 'extra'>;
  role_assignment: RoleAssignment;
  domain_role_assignment: DomainRoleAssignment;
  service: Service;
  endpoint: Endpoint;
  region: Region;
  application_credential: ApplicationCredential;
  application_credential_role: ApplicationCredentialRole;
  secret: Secret;
  secret_payload: SecretPayload;
  secret_container: Container;
  container_secret: ContainerSecret;
  container_consumer: ContainerConsumer;
  secret_consumer: SecretConsumer;
  revoked_token: RevokedToken;
  setting: Setting;
  audit: AuditRow;
  event: EventRow;
}

/** A row whose columns K have a default, so that an insert may leave them out. */
type Defaulted<T, K extends keyof T> = Omit<T, K> & { [P in K]: Generated<T[P]> };

/** One address of one port; the primary key (subnet_id, ip_address) is what makes an address unique. */
export interface Address {
  subnet_id: string;
  ip_address: string;
  port_id: string;
}

/**
 * Sums per listener and amphora. `workers` remembers the last counters seen of each proxy worker, so that what is
 * added is the difference, and a restarted server does not count twice.
 */
export interface ListenerStatistics {
  listener_id: string;
  amphora_id: string;
  loadbalancer_id: string;
  active_connections: number;
  bytes_in: number;
  bytes_out: number;
  request_errors: number;
  total_connections: number;
  /** JSON: worker → {bytesIn, bytesOut, requestErrors, totalConnections}. */
  workers: Record<string, { bytesIn: number; bytesOut: number; requestErrors: number; totalConnections: number }>;
}

/** Facts about the installation itself, such as what the quickstart made. */
export interface Setting {
  name: string;
  value: string;
}

/** One write of one object: who, when, what, from where. `seq` rises in the order of commits. */
export interface AuditRow {
  seq: Generated<number>;
  /** ISO time. */
  at: string;
  action: string;
  /** Name of the resource's declaration: `loadbalancer`. */
  resource: string;
  resource_id: string;
  /** Owner of the object. */
  project_id: string | null;
  user_id: string;
  user_name: string;
  user_project_id: string | null;
  address: string;
  request_id: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** One notification; kept for a day. */
export interface EventRow {
  seq: Generated<number>;
  id: string;
  /** ISO time. */
  at: string;
  /** `octavia.loadbalancer.create.end` */
  type: string;
  project_id: string | null;
  resource_id: string;
  payload: Record<string, unknown>;
}
