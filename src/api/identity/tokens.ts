/**
 * Tokens: made at login, verified at every request, revoked by name. A token carries its claims itself; only
 * revocations are stored. What a verified token stands for is remembered until anything about identity is written.
 */
import { fault } from '../../model/fault.ts';
import { token as tokenResource } from '../../model/identity.ts';
import type { Actor } from '../../store/audit.ts';
import {
  type Standing,
  forgetExpiredRevocations,
  isRevoked,
  onIdentityChange,
  revokeToken,
  revokedTokens,
  standingOf,
  writeIdentity,
} from '../../store/identity.ts';
import type { Db, Store } from '../../store/store.ts';
import type { Caller } from './caller.ts';
import { type Claims, type TokenKeys, newAuditId, openToken, sealToken } from './token-codec.ts';
import { loadTokenKeys, newestKeyAge, rotateTokenKeys } from './token-keys.ts';

export interface TokensOptions {
  readonly store: Store;
  readonly statePath: string;
  /** Seconds a token lives. */
  readonly lifetime: number;
  /** Milliseconds since 1970; the wall clock unless a test says otherwise. */
  readonly clock?: () => number;
}

export interface TokenRequest {
  readonly userId: string;
  /** What it is for: at most one of project and domain. */
  readonly projectId: string | null;
  readonly domainId?: string | null;
  /** The application credential that was proved. */
  readonly credentialId?: string | null;
  readonly methods: readonly string[];
  /**
   * The user's `credential_version` in the row whose password was proved: if it has risen since, the token is refused,
   * whatever the clocks say. The present one if not given.
   */
  readonly version?: number;
  /** The token it is got with: the new one lives no longer, and no longer than its application credential. */
  readonly parent?: Claims;
}

/** A token that holds, and what it stands for. */
export interface Verified {
  readonly token: string;
  readonly claims: Claims;
  readonly standing: Standing;
  readonly caller: Caller;
}

/** Verified tokens remembered; the longest unused go first. */
const REMEMBERED = 10_000;
const PURGE_INTERVAL_MS = 3_600_000;

export class Tokens {
  readonly #options: TokensOptions;
  readonly #clock: () => number;
  readonly #remembered = new Map<string, Verified>();
  readonly #revoked: Map<string, number>;
  readonly #stopListening: () => void;
  #keys: TokenKeys;
  /** Rises with every identity write: what was read before it may not be remembered after it. */
  #epoch = 0;
  #purgedAt: number;

