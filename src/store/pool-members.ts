import { type Member, member } from '../model/member.ts';
import { list } from './rows.ts';
import type { Db } from './store.ts';

/** Members read in one query. */
const PAGE = 500;

/** Members of a pool that are to stay, in order of creation; page by page, so that a pool of thousands keeps nobody waiting. */
export async function membersOf(db: Db, poolId: string): Promise<Member[]> {
  const where = [
    { column: 'pool_id', anyOf: [poolId] },
    { column: 'deleting', anyOf: [false] },
  ];
  const sort = [{ column: 'created_at', descending: false }];
  const found: Member[] = [];
  for (let page: Member[] | null = null; page === null || page.length === PAGE;) {
    page = await list(db, member, { where, sort, limit: PAGE, marker: found.at(-1)?.id ?? null, reverse: false });
    found.push(...page);
  }
  return found;
}
