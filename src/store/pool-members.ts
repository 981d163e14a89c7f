import { type Member, member } from '../model/member.ts';
import { list } from './rows.ts';
import type { Db } from './store.ts';

/** Members of a pool that are to stay, in order of creation. */
export async function membersOf(db: Db, poolId: string): Promise<Member[]> {
  const where = [
    { column: 'pool_id', anyOf: [poolId] },
    { column: 'deleting', anyOf: [false] },
  ];
  const sort = [{ column: 'created_at', descending: false }];
  return list(db, member, { where, sort, limit: null, marker: null, reverse: false });
}
