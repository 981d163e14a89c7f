/** Application credentials and the roles their tokens may have. */
import { type ApplicationCredential, type Role, applicationCredential } from '../model/identity.ts';
import type { AuditedTx } from './audit.ts';
import { insert } from './rows.ts';
import type { Db } from './store.ts';

export function credentialById(db: Db, id: string): Promise<ApplicationCredential | undefined> {
  return db.selectFrom('application_credential').selectAll().where('id', '=', id).executeTakeFirst();
}

export function credentialByName(db: Db, userId: string, name: string): Promise<ApplicationCredential | undefined> {
  return db.selectFrom('application_credential').selectAll().where('user_id', '=', userId).where('name', '=', name).executeTakeFirst();
}

export function credentialsOf(db: Db, userId: string): Promise<ApplicationCredential[]> {
  return db.selectFrom('application_credential').selectAll().where('user_id', '=', userId).orderBy('name').execute();
}

export async function countCredentials(db: Db, userId: string): Promise<number> {
  const { count } = await db
    .selectFrom('application_credential')
    .select((query) => query.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return count;
}

export function rolesOfCredential(db: Db, id: string): Promise<Role[]> {
  return db
    .selectFrom('role')
    .selectAll()
    .where('id', 'in', (query) => query.selectFrom('application_credential_role').select('role_id').where('application_credential_id', '=', id))
    .orderBy('name')
    .execute();
}

/** Throws a unique violation when the user has one of the name. */
export async function insertCredential(tx: AuditedTx, row: ApplicationCredential, roleIds: readonly string[]): Promise<void> {
  await insert(tx.db, applicationCredential, row);
  const roles = roleIds.map((roleId) => ({ application_credential_id: row.id, role_id: roleId }));
  if (roles.length > 0) await tx.db.insertInto('application_credential_role').values(roles).execute();
  tx.record('create', applicationCredential, null, row);
}

/** Deletes those that match all that is given. */
export async function dropCredentials(tx: AuditedTx, which: { id: string } | { userId: string; projectId?: string } | { projectId: string }): Promise<void> {
  const rows = await tx.db
    .deleteFrom('application_credential')
    .$if('id' in which, (query) => query.where('id', '=', 'id' in which ? which.id : ''))
    .$if('userId' in which, (query) => query.where('user_id', '=', 'userId' in which ? which.userId : ''))
    .$if('projectId' in which, (query) => query.where('project_id', '=', 'projectId' in which ? (which.projectId ?? '') : ''))
    .returningAll()
    .execute();
  for (const row of rows) tx.record('delete', applicationCredential, row, null);
}
