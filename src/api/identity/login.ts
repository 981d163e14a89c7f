/** Logs a user in: proves who they are and issues the token for the project they want. */
import { fault } from '../../model/fault.ts';
import type { Domain, User } from '../../model/identity.ts';
import { domainById, domainByName, projectByName, rolesOf, userById, userByName } from '../../store/identity.ts';
import type { Store } from '../../store/store.ts';
import { keystone } from './keystone-error.ts';
import type { LoginLimit } from './login-limit.ts';
import type { LoginRequest, PasswordProof, Reference, Scope } from './login-request.ts';
import { passwordMatches } from './password.ts';
import type { Claims } from './token-codec.ts';
import type { Tokens, Verified } from './tokens.ts';

export interface LoginContext {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly limit: LoginLimit;
}

/** `source`: the client's address. Throws 401 for whatever does not fit, without saying what; 429 after too many. */
export async function login(context: LoginContext, request: LoginRequest, source: string): Promise<Verified> {
  const startedAt = Date.now();
  const byPassword = request.password && (await provePassword(context, request.password, source));
  const parent = request.token === null ? null : (await context.tokens.inspect(request.token)).claims;
  const user = byPassword ?? (parent && (await userById(context.store.db, parent.userId)));
  if (!user || (parent && parent.userId !== user.id)) throw fault.unauthorized();
  const projectId = await wantedProject(context.store, user, request.scope);
  return context.tokens.issue({ userId: user.id, projectId, startedAt, methods: methodsOf(request, parent), ...(parent ? { parent } : {}) });
}

function methodsOf(request: LoginRequest, parent: Claims | null): string[] {
  return [...new Set([...(parent ? ['token'] : []), ...(request.password ? ['password'] : []), ...(parent?.methods ?? [])])];
}

async function provePassword({ store, limit }: LoginContext, proof: PasswordProof, source: string): Promise<User> {
  const user = await findUser(store, proof.user);
  const attempt = await limit.begin(source, user?.id ?? JSON.stringify(proof.user));
  if (!attempt) throw keystone.tooManyLogins();
  let success = false;
  try {
    success = await passwordMatches(proof.password, user?.enabled ? user.password_hash : null);
  } finally {
    attempt.end(success);
  }
  if (!success || !user) throw fault.unauthorized();
  return user;
}

async function findUser(store: Store, wanted: PasswordProof['user']): Promise<User | undefined> {
  if ('id' in wanted) return userById(store.db, wanted.id);
  const domain = await findDomain(store, wanted.domain);
  return domain && userByName(store.db, wanted.name, domain.id);
}

async function findDomain(store: Store, wanted: Reference): Promise<Domain | undefined> {
  return 'id' in wanted ? domainById(store.db, wanted.id) : domainByName(store.db, wanted.name);
}

/** null is a token without scope. */
async function wantedProject(store: Store, user: User, scope: Scope): Promise<string | null> {
  if (scope.kind === 'unscoped') return null;
  if (scope.kind === 'project') return scope.id;
  if (scope.kind === 'default') return defaultProject(store, user);
  const domain = scope.domain === null ? { id: user.domain_id } : await findDomain(store, scope.domain);
  const project = domain && (await projectByName(store.db, scope.name, domain.id));
  if (!project) throw fault.unauthorized();
  return project.id;
}

/** A default that no longer leads anywhere is no reason to refuse the login. */
async function defaultProject(store: Store, { id, default_project_id: wanted }: User): Promise<string | null> {
  return wanted !== null && (await rolesOf(store.db, id, wanted)).length > 0 ? wanted : null;
}
