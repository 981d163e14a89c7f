/** What the store's tests share: a store in a directory of its own, and rows to put into it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Kysely } from 'kysely';
import type { Amphora } from '../model/amphora.ts';
import type { Gateway, Site } from '../model/gateway.ts';
import type { HealthMonitor } from '../model/health-monitor.ts';
import type { L7Policy } from '../model/l7-policy.ts';
import type { L7Rule } from '../model/l7-rule.ts';
import type { Listener } from '../model/listener.ts';
import type { LoadBalancer } from '../model/load-balancer.ts';
import { silent } from '../model/log.ts';
import type { Member } from '../model/member.ts';
import type { Network, Port, Subnet } from '../model/network.ts';
import type { Pool } from '../model/pool.ts';
import type { Database } from './database.ts';
import { openDatabase } from './open-database.ts';
import { TransactionScope, sqliteDialect } from './sqlite-driver.ts';
import { prepareDirectory } from './state-files.ts';
import { type Db, type Store, openStore } from './store.ts';

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'edgeweir-store-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function temporaryStore(t: TestContext): Promise<Store> {
  const statePath = await temporaryDirectory(t);
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  return store;
}

/**
 * One connection for everything, so that a test of rows can write without a transaction. What the real store adds,
 * group commit and a reading connection, has tests of its own.
 */
export type WritableStore = Pick<Store, 'db' | 'transaction'>;

export async function writableStore(t: TestContext): Promise<WritableStore> {
  const { writer, reader } = openDatabase(prepareDirectory(await temporaryDirectory(t), silent), silent);
  const db: Db = new Kysely<Database>({ dialect: sqliteDialect(writer, new TransactionScope()) });
  t.after(async () => {
    await db.destroy();
    reader.close();
    writer.close();
  });
  return { db, transaction: (work) => db.transaction().execute((tx) => work({ db: tx, changed: new Set(), events: new Set() })) };
}

export const NOW = new Date('2026-11-22T17:51:50.123Z');
const created = { created_at: '2026-11-22T17:51:50', updated_at: null } as const;
const statuses = { provisioning_status: 'ACTIVE', operating_status: 'ONLINE', admin_state_up: true, tags: [] as string[] } as const;

export function balancerRow(changes: Partial<LoadBalancer> = {}): LoadBalancer {
  return {
    id: randomUUID(),
    name: 'lb',
    description: '',
    project_id: 'p1',
    ...statuses,
    ...created,
    vip_address: '10.0.0.5',
    vip_port_id: null,
    vip_subnet_id: null,
    vip_network_id: null,
    additional_vips: [],
    provider: 'noop',
    flavor_id: null,
    vip_qos_policy_id: null,
    vip_sg_ids: [],
    availability_zone: null,
    vip_vnic_type: 'normal',
    generation: 1,
    delivered_generation: 1,
    pending_since: null,
    deleting: false,
    announce: null,
    status_reason: null,
    ...changes,
  };
}

export function listenerRow(loadbalancer_id: string, changes: Partial<Listener> = {}): Listener {
  return {
    id: randomUUID(),
    name: '',
    description: '',
    project_id: 'p1',
    ...statuses,
    ...created,
    loadbalancer_id,
    generation: 1,
    deleting: false,
    protocol: 'HTTP',
    protocol_port: 80,
    connection_limit: -1,
    default_tls_container_ref: null,
    sni_container_refs: [],
    default_pool_id: null,
    insert_headers: {},
    timeout_client_data: 50_000,
    timeout_member_connect: 5000,
    timeout_member_data: 50_000,
    timeout_tcp_inspect: 0,
    client_ca_tls_container_ref: null,
    client_authentication: 'NONE',
    client_crl_container_ref: null,
    allowed_cidrs: null,
    tls_ciphers: null,
    tls_versions: null,
    alpn_protocols: null,
    hsts_max_age: null,
    hsts_include_subdomains: false,
    hsts_preload: false,
    ...changes,
  };
}

export function poolRow(loadbalancer_id: string, changes: Partial<Pool> = {}): Pool {
  return {
    id: randomUUID(),
    name: '',
    description: '',
    project_id: 'p1',
    ...statuses,
    ...created,
    loadbalancer_id,
    generation: 1,
    deleting: false,
    protocol: 'HTTP',
    lb_algorithm: 'ROUND_ROBIN',
    session_persistence: null,
    tls_container_ref: null,
    ca_tls_container_ref: null,
    crl_container_ref: null,
    tls_enabled: false,
    tls_ciphers: null,
    tls_versions: null,
    alpn_protocols: null,
    ...changes,
  };
}

export function memberRow(pool: Pool, changes: Partial<Member> = {}): Member {
  return {
    id: randomUUID(),
    name: '',
    project_id: 'p1',
    ...statuses,
    ...created,
    pool_id: pool.id,
    loadbalancer_id: pool.loadbalancer_id,
    generation: 1,
    deleting: false,
    address: '10.0.0.10',
    protocol_port: 80,
    weight: 1,
    backup: false,
    subnet_id: null,
    monitor_address: null,
    monitor_port: null,
    status_reason: null,
    status_changed_at: null,
    status_seen_by: null,
    vnic_type: 'normal',
    host: changes.address ?? '10.0.0.10',
    ...changes,
  };
}

