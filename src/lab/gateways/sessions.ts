/** rpcd's sessions: who has logged in, what they may do, and for how long (openwrt reference §1, §1.1). */
import { randomBytes } from 'node:crypto';
import { isPlainObject } from '../../model/field.ts';
import { parseUciLeniently } from '../../render/uci/parse.ts';
import type { UciSection } from '../../render/uci/package.ts';
import type { Clock } from './clock.ts';
import type { DeviceFiles } from './files.ts';

export const NOBODY = '0'.repeat(32);
/** Seconds. */
const IDLE = 300;

/** Scope → object → functions. */
export type Rights = Map<string, Map<string, string[]>>;

export interface Session {
  readonly id: string;
  readonly username: string | null;
  readonly timeout: number;
  readonly rights: Rights;
  usedAt: number;
}

export class Sessions {
  readonly #files: DeviceFiles;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Session>();

  constructor(files: DeviceFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /** A session that is alive; asking for it keeps it so. */
  get(id: string): Session | undefined {
    if (id === NOBODY) return { id, username: null, timeout: 0, rights: this.#rightsOf(['unauthenticated'], []), usedAt: 0 };
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    if (session.timeout > 0 && this.#clock.now() - session.usedAt >= session.timeout * 1000) {
      this.#sessions.delete(id);
      return undefined;
    }
    session.usedAt = this.#clock.now();
    return session;
  }

  /**
   * null for a wrong password, and for nobody's name.
   * @param reclaimed - a session of the same user that is to be taken over: while it waits for a confirmation
   */
  login(username: string, password: string, timeout = IDLE, reclaimed: string | null = null): Session | null {
    const login = this.#logins().find((one) => one.options.get('username') === username);
    if (!login || !this.#isPassword(login, password)) return null;
    const before = reclaimed === null ? undefined : this.get(reclaimed);
    if (before?.username === username) return before;
    return this.#open(username, timeout, this.#rightsOf(listOf(login, 'read'), listOf(login, 'write')));
  }

  create(timeout: number): Session {
    return this.#open(null, timeout, new Map());
  }

  destroy(id: string): void {
    this.#sessions.delete(id);
  }

  /** Sessions are in memory. */
  clear(): void {
    this.#sessions.clear();
  }

  #open(username: string | null, timeout: number, rights: Rights): Session {
    const session: Session = { id: randomBytes(16).toString('hex'), username, timeout, rights, usedAt: this.#clock.now() };
    this.#sessions.set(session.id, session);
    return session;
  }

  #logins(): UciSection[] {
    return parseUciLeniently('rpcd', this.#files.text('/etc/config/rpcd') ?? '').package.sections.filter(({ type }) => type === 'login');
  }

  /** `$p$user` is an entry of /etc/shadow; here passwords stand there as they are, behind `plain:`. */
  #isPassword(login: UciSection, password: string): boolean {
    const expected = String(login.options.get('password') ?? '');
    if (!expected.startsWith('$p$')) return expected === `plain:${password}`;
    const entry = (this.#files.text('/etc/shadow') ?? '').split('\n').find((line) => line.startsWith(`${expected.slice(3)}:`));
    return entry?.split(':')[1] === `plain-${password}`;
  }

  /** Group files are read at every login. Who may write may read. */
  #rightsOf(read: readonly string[], write: readonly string[]): Rights {
    const rights: Rights = new Map();
    const names = this.#files.list('/usr/share/rpcd/acl.d').filter((name) => name.endsWith('.json'));
    for (const name of names) {
      for (const [group, blocks] of Object.entries(objectIn(this.#files.text(`/usr/share/rpcd/acl.d/${name}`)))) {
        const mayWrite = isIn(group, write);
        const mayRead = mayWrite || isIn(group, read);
        if (!isPlainObject(blocks)) continue;
        if (mayRead) grantBlock(rights, blocks['read'], 'read');
        if (mayWrite) grantBlock(rights, blocks['write'], 'write');
        if (mayRead) grant(rights, 'access-group', group, mayWrite ? ['read', 'write'] : ['read']);
      }
    }
    return rights;
  }
}

function objectIn(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isPlainObject(value) ? value : {};
  } catch {
    return {};
  }
}

function listOf({ options }: UciSection, name: string): readonly string[] {
  const value = options.get(name);
  // An option is passed over: rpcd reads lists only.
  return typeof value === 'object' ? value : [];
}

function isIn(group: string, globs: readonly string[]): boolean {
  if (globs.some((glob) => glob.startsWith('!') && matches(glob.slice(1), group))) return false;
  return globs.some((glob) => !glob.startsWith('!') && matches(glob, group));
}

function grantBlock(rights: Rights, block: unknown, permission: string): void {
  if (!isPlainObject(block)) return;
  for (const [scope, objects] of Object.entries(block)) {
    if (Array.isArray(objects)) for (const name of objects) grant(rights, scope, String(name), [permission]);
    else if (isPlainObject(objects))
      for (const [name, functions] of Object.entries(objects)) grant(rights, scope, name, Array.isArray(functions) ? functions.map(String) : []);
  }
}

export function grant(rights: Rights, scope: string, object: string, functions: readonly string[]): void {
  const objects = rights.get(scope) ?? new Map<string, string[]>();
  rights.set(scope, objects.set(object, [...new Set([...(objects.get(object) ?? []), ...functions])]));
}

export function mayDo({ rights }: Pick<Session, 'rights'>, scope: string, object: string, functionName: string): boolean {
  return [...(rights.get(scope) ?? [])].some(([glob, functions]) => matches(glob, object) && functions.some((one) => matches(one, functionName)));
}

/** fnmatch without FNM_PATHNAME: a star crosses slashes and blanks. */
export function matches(glob: string, text: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${pattern}$`).test(text);
}
