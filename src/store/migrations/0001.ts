/**
 * The first schema. Frozen once released: later changes are further migrations, whatever the declarations say by then.
 *
 * What must not happen twice is a unique index, so that no race can make it. Rows that are to be deleted
 * (`deleting = 1`) keep nobody from taking their port or address. Foreign keys are checked at the commit, so that a
 * tree may be written in any order.
 */
const FLAG = 'integer not null check (%s in (0, 1))';
const STATUSES = `
  provisioning_status text not null check (provisioning_status in ('ACTIVE', 'PENDING_CREATE', 'PENDING_UPDATE', 'PENDING_DELETE', 'ERROR', 'DELETED')),
  operating_status text not null check (operating_status in ('ONLINE', 'OFFLINE', 'DEGRADED', 'ERROR', 'DRAINING', 'NO_MONITOR'))`;
const TIMES = 'created_at text not null, updated_at text';

const flag = (name: string): string => `"${name}" ${FLAG.replace('%s', `"${name}"`)}`;
const json = (name: string): string => `${name} text not null check (json_valid(${name}))`;
const jsonOrNull = (name: string): string => `${name} text check (${name} is null or json_valid(${name}))`;
const id = 'id text not null primary key';

const BALANCERS = `
create table load_balancer (
  ${id}, name text not null, description text not null, ${STATUSES}, ${flag('admin_state_up')},
  project_id text, ${TIMES},
  vip_address text, vip_port_id text, vip_subnet_id text, vip_network_id text, ${json('additional_vips')},
  provider text, flavor_id text, vip_qos_policy_id text, ${json('vip_sg_ids')}, ${json('tags')}, availability_zone text, vip_vnic_type text not null,
  generation integer not null, delivered_generation integer not null, pending_since text, ${flag('deleting')}, status_reason text
) strict;
create index load_balancer_order on load_balancer (created_at, id);
create index load_balancer_project on load_balancer (project_id, created_at, id);
create index load_balancer_unsettled on load_balancer (created_at, id) where provisioning_status <> 'ACTIVE' or generation <> delivered_generation;

create table listener (
  ${id}, name text not null, description text not null, ${STATUSES}, ${flag('admin_state_up')},
  protocol text not null, protocol_port integer not null, connection_limit integer not null,
  default_tls_container_ref text, ${json('sni_container_refs')}, project_id text not null,
  default_pool_id text references pool (id) on delete set null deferrable initially deferred,
  ${json('insert_headers')}, ${TIMES},
  timeout_client_data integer not null, timeout_member_connect integer not null, timeout_member_data integer not null, timeout_tcp_inspect integer not null,
  ${json('tags')}, client_ca_tls_container_ref text, client_authentication text not null, client_crl_container_ref text,
  ${jsonOrNull('allowed_cidrs')}, tls_ciphers text, ${jsonOrNull('tls_versions')}, ${jsonOrNull('alpn_protocols')},
  hsts_max_age integer, ${flag('hsts_include_subdomains')}, ${flag('hsts_preload')},
  loadbalancer_id text not null references load_balancer (id) on delete cascade deferrable initially deferred,
  generation integer not null, ${flag('deleting')}
) strict;
create unique index listener_port_unique on listener (
  loadbalancer_id, protocol_port, (case protocol when 'UDP' then 'udp' when 'SCTP' then 'sctp' else 'tcp' end)
) where deleting = 0;
create index listener_balancer on listener (loadbalancer_id);
create index listener_default_pool on listener (default_pool_id) where default_pool_id is not null;
create index listener_order on listener (created_at, id);
create index listener_project on listener (project_id, created_at, id);

create table pool (
  ${id}, name text not null, description text not null, ${STATUSES}, ${flag('admin_state_up')},
  protocol text not null, lb_algorithm text not null, ${jsonOrNull('session_persistence')}, project_id text not null, ${TIMES}, ${json('tags')},
  tls_container_ref text, ca_tls_container_ref text, crl_container_ref text, ${flag('tls_enabled')},
  tls_ciphers text, ${jsonOrNull('tls_versions')}, ${jsonOrNull('alpn_protocols')},
  loadbalancer_id text not null references load_balancer (id) on delete cascade deferrable initially deferred,
  generation integer not null, ${flag('deleting')}
) strict;
create index pool_balancer on pool (loadbalancer_id);
create index pool_order on pool (created_at, id);
create index pool_project on pool (project_id, created_at, id);

create table member (
  ${id}, name text not null, ${STATUSES}, ${flag('admin_state_up')},
  address text not null, protocol_port integer not null, weight integer not null, ${flag('backup')}, subnet_id text, project_id text not null, ${TIMES},
  monitor_address text, monitor_port integer, ${json('tags')}, vnic_type text not null,
  pool_id text not null references pool (id) on delete cascade deferrable initially deferred,
  loadbalancer_id text not null references load_balancer (id) on delete cascade deferrable initially deferred,
  generation integer not null, ${flag('deleting')}
) strict;
create unique index member_address_unique on member (pool_id, address, protocol_port) where deleting = 0;
create index member_pool on member (pool_id, created_at, id);
create index member_balancer on member (loadbalancer_id);
create index member_subnet on member (subnet_id) where subnet_id is not null;

create table health_monitor (
  ${id}, name text not null, type text not null, delay integer not null, timeout integer not null,
  max_retries integer not null, max_retries_down integer not null, http_method text, url_path text, expected_codes text,
  ${flag('admin_state_up')}, project_id text not null, ${STATUSES}, ${TIMES}, ${json('tags')}, http_version real, domain_name text,
  pool_id text not null references pool (id) on delete cascade deferrable initially deferred,
  loadbalancer_id text not null references load_balancer (id) on delete cascade deferrable initially deferred,
  generation integer not null, ${flag('deleting')}
) strict;
create unique index health_monitor_pool_unique on health_monitor (pool_id) where deleting = 0;
create index health_monitor_pool on health_monitor (pool_id);
create index health_monitor_balancer on health_monitor (loadbalancer_id);
create index health_monitor_order on health_monitor (created_at, id);
create index health_monitor_project on health_monitor (project_id, created_at, id);

create table amphora (
  ${id}, loadbalancer_id text not null references load_balancer (id) on delete cascade deferrable initially deferred,
  role text not null, status text not null, vrrp_ip text, ha_ip text, ${TIMES}, driver text not null, booted_at text
) strict;
create index amphora_balancer on amphora (loadbalancer_id);
create index amphora_order on amphora (created_at, id);

create table listener_statistics (
  listener_id text not null references listener (id) on delete cascade deferrable initially deferred,
  amphora_id text not null,
  loadbalancer_id text not null references load_balancer (id) on delete cascade deferrable initially deferred,
  active_connections integer not null, bytes_in integer not null, bytes_out integer not null, request_errors integer not null, total_connections integer not null,
  ${json('workers')},
  primary key (listener_id, amphora_id)
) strict, without rowid;
create index listener_statistics_balancer on listener_statistics (loadbalancer_id);
`;