export function monitorRow(pool: Pool, changes: Partial<HealthMonitor> = {}): HealthMonitor {
  return {
    id: randomUUID(),
    name: '',
    project_id: 'p1',
    ...statuses,
    ...created,
    pool_id: pool.id,
    loadbalancer_id: pool.loadbalancer_id,
    generation: 1,
    deleting: false,
    type: 'HTTP',
    delay: 5,
    timeout: 3,
    max_retries: 2,
    max_retries_down: 3,
    http_method: 'GET',
    url_path: '/',
    expected_codes: '200',
    http_version: 1.1,
    domain_name: null,
    ...changes,
  };
}

export function policyRow(listener: Listener, changes: Partial<L7Policy> = {}): L7Policy {
  return {
    id: randomUUID(),
    name: '',
    description: '',
    project_id: 'p1',
    ...statuses,
    ...created,
    listener_id: listener.id,
    loadbalancer_id: listener.loadbalancer_id,
    generation: 1,
    deleting: false,
    action: 'REJECT',
    redirect_pool_id: null,
    redirect_url: null,
    redirect_prefix: null,
    redirect_http_code: null,
    position: 1,
    ...changes,
  };
}

export function ruleRow(policy: L7Policy, changes: Partial<L7Rule> = {}): L7Rule {
  return {
    id: randomUUID(),
    project_id: 'p1',
    ...statuses,
    ...created,
    l7policy_id: policy.id,
    loadbalancer_id: policy.loadbalancer_id,
    generation: 1,
    deleting: false,
    type: 'PATH',
    compare_type: 'STARTS_WITH',
    key: null,
    value: '/api',
    invert: false,
    ...changes,
  };
}

export function amphoraRow(loadbalancer_id: string): Amphora {
  return {
    id: randomUUID(),
    loadbalancer_id,
    role: 'STANDALONE',
    status: 'ALLOCATED',
    vrrp_ip: null,
    vrrp_port_id: null,
    compute_id: null,
    gateway_id: null,
    vrrp_interface: null,
    vrrp_id: null,
    vrrp_priority: null,
    ha_ip: '10.0.0.5',
    ...created,
    driver: 'noop',
    booted_at: null,
  };
}

const netTimes = { created_at: '2026-11-22T17:51:50Z', updated_at: '2026-11-22T17:51:50Z', revision_number: 0, tags: [] };

export function networkRow(changes: Partial<Network> = {}): Network {
  return {
    id: randomUUID(),
    name: 'net',
    description: '',
    project_id: 'p1',
    admin_state_up: true,
    shared: false,
    'router:external': false,
    'provider:physical_network': null,
    mtu: 1500,
    port_security_enabled: true,
    dns_domain: '',
    is_default: false,
    status: 'ACTIVE',
    ...netTimes,
    ...changes,
  };
}

export function subnetRow(network_id: string, changes: Partial<Subnet> = {}): Subnet {
  return {
    id: randomUUID(),
    name: 'sub',
    description: '',
    project_id: 'p1',
    network_id,
    ip_version: 4,
    cidr: '10.0.0.0/24',
    gateway_ip: '10.0.0.1',
    allocation_pools: null,
    enable_dhcp: true,
    dns_nameservers: [],
    host_routes: [],
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    subnetpool_id: null,
    service_types: [],
    ...netTimes,
    allocation_cursor: null,
    ...changes,
  };
}

export function portRow(network_id: string, changes: Partial<Port> = {}): Port {
  return {
    id: randomUUID(),
    name: '',
    description: '',
    project_id: 'p1',
    network_id,
    admin_state_up: true,
    mac_address: null,
    fixed_ips: [],
    device_id: '',
    device_owner: '',
    status: 'ACTIVE',
    security_groups: [],
    port_security_enabled: true,
    allowed_address_pairs: [],
    'binding:vnic_type': 'normal',
    'binding:host_id': '',
    'binding:profile': {},
    ...netTimes,
    ...changes,
  };
}

export function siteRow(changes: Partial<Site> = {}): Site {
  return { id: randomUUID(), name: 'plant-7', description: '', location: null, tags: [], created_at: '2026-11-22T17:51:50', updated_at: null, ...changes };
}

export function gatewayRow(site_id: string, changes: Partial<Gateway> = {}): Gateway {
  return {
    id: randomUUID(),
    name: 'gw-1',
    description: '',
    site_id,
    enabled: true,
    url: 'http://127.0.0.1:1',
    username: 'root',
    drift: 'repair',
    tls_pin: null,
    location: null,
    tags: [],
    draining: false,
    status: 'ONLINE',
    status_reason: null,
    facts: null,
    last_seen_at: null,
    checked_at: null,
    created_at: '2026-11-22T17:51:50',
    updated_at: null,
    identity: null,
    key_number: 1,
    sealed: '',
    ...changes,
  };
}
