/** Gives all payloads a new key, and lets go of the old ones when the last payload has left them. */
import { gatewaysOfKey, replaceSealed } from '../../store/gateways.ts';
import type { Store } from '../../store/store.ts';
import { countOfKey, payloadsOfKey, replacePayload } from '../../store/secrets.ts';
import { openedPassword, sealedPassword } from './gateway-passwords.ts';
import type { SecretKeys } from './secret-keys.ts';

/** Rows of one transaction: everybody else waits for it. */
const BATCH = 50;

/**
 * Returns how many payloads were encrypted anew. May be killed anywhere and run again: each payload is under a key that
 * is there at any time. A payload whose key is missing stops it, with the SecretKeyError that names the file.
 */
export async function rotateSecretKeys(store: Store, keys: SecretKeys): Promise<number> {
  await keys.add();
  let moved = 0;
  for (const number of keys.retired) {
    for (const reseal of [resealPayloads, resealPasswords]) {
      for (let batch = await reseal(store, keys, number); batch > 0; batch = await reseal(store, keys, number)) moved += batch;
    }
    await dropUnused(store, keys, number);
  }
  return moved;
}

async function resealPayloads(store: Store, keys: SecretKeys, number: number): Promise<number> {
  return store.transaction(async ({ db }) => {
    const rows = await payloadsOfKey(db, number, BATCH);
    for (const { project_id, ...row } of rows) {
      const belonging = { id: row.id, project_id };
      await replacePayload(db, keys.seal(belonging, keys.open(belonging, row)));
    }
    return rows.length;
  });
}

/** Of gateways. */
async function resealPasswords(store: Store, keys: SecretKeys, number: number): Promise<number> {
  return store.transaction(async ({ db }) => {
    const rows = await gatewaysOfKey(db, number, BATCH);
    for (const row of rows) await replaceSealed(db, sealedPassword(keys, row.id, openedPassword(keys, row)));
    return rows.length;
  });
}

/** Counted in a transaction, which sees the writes of all that began with the old key. */
async function dropUnused(store: Store, keys: SecretKeys, number: number): Promise<void> {
  if ((await store.transaction(({ db }) => countOfKey(db, number))) === 0) await keys.drop(number);
}
