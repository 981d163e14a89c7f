/** Why a member is in the state it is in, since when, and who saw it. Frozen once released. */
export const SCHEMA_0010: string = `
alter table member add column status_reason text;
alter table member add column status_changed_at text;
alter table member add column status_seen_by text;
`;
