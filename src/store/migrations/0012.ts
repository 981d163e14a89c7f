/** Sites and the gateways at them. Frozen once released. */
export const SCHEMA_0012: string = `
create table site (
  id text not null primary key, name text not null, description text not null, location text,
  tags text not null check (json_type(tags) = 'array'), created_at text not null, updated_at text
) strict;
create unique index site_name_unique on site (name);

create table gateway (
  id text not null primary key, name text not null, description text not null,
  site_id text not null references site (id) deferrable initially deferred,
  enabled integer not null check (enabled in (0, 1)), url text not null, username text not null, tls_pin text, location text,
  tags text not null check (json_type(tags) = 'array'),
  status text not null, status_reason text, facts text check (facts is null or json_type(facts) = 'object'),
  last_seen_at text, checked_at text, created_at text not null, updated_at text,
  identity text, key_number integer not null, sealed text not null
) strict;
create unique index gateway_name_unique on gateway (name);
create index gateway_site on gateway (site_id);
create index gateway_key on gateway (key_number);
`;
