/** The body of a login, checked: how the user proves who they are, and what the token is wanted for. */
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

/** By id, or by name among those of a user. */
export interface CredentialProof {
  readonly credential: { readonly id: string } | { readonly name: string; readonly user: PasswordProof['user'] };
  readonly secret: string;
}

export type Scope =
  /** Nothing said: the user's default project, if there is one. */
  | { readonly kind: 'default' }
  | { readonly kind: 'unscoped' }
  | { readonly kind: 'project'; readonly id: string }
  /** Without a domain: the user's. */
  | { readonly kind: 'named project'; readonly name: string; readonly domain: Reference | null }
  | { readonly kind: 'domain'; readonly domain: Reference };

export interface LoginRequest {
  readonly password: PasswordProof | null;
  /** A token got before. */
  readonly token: string | null;
  readonly credential: CredentialProof | null;
  readonly scope: Scope;
}

type Body = Record<string, unknown>;

const METHODS = ['password', 'token', 'application_credential'];
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
  const credential = methods.includes('application_credential') ? parseCredential(objectAt(identity, 'application_credential', 'identity')) : null;
  const scope = parseScope(auth['scope']);
  // The credential says what it is for, and its bearer proves nothing else.
  if (credential && (methods.length > 1 || scope.kind !== 'default')) throw keystone.credentialScope();
  return {
    password: methods.includes('password') ? parsePassword(objectAt(identity, 'password', 'identity')) : null,
    token: methods.includes('token') ? parseString(tokenType, objectAt(identity, 'token', 'identity'), 'id', 'token') : null,
    credential,
    scope,
  };
}

function parsePassword(proof: Body): PasswordProof {
  const user = objectAt(proof, 'user', 'password');
  const password = parseString(passwordType, user, 'password', 'user');
  return { user: parseUser(user), password };
}

function parseUser(user: Body): PasswordProof['user'] {
  if (user['id'] !== undefined) return { id: parseString(nameType, user, 'id', 'user') };
  return { name: parseString(nameType, user, 'name', 'user'), domain: parseReference(objectAt(user, 'domain', 'user'), 'domain') };
}

function parseCredential(proof: Body): CredentialProof {
  const secret = parseString(passwordType, proof, 'secret', 'application_credential');
  if (proof['id'] !== undefined) return { credential: { id: parseString(nameType, proof, 'id', 'application_credential') }, secret };
  const name = parseString(nameType, proof, 'name', 'application_credential');
  return { credential: { name, user: parseUser(objectAt(proof, 'user', 'application_credential')) }, secret };
}

function parseScope(scope: unknown): Scope {
  if (scope === undefined || scope === null) return { kind: 'default' };
  if (scope === 'unscoped' || (isPlainObject(scope) && 'unscoped' in scope)) return { kind: 'unscoped' };
  if (!isPlainObject(scope)) throw keystone.expecting('project', 'scope');
  for (const other of ['system', 'OS-TRUST:trust']) if (other in scope) throw keystone.unsupportedScope(other);
  if ('domain' in scope) return { kind: 'domain', domain: parseReference(objectAt(scope, 'domain', 'scope'), 'domain') };
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