  private constructor(options: TokensOptions, keys: TokenKeys, revoked: Map<string, number>) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#keys = keys;
    this.#revoked = revoked;
    this.#purgedAt = this.#clock();
    this.#stopListening = onIdentityChange(options.store, () => this.forget());
  }

  /** Reads keys and revocations; makes the first key on the first start. */
  static async open(options: TokensOptions): Promise<Tokens> {
    const keys = await loadTokenKeys(options.statePath);
    return new Tokens(options, keys, await revokedTokens(options.store.db));
  }

  /**
   * Throws 401 if user, scope or credential are disabled, expired or gone, or the user has no role in the scope. What the
   * claims say and what they are checked against come from one read, so that nothing changes in between.
   */
  async issue(request: TokenRequest): Promise<Verified> {
    const { userId, projectId, domainId = null, credentialId = request.parent?.credentialId ?? null, methods, parent } = request;
    const issuedAt = this.#clock();
    const standing = await standingOf(this.#options.store.db, { userId, projectId, domainId, credentialId });
    if (!standing) throw fault.unauthorized();
    const claims: Claims = {
      userId,
      projectId,
      domainId,
      credentialId,
      methods,
      issuedAt,
      version: request.version ?? parent?.version ?? standing.user.credential_version,
      expiresAt: parent?.expiresAt ?? this.#expiry(issuedAt, standing),
      auditId: newAuditId(),
      chainId: parent ? (parent.chainId ?? parent.auditId) : null,
    };
    return this.#standing(sealToken(claims, this.#keys), claims, standing);
  }

  /** Who bears the token. Throws 401 for anything but a token that holds. */
  async verify(token: string): Promise<Caller> {
    return (await this.inspect(token)).caller;
  }

  /** The same with everything the token's own page shows. */
  async inspect(token: string): Promise<Verified> {
    const known = this.#remembered.get(token);
    if (known && !this.#expired(known.claims)) return known;
    const claims = openToken(token, this.#keys);
    if (!claims || this.#expired(claims)) throw fault.unauthorized();
    const epoch = this.#epoch;
    const verified = await this.#verified(this.#options.store.db, token, claims);
    if (epoch === this.#epoch) this.#remember(verified);
    return verified;
  }

  /** As `inspect`, by what a transaction sees: nothing is remembered, and what was written a moment ago counts. */
  async inspectIn(db: Db, token: string): Promise<Verified> {
    const claims = openToken(token, this.#keys);
    if (!claims || (await isRevoked(db, claims.auditId))) throw fault.unauthorized();
    return this.#verified(db, token, claims);
  }

  /** Refuses the token from now on. Throws 401 if it does not hold. */
  async revoke(token: string, actor: Actor): Promise<void> {
    const { claims } = await this.inspect(token);
    const purge = this.#purgeDue();
    const object = { id: claims.auditId, user_id: claims.userId, expires_at: new Date(claims.expiresAt).toISOString() };
    await writeIdentity(this.#options.store, actor, async (tx) => {
      await revokeToken(tx, claims.auditId, claims.expiresAt);
      tx.record('delete', tokenResource, object, null);
      if (purge) await forgetExpiredRevocations(tx, this.#clock());
    });
    this.#revoked.set(claims.auditId, claims.expiresAt);
    this.forget();
  }

  /** New tokens are sealed with a new key; those sealed with the last two keys still hold. */
  async rotate(): Promise<void> {
    this.#keys = await rotateTokenKeys(this.#options.statePath);
    this.forget();
  }

  /**
   * For a timer: rotates when the newest key is older than `age` seconds, and tells whether it did. Two rotations may pass
   * in the life of a token, so keys younger than half of it are left alone, whatever `age` says.
   */
  async rotateIfOlder(age: number): Promise<boolean> {
    const present = await newestKeyAge(this.#options.statePath, this.#clock());
    if (present < Math.max(age, this.#options.lifetime / 2)) return false;
    await this.rotate();
    return true;
  }

  /** Drops what is remembered of verified tokens. */
  forget(): void {
    this.#epoch += 1;
    this.#remembered.clear();
  }

  close(): void {
    this.#stopListening();
    this.forget();
  }

  async #verified(db: Db, token: string, claims: Claims): Promise<Verified> {
    const standing = await standingOf(db, claims);
    if (!standing) throw fault.unauthorized();
    return this.#standing(token, claims, standing);
  }

  #standing(token: string, claims: Claims, standing: Standing): Verified {
    // Asked after the read, so that a revocation during it counts.
    if (!holds(standing, claims, this.#clock()) || this.#revoked.has(claims.auditId)) throw fault.unauthorized();
    return { token, claims, standing, caller: callerOf(standing, claims) };
  }

  #expiry(issuedAt: number, { credential }: Standing): number {
    const own = wholeSeconds(issuedAt) + this.#options.lifetime * 1000;
    return credential?.expires_at ? Math.min(own, wholeSeconds(Date.parse(credential.expires_at))) : own;
  }

  #expired(claims: Claims): boolean {
    return claims.expiresAt <= this.#clock();
  }

  #remember(verified: Verified): void {
    this.#remembered.set(verified.token, verified);
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size > REMEMBERED && !oldest.done) this.#remembered.delete(oldest.value);
  }

  /** Once an hour at most; the revocations in memory go with those in the store. */
  #purgeDue(): boolean {
    const now = this.#clock();
    if (now - this.#purgedAt < PURGE_INTERVAL_MS) return false;
    this.#purgedAt = now;
    for (const [auditId, expiresAt] of this.#revoked) if (expiresAt < now) this.#revoked.delete(auditId);
    return true;
  }
}

function holds({ user, domain, credential, ...scope }: Standing, claims: Claims, now: number): boolean {
  if (!user.enabled || !domain.enabled || claims.version !== user.credential_version || claims.expiresAt <= now) return false;
  if (credential && (credential.user_id !== user.id || credential.project_id !== claims.projectId)) return false;
  if (claims.projectId === null && claims.domainId === null) return true;
  const places = [scope.project, scope.projectDomain, scope.scopeDomain].filter((place) => place !== null);
  return places.length > 0 && places.every((place) => place.enabled) && scope.roles.length > 0;
}

function callerOf({ user, project, scopeDomain, roles }: Standing, claims: Claims): Caller {
  const names = roles.map(({ name }) => name);
  return {
    userId: user.id,
    userName: user.name,
    projectId: project?.id ?? null,
    projectName: project?.name ?? null,
    domainId: user.domain_id,
    scopeDomainId: scopeDomain?.id ?? null,
    roles: names,
    isAdmin: names.includes('admin'),
    auditId: claims.auditId,
    expiresAt: claims.expiresAt,
  };
}

/** Clients compare expiry in whole seconds, as Keystone prints it. */
function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}
