import { sql } from 'kysely';
import type { Store } from './store.ts';

/** True when the database answers. */
export async function ping({ db }: Pick<Store, 'db'>): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false;
  }
}
