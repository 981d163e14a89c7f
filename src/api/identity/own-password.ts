/**
 * `/v3/users/{id}/password`: who knows the old password sets a new one. As in Keystone the old password is the proof and
 * no token is asked for, so that somebody can still do it whose roles are gone.
 */
import type { FastifyInstance } from 'fastify';
import { fault } from '../../model/fault.ts';
import { user } from '../../model/identity.ts';
import { domainById, setPassword, userById, writeIdentity } from '../../store/identity.ts';
import type { Db } from '../../store/store.ts';
import { objectIn } from './bodies.ts';
import type { IdentityOptions } from './face.ts';
import { provenSource } from './hash-queue.ts';
import { keystone } from './keystone-error.ts';
import { type LoginContext, provePassword } from './login.ts';
import { PASSWORD_MAX, hashPassword } from './password.ts';
import { checkedPassword } from './users.ts';
import { idOf } from './writes.ts';

/** Every token of the user ends with it. Guesses count as those of a login. */
export function ownPasswordRoute(app: FastifyInstance, options: IdentityOptions & LoginContext): void {
  app.post('/v3/users/:id/password', async (request, reply) => {
    const { original_password: original, password: wanted } = objectIn(request.body, 'user');
    if (typeof original !== 'string') throw keystone.expecting('original_password', 'user');
    if (original.length > PASSWORD_MAX) throw fault.unauthorized();
    const password = checkedPassword(wanted);
    const row = await provePassword(options, { user: { id: idOf(request) }, password: original }, request.ip);
    const hash = await options.hashes.run(provenSource(row.id), () => hashPassword(password));
    const actor = { userId: row.id, userName: row.name, projectId: null, address: request.ip, requestId: request.id };
    await writeIdentity(options.store, actor, async (tx) => {
      // Somebody else changed it, or disabled the user, while this was hashed: the proof no longer holds.
      if (!(await mayLogIn(tx.db, row.id)) || !(await setPassword(tx, row.id, hash, row.credential_version))) throw fault.unauthorized();
      tx.record('update', user, row, row);
    });
    return reply.code(204).send();
  });
}

async function mayLogIn(db: Db, userId: string): Promise<boolean> {
  const present = await userById(db, userId);
  const domain = present && (await domainById(db, present.domain_id));
  return Boolean(present?.enabled && domain?.enabled);
}
