/** rpcd's `file` object: a gateway's files and the programs that may be run on it, with rpcd's limits (openwrt reference §1). */
import { createHash } from 'node:crypto';
import { type DeviceFiles, FlashError, type StoredFile, normalised } from './files.ts';
import { type Session, mayDo } from './sessions.ts';
import type { Answer } from './uci-object.ts';

type Args = Readonly<Record<string, unknown>>;

export interface Ran {
  readonly code: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Ended by a signal, or because it took too long. */
  readonly killed?: 'signal' | 'timeout';
}

/** What can be run, by its path. */
export type DevicePrograms = ReadonlyMap<string, (args: readonly string[]) => Ran | Promise<Ran>>;

const INVALID = 2;
const NOT_FOUND = 4;
const NO_DATA = 5;
const DENIED = 6;
const TIMED_OUT = 7;
const NOT_SUPPORTED = 8;
const UNKNOWN = 9;
/** Bytes of what is read, and of what a program writes. */
const MOST = 256 * 1024;
const SEARCHED = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export class FileObject {
  readonly #files: DeviceFiles;
  readonly #programs: DevicePrograms;

  constructor(files: DeviceFiles, programs: DevicePrograms) {
    this.#files = files;
    this.#programs = programs;
  }

  async call(session: Session, method: string, args: Args): Promise<Answer> {
    if (method === 'exec') return this.#exec(session, args);
    const right = RIGHTS[method];
    if (right === undefined) return 3;
    if (typeof args['path'] !== 'string') return INVALID;
    const path = normalised(args['path']);
    if (!mayDo(session, 'file', path, right)) return DENIED;
    try {
      return this.#carry(method, path, args);
    } catch (error) {
      if (error instanceof FlashError) return UNKNOWN;
      throw error;
    }
  }

  #carry(method: string, path: string, args: Args): Answer {
    if (method === 'write') return this.#write(path, args);
    if (method === 'list') return this.#list(path);
    const file = this.#files.read(path);
    if (!file) return this.#files.isDirectory(path) && method === 'stat' ? { path, type: 'directory', size: 0, mode: 0o40_755 } : NOT_FOUND;
    switch (method) {
      case 'read':
        return read(file, args['base64'] === true);
      case 'stat':
        return { path, ...statOf(file) };
      case 'md5':
        return { md5: createHash('md5').update(file.bytes).digest('hex') };
      default:
        this.#files.remove(path);
        return 0;
    }
  }

  #write(path: string, { data, append, mode, base64 }: Args): Answer {
    if (typeof data !== 'string') return INVALID;
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!this.#files.isDirectory(parent)) return NOT_FOUND;
    const before = this.#files.read(path);
    const bytes = Buffer.from(data, base64 === true ? 'base64' : 'utf8');
    const whole = append === true && before ? Buffer.concat([before.bytes, bytes]) : bytes;
    this.#files.write(path, whole, typeof mode === 'number' ? mode & 0o7777 : (before?.mode ?? 0o666));
    return 0;
  }

  #list(path: string): Answer {
    if (!this.#files.isDirectory(path)) return NOT_FOUND;
    const entries = this.#files.list(path).map((name) => {
      const file = this.#files.read(`${path}/${name}`);
      return file ? { name, ...statOf(file) } : { name, type: 'directory', size: 0, mode: 0o40_755 };
    });
    return { entries };
  }

  /** First the bare path, then the whole command line must be allowed. What is no text is left out in silence. */
  async #exec(session: Session, { command, params, env }: Args): Promise<Answer> {
    if (typeof command !== 'string') return INVALID;
    if (env !== undefined) return DENIED;
    const path = command.includes('/') ? command : SEARCHED.map((directory) => `${directory}/${command}`).find((one) => this.#programs.has(one));
    const program = path === undefined ? undefined : this.#programs.get(path);
    if (path === undefined || !program || !this.#isInstalled(path)) return NOT_FOUND;
    const args = (Array.isArray(params) ? params : []).filter((one): one is string => typeof one === 'string');
    if (!mayDo(session, 'file', path, 'exec') && !mayDo(session, 'file', [path, ...args].join(' '), 'exec')) return DENIED;
    const { code, stdout = '', stderr = '', killed } = await program(args);
    if (killed === 'timeout') return TIMED_OUT;
    if (Buffer.byteLength(stdout) >= MOST || Buffer.byteLength(stderr) >= MOST) return NOT_SUPPORTED;
    return { code: killed === 'signal' ? 0 : code, ...(stdout === '' ? {} : { stdout }), ...(stderr === '' ? {} : { stderr }) };
  }

  /** What no image has must have been written there. */
  #isInstalled(path: string): boolean {
    return !path.startsWith('/usr/libexec/') || this.#files.read(path) !== undefined;
  }
}

/** Which right each method takes. */
const RIGHTS: Readonly<Record<string, string>> = { read: 'read', md5: 'read', list: 'list', stat: 'list', write: 'write', remove: 'write' };

function read({ bytes }: StoredFile, base64: boolean): Answer {
  if (bytes.length === 0) return NO_DATA;
  if (bytes.length >= MOST) return NOT_SUPPORTED;
  // Without base64 a text ends at its first NUL.
  return { data: base64 ? bytes.toString('base64') : (bytes.toString('utf8').split('\0', 1)[0] ?? '') };
}

function statOf({ bytes, mode, changedAt }: StoredFile): Record<string, unknown> {
  const time = Math.floor(changedAt / 1000);
  return { type: 'file', size: bytes.length, mode: 0o100_000 | mode, atime: time, mtime: time, ctime: time, inode: 1, uid: 0, gid: 0 };
}
