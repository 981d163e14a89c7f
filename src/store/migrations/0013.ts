/** Which gateway an amphora is on, what becomes of what was changed there by hand, and which gateways take nothing new. Frozen once released. */
export const SCHEMA_0013: string = `
alter table amphora add column gateway_id text references gateway (id) deferrable initially deferred;
alter table gateway add column drift text not null default 'repair';
create index amphora_gateway on amphora (gateway_id) where gateway_id is not null;
alter table gateway add column draining integer not null default 0 check (draining in (0, 1));
`;
