/** Hosts that carry nodes for this server, and on which of them an amphora is. Frozen once released. */
export const SCHEMA_0011: string = `
create table host (
  id text not null primary key, name text not null, description text not null, enabled integer not null check (enabled in (0, 1)), zone text,
  status text not null, last_address text, last_seen_at text,
  facts text check (facts is null or json_type(facts) = 'object'),
  physical_networks text not null check (json_type(physical_networks) = 'array'),
  certificate_expires_at text, join_token_expires_at text, created_at text not null, updated_at text,
  token_digest text, certificate_serial text, next_certificate_serial text
) strict;
create unique index host_name_unique on host (name);

alter table amphora add column compute_id text references host (id) deferrable initially deferred;
create index amphora_host on amphora (compute_id) where compute_id is not null;
`;
