/** The body of a login, checked: how the user proves who they are, and which project the token is wanted for. */
import { fault } from '../../model/fault.ts';
import { ValueError, isPlainObject, text } from '../../model/field.ts';
import { keystone } from './keystone-error.ts';
import { PASSWORD_MAX } from './password.ts';

export type Reference = { readonly id: string } | { readonly name: string };

export interface PasswordProof {
  /** By id, or by name within a domain. */
  readonly user: { readonly id: string } | { readonly name: string; readonly domain: Reference };
  readonly password: string;
}

export type Scope =
  /** Nothing said: the user's default project, if there is one. */
  | { readonly kind: 'default' }
  | { readonly kind: 'unscoped' }
  | { readonly kind: 'project'; readonly id: string }
  /** Without a domain: the user's. */
  | { readonly kind: 'named project'; readonly name: string; readonly domain: Reference | null };

export interface LoginRequest {
  readonly password: PasswordProof | null;
  /** A token got before. */
  readonly token: string | null;
  readonly scope: Scope;
}

type Body = Record<string, unknown>;

const METHODS = ['password', 'token'];
const nameType = text({ max: 255, min: 1 });
const passwordType = text({ max: PASSWORD_MAX });
const tokenType = text({ max: 8192, min: 1 });

/** Throws 400 for a body that is none, 401 for methods and scopes that are not ours. */
export function parseLogin(body: unknown): LoginRequest {
  const auth = objectAt(isPlainObject(body) ? body : {}, 'auth', 'request body');
  const identity = objectAt(auth, 'identity', 'auth');
  const { methods } = identity;
  if (!Array.isArray(methods) || methods.length === 0) throw keystone.expecting('methods', 'identity');
  if (!methods.every((method) => METHODS.includes(method))) throw keystone.unsupportedMethod();
  return {
    password: methods.includes('password') ? parsePassword(objectAt(identity, 'password', 'identity')) : null,
    token: methods.includes('token') ? parseString(tokenType, objectAt(identity, 'token', 'identity'), 'id', 'token') : null,
    scope: parseScope(auth['scope']),
  };
}

function parsePassword(proof: Body): PasswordProof {
  const user = objectAt(proof, 'user', 'password');
  const password = parseString(passwordType, user, 'password', 'user');
  if (user['id'] !== undefined) return { user: { id: parseString(nameType, user, 'id', 'user') }, password };
  return { user: { name: parseString(nameType, user, 'name', 'user'), domain: parseReference(objectAt(user, 'domain', 'user'), 'domain') }, password };
}

function parseScope(scope: unknown): Scope {
  if (scope === undefined || scope === null) return { kind: 'default' };
  if (scope === 'unscoped' || (isPlainObject(scope) && 'unscoped' in scope)) return { kind: 'unscoped' };
  if (!isPlainObject(scope)) throw keystone.expecting('project', 'scope');
  for (const other of ['system', 'domain', 'OS-TRUST:trust']) if (other in scope) throw keystone.unsupportedScope(other);
  return parseProjectScope(objectAt(scope, 'project', 'scope'));
}

/**
 * Keystone refuses a project's name without its domain (400 "Expecting to find domain in project"). Here it means the
 * user's own domain, on purpose: quick-start scripts for the SDK give `user_domain_id` alone, as the one this project
 * began from does, and with one domain there is nothing to confuse.
 */
function parseProjectScope(project: Body): Scope {
  if (project['id'] !== undefined) return { kind: 'project', id: parseString(nameType, project, 'id', 'project') };
  const domain = project['domain'] === undefined ? null : parseReference(objectAt(project, 'domain', 'project'), 'domain');
  return { kind: 'named project', name: parseString(nameType, project, 'name', 'project'), domain };
}

function parseReference(reference: Body, where: string): Reference {
  if (reference['id'] !== undefined) return { id: parseString(nameType, reference, 'id', where) };
  return { name: parseString(nameType, reference, 'name', where) };
}

function objectAt(container: Body, name: string, where: string): Body {
  const value = Object.hasOwn(container, name) ? container[name] : undefined;
  if (!isPlainObject(value)) throw keystone.expecting(name, where);
  return value;
}

/** The value is left out of the message: it may be a secret. */
function parseString(type: { parse(value: unknown): string }, container: Body, name: string, where: string): string {
  if (container[name] === undefined || container[name] === null) throw keystone.expecting(name, where);
  try {
    return type.parse(container[name]);
  } catch (error) {
    throw error instanceof ValueError ? fault.invalidInput(`${where}/${name}`, '…', error.reason) : error;
  }
}
