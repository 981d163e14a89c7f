/** Writing users: their attributes, their passwords, and what ends their tokens. */
import type { FastifyRequest } from 'fastify';
import { ValueError, text } from '../../model/field.ts';
import { type User, user } from '../../model/identity.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { dropCredentials } from '../../store/identity-credentials.ts';
import { removeUser } from '../../store/identity-removal.ts';
import { callerOf } from '../http/caller-of.ts';
import { type Body, changed, created } from './bodies.ts';
import { DEFAULT_DOMAIN } from './bootstrap.ts';
import { existingDomain } from './domains.ts';
import { type HashQueue, provenSource } from './hash-queue.ts';
import { keystone } from './keystone-error.ts';
import { newId } from './new-id.ts';
import { PASSWORD_MAX, hashPassword } from './password.ts';
import type { Writer } from './writes.ts';

export const userWriter = (hashes: HashQueue): Writer<typeof user> => ({
  resource: user,
  async draft(object, request) {
    const { values, extra } = created(user, { ...object, domain_id: object['domain_id'] ?? callerOf(request).scopeDomainId ?? DEFAULT_DOMAIN.id });
    const password_hash = await newHash(hashes, object, request);
    const row: User = { ...values, id: newId(), password_hash: password_hash ?? null, created_at: new Date().toISOString(), credential_version: 0, extra };
    return async (tx) => {
      await existingDomain(tx, row.domain_id);
      return row;
    };
  },
  async revise(object, request) {
    const hash = await newHash(hashes, object, request);
    return async (tx, row) => {
      const changes = changed(user, object, row);
      return { ...changes, ...(await endings(tx, row, changes.enabled === false, hash)) };
    };
  },
  remove: removeUser,
  duplicate: ({ name, domain_id }) => `Duplicate entry found with name ${name} at domain ID ${domain_id}`,
});

/** A new password and a disabling both end every token; a disabling ends the application credentials, too, as in Keystone. */
async function endings(tx: AuditedTx, row: User, disabled: boolean, hash: string | null | undefined): Promise<Partial<User>> {
  if (disabled) await dropCredentials(tx, { userId: row.id });
  if (!disabled && hash === undefined) return {};
  return { credential_version: row.credential_version + 1, ...(hash === undefined ? {} : { password_hash: hash }) };
}

const passwordType = text({ max: PASSWORD_MAX, min: 1 });

/** undefined: nothing said; null: no password, so that nobody logs in with one. */
async function newHash(hashes: HashQueue, object: Body, request: FastifyRequest): Promise<string | null | undefined> {
  const given = object['password'];
  if (given === undefined || given === null) return given;
  const password = checkedPassword(given);
  return hashes.run(provenSource(callerOf(request).userId), () => hashPassword(password));
}

/** Throws without a word of the password itself. */
export function checkedPassword(password: unknown, field = 'password'): string {
  if (typeof password === 'string' && password.length > PASSWORD_MAX) throw keystone.passwordTooLong();
  try {
    return passwordType.parse(password);
  } catch (error) {
    throw error instanceof ValueError ? keystone.invalid(`Invalid input for field '${field}': ${error.reason}`) : error;
  }
}
