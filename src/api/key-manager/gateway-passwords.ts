/** Passwords of gateways, encrypted with the key manager's keys, each for its own gateway. */
import type { Gateway } from '../../model/gateway.ts';
import type { SecretKeys } from './secret-keys.ts';

type Sealed = Pick<Gateway, 'id' | 'key_number' | 'sealed'>;

function belonging(id: string): { readonly id: string; readonly project_id: string } {
  return { id, project_id: 'gateway' };
}

/** `keys.ready()` first. */
export function sealedPassword(keys: SecretKeys, id: string, password: string): Sealed {
  return keys.seal(belonging(id), Buffer.from(password));
}

/** Throws a SecretKeyError. */
export function openedPassword(keys: SecretKeys, { id, key_number, sealed }: Sealed): string {
  return keys.open(belonging(id), { id, key_number, sealed }).toString('utf8');
}
