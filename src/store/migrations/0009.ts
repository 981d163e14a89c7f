/** A node of a pair knows where it talks to the other, and a balancer has one node of each role. Frozen once released. */
export const SCHEMA_0009: string = `
alter table amphora add column vrrp_port_id text;
alter table amphora add column vrrp_interface text;
alter table amphora add column vrrp_id integer;
alter table amphora add column vrrp_priority integer;
create unique index amphora_role on amphora (loadbalancer_id, role) where role <> 'STANDALONE' and status <> 'PENDING_DELETE';
`;
