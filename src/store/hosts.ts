/** What is written down of hosts by the server itself: who joined, who is connected, and how much each carries. */
import { type Host, host } from '../model/host.ts';
import { octaviaTime } from './row-time.ts';
import { byId, update } from './rows.ts';
import type { Db, Tx } from './store.ts';

/** How many nodes each host has, of all drivers or of one; null is the server's own. */
export async function nodesByHost(db: Db, driver?: string): Promise<ReadonlyMap<string | null, number>> {
  const all = db.selectFrom('amphora').select((of) => ['compute_id', of.fn.countAll<number>().as('nodes')]);
  const rows = await (driver === undefined ? all : all.where('driver', '=', driver)).groupBy('compute_id').execute();
  return new Map(rows.map(({ compute_id, nodes }) => [compute_id, nodes]));
}

/** Ids of the nodes that a host is to have. */
export async function nodesOf(db: Db, hostId: string): Promise<string[]> {
  const rows = await db.selectFrom('amphora').select('id').where('compute_id', '=', hostId).execute();
  return rows.map(({ id }) => id);
}

/** The host that a node is on; null for the server's own, undefined where there is no such node. */
export async function hostOfNode(db: Db, amphoraId: string): Promise<string | null | undefined> {
  const row = await db.selectFrom('amphora').select('compute_id').where('id', '=', amphoraId).executeTakeFirst();
  return row?.compute_id;
}

export interface NewCertificate {
  readonly serial: string;
  readonly expiresAt: Date;
}

/**
 * Gives a certificate to whoever has the token: false where it is another one, ran out, or was used by one that has come with
 * its certificate since. Until then it may be asked for again, because an answer can be lost.
 */
export async function admit(tx: Tx, id: string, tokenDigest: string, certificate: NewCertificate, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('host')
    .set(given(certificate))
    .where('id', '=', id)
    .where('token_digest', '=', tokenDigest)
    .where('join_token_expires_at', '>', octaviaTime(now))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Gives another certificate to a host that came with its present one. */
export async function renew(tx: Tx, id: string, serial: string, certificate: NewCertificate): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('host')
    .set(given(certificate))
    .where('id', '=', id)
    .where('certificate_serial', '=', serial)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

function given({ serial, expiresAt }: NewCertificate): Partial<Host> {
  return { next_certificate_serial: serial, certificate_expires_at: octaviaTime(expiresAt) };
}

/** The host that comes with this certificate; undefined where nobody may. From now on the one before it, and the token, count no more. */
export async function recognise(tx: Tx, id: string, serial: string): Promise<Host | undefined> {
  const row = await byId(tx.db, host, id);
  if (row?.certificate_serial === serial) return row;
  if (!row || row.next_certificate_serial !== serial) return undefined;
  const joined = { token_digest: null, join_token_expires_at: null, status: 'OFFLINE' } as const;
  return update(tx.db, host, id, { ...joined, certificate_serial: serial, next_certificate_serial: null });
}

/** What an agent says of itself and its machine when it connects. */
export type Presence = Pick<Host, 'last_address' | 'facts' | 'physical_networks'>;

export async function recordOnline(tx: Tx, id: string, presence: Presence, now: Date): Promise<void> {
  await setHost(tx, id, { ...presence, status: 'ONLINE', last_seen_at: octaviaTime(now) });
}

export async function recordOffline(tx: Tx, id: string, now: Date): Promise<void> {
  await setHost(tx, id, { status: 'OFFLINE', last_seen_at: octaviaTime(now) });
}

/** Not of one that is gone, or was invited anew meanwhile. */
async function setHost(tx: Tx, id: string, changes: Partial<Host>): Promise<void> {
  const row = await byId(tx.db, host, id);
  if (row && row.status !== 'INVITED') await update(tx.db, host, id, changes);
}

/** At the start of a server nobody is connected yet. */
export async function recordAllOffline(tx: Tx): Promise<void> {
  await tx.db.updateTable('host').set({ status: 'OFFLINE' }).where('status', '=', 'ONLINE').execute();
}

/** Names of the physical networks that any host has a bridge for. */
export async function physicalNetworksOfHosts(db: Db): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('host').select('physical_networks').execute();
  return new Set(rows.flatMap(({ physical_networks: names }) => names));
}