const NETWORKS = `
create table network (
  ${id}, name text not null, description text not null, project_id text, ${flag('admin_state_up')}, ${flag('shared')}, ${flag('router:external')},
  "provider:physical_network" text, mtu integer not null, status text not null, ${json('tags')},
  created_at text not null, updated_at text not null, revision_number integer not null
) strict;
create index network_order on network (created_at, id);
create index network_project on network (project_id);

create table subnet (
  ${id}, name text not null, description text not null, project_id text,
  network_id text not null references network (id) on delete cascade deferrable initially deferred,
  ip_version integer not null check (ip_version in (4, 6)), cidr text not null, gateway_ip text, ${jsonOrNull('allocation_pools')}, ${flag('enable_dhcp')},
  ${json('dns_nameservers')}, ${json('host_routes')}, ipv6_ra_mode text, ipv6_address_mode text, subnetpool_id text, ${json('service_types')},
  ${json('tags')}, created_at text not null, updated_at text not null, revision_number integer not null, allocation_cursor text
) strict;
create index subnet_network on subnet (network_id);
create index subnet_order on subnet (created_at, id);
create index subnet_project on subnet (project_id);

create table port (
  ${id}, name text not null, description text not null, project_id text,
  network_id text not null references network (id) deferrable initially deferred,
  ${flag('admin_state_up')}, mac_address text, ${json('fixed_ips')}, device_id text not null, device_owner text not null, status text not null,
  ${json('security_groups')}, "binding:vnic_type" text not null, ${json('tags')},
  created_at text not null, updated_at text not null, revision_number integer not null
) strict;
create unique index port_mac_unique on port (network_id, mac_address);
create index port_order on port (created_at, id);
create index port_project on port (project_id);
create index port_device on port (device_id);

create table address (
  subnet_id text not null references subnet (id) deferrable initially deferred,
  ip_address text not null,
  port_id text not null references port (id) on delete cascade deferrable initially deferred,
  primary key (subnet_id, ip_address)
) strict, without rowid;
create index address_port on address (port_id);
`;

const IDENTITIES = `
create table domain (${id}, name text not null, description text not null, ${flag('enabled')}) strict;
create unique index domain_name_unique on domain (name);

create table project (
  ${id}, name text not null, description text not null, ${flag('enabled')},
  domain_id text not null references domain (id) deferrable initially deferred
) strict;
create unique index project_name_unique on project (domain_id, name);

create table user_account (
  ${id}, name text not null, description text not null, ${flag('enabled')},
  domain_id text not null references domain (id) deferrable initially deferred,
  default_project_id text, password_hash text, created_at text not null, tokens_valid_after text
) strict;
create unique index user_name_unique on user_account (domain_id, name);

create table role (${id}, name text not null, description text not null) strict;
create unique index role_name_unique on role (name);

create table role_assignment (
  user_id text not null references user_account (id) on delete cascade deferrable initially deferred,
  project_id text not null references project (id) on delete cascade deferrable initially deferred,
  role_id text not null references role (id) on delete cascade deferrable initially deferred,
  primary key (user_id, project_id, role_id)
) strict, without rowid;
create index role_assignment_project on role_assignment (project_id);
create index role_assignment_role on role_assignment (role_id);

create table revoked_token (audit_id text not null primary key, expires_at text not null) strict, without rowid;
create index revoked_token_expiry on revoked_token (expires_at);

create table setting (name text not null primary key, value text not null) strict, without rowid;
`;

export const SCHEMA_0001: string = BALANCERS + NETWORKS + IDENTITIES;
