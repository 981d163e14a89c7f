/** Logs a user in: proves who they are and issues the token for what they want it. */
import { fault } from '../../model/fault.ts';
import type { ApplicationCredential, Domain, User } from '../../model/identity.ts';
import { credentialById, credentialByName } from '../../store/identity-credentials.ts';
import { domainById, domainByName, projectByName, projectsOf, userById, userByName } from '../../store/identity.ts';
import type { Store } from '../../store/store.ts';
import { keystone } from './keystone-error.ts';
import type { HashQueue } from './hash-queue.ts';
import { type LoginLimit, sourceKey } from './login-limit.ts';
import type { CredentialProof, LoginRequest, PasswordProof, Reference, Scope } from './login-request.ts';
import { passwordMatches } from './password.ts';
import type { Claims } from './token-codec.ts';
import type { Tokens, Verified } from './tokens.ts';

export interface LoginContext {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly limit: LoginLimit;
  readonly hashes: HashQueue;
}

type Proving = Omit<LoginContext, 'tokens'>;

/** `source`: the client's address. Throws 401 for whatever does not fit, without saying what; 429 after too many. */
export async function login(context: LoginContext, request: LoginRequest, source: string): Promise<Verified> {
  if (request.credential) return byCredential(context, request.credential, source);
  const byPassword = request.password && (await provePassword(context, request.password, source));
  const parent = request.token === null ? null : (await context.tokens.inspect(request.token)).claims;
  const user = byPassword ?? (parent && (await userById(context.store.db, parent.userId)));
  if (!user || (parent && parent.userId !== user.id)) throw fault.unauthorized();
  const scope = await wantedScope(context.store, user, request.scope, parent);
  // The version is the one of the row whose hash was proved: a password changed since then refuses the token.
  const proved = byPassword ? { version: byPassword.credential_version } : {};
  return context.tokens.issue({ userId: user.id, ...scope, ...proved, methods: methodsOf(request, parent), ...(parent ? { parent } : {}) });
}

function methodsOf(request: LoginRequest, parent: Claims | null): string[] {
  return [...new Set([...(parent ? ['token'] : []), ...(request.password ? ['password'] : []), ...(parent?.methods ?? [])])];
}

export async function provePassword(context: Proving, proof: PasswordProof, source: string): Promise<User> {
  const user = await findUser(context.store, proof.user);
  await proveSecret(context, source, user?.id ?? JSON.stringify(proof.user), proof.password, user?.enabled ? user.password_hash : null);
  if (!user) throw fault.unauthorized();
  return user;
}

/** Throws 401 when the secret does not belong to the hash; `subject` is whose failures are counted. */
async function proveSecret({ limit, hashes }: Proving, source: string, subject: string, secret: string, hash: string | null): Promise<void> {
  const attempt = await limit.begin(source, subject);
  if (!attempt) throw keystone.tooManyLogins();
  let wrong = false;
  try {
    wrong = !(await hashes.run({ key: `source ${sourceKey(source)}`, suspect: attempt.suspect }, () => passwordMatches(secret, hash)));
  } finally {
    // One that the queue refused was no guess.
    attempt.end(!wrong);
  }
  if (wrong) throw fault.unauthorized();
}

async function byCredential(context: LoginContext, { credential: wanted, secret }: CredentialProof, source: string): Promise<Verified> {
  const { store, tokens } = context;
  const credential = await findCredential(store, wanted);
  const user = credential && (await userById(store.db, credential.user_id));
  await proveSecret(context, source, `credential ${credential?.id ?? JSON.stringify(wanted)}`, secret, user ? (credential?.secret_hash ?? null) : null);
  if (!credential || !user) throw fault.unauthorized();
  return tokens.issue({ userId: user.id, projectId: credential.project_id, credentialId: credential.id, methods: ['application_credential'] });
}

async function findCredential(store: Store, wanted: CredentialProof['credential']): Promise<ApplicationCredential | undefined> {
  if ('id' in wanted) return credentialById(store.db, wanted.id);
  const user = await findUser(store, wanted.user);
  return user && credentialByName(store.db, user.id, wanted.name);
}

async function findUser(store: Store, wanted: PasswordProof['user']): Promise<User | undefined> {
  if ('id' in wanted) return userById(store.db, wanted.id);
  const domain = await findDomain(store, wanted.domain);
  return domain && userByName(store.db, wanted.name, domain.id);
}

async function findDomain(store: Store, wanted: Reference): Promise<Domain | undefined> {
  return 'id' in wanted ? domainById(store.db, wanted.id) : domainByName(store.db, wanted.name);
}

interface ScopeIds {
  readonly projectId: string | null;
  readonly domainId: string | null;
}

async function wantedScope(store: Store, user: User, scope: Scope, parent: Claims | null): Promise<ScopeIds> {
  if (scope.kind === 'unscoped') return { projectId: null, domainId: null };
  if (scope.kind === 'domain') return { projectId: null, domainId: await existing(findDomain(store, scope.domain)) };
  if (scope.kind === 'default') return { projectId: parent?.credentialId ? parent.projectId : await defaultProject(store, user), domainId: null };
  return { projectId: scope.kind === 'project' ? scope.id : await namedProject(store, user, scope), domainId: null };
}

async function existing(found: Promise<{ id: string } | undefined>): Promise<string> {
  const row = await found;
  if (!row) throw fault.unauthorized();
  return row.id;
}

async function namedProject(store: Store, user: User, { name, domain: wanted }: { name: string; domain: Reference | null }): Promise<string> {
  const domain = wanted === null ? { id: user.domain_id } : await findDomain(store, wanted);
  if (!domain) throw fault.unauthorized();
  return existing(projectByName(store.db, name, domain.id));
}

/** A default that no longer leads anywhere is no reason to refuse the login. */
async function defaultProject(store: Store, { id, default_project_id: wanted }: User): Promise<string | null> {
  return wanted !== null && (await projectsOf(store.db, id)).some((project) => project.id === wanted) ? wanted : null;
}
