/** The file system of a virtual gateway: what rpcd sees of it, with an end to its flash. */

export interface StoredFile {
  readonly bytes: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

export class FlashError extends Error {}

export interface FlashOptions {
  /** Bytes that files outside /tmp and /var may have together. */
  readonly size: number;
  readonly now: () => number;
}

/** Below these, files are in memory and gone after a reboot. */
const MEMORY = /^\/(?:tmp|var|run)(?:\/|$)/;
/** Directories without files that exist all the same. */
const DIRECTORIES = [
  '/',
  '/etc',
  '/etc/config',
  '/etc/nftables.d',
  '/etc/init.d',
  // As an adopted gateway has them.
  '/etc/edgeweir',
  '/etc/edgeweir/haproxy',
  '/etc/edgeweir/haproxy/lua',
  '/etc/edgeweir/haproxy/tls',
  '/tmp',
  '/tmp/hosts',
  '/var',
  '/var/run',
  '/usr',
  '/usr/share',
  '/usr/libexec',
];

export class DeviceFiles {
  readonly #files = new Map<string, StoredFile>();
  readonly #options: FlashOptions;
  /** As after an error of the flash, or on an image without an overlay. */
  isReadOnly = false;

  constructor(options: FlashOptions) {
    this.#options = options;
  }

  read(path: string): StoredFile | undefined {
    return this.#files.get(normalised(path));
  }

  text(path: string): string | null {
    return this.read(path)?.bytes.toString('utf8') ?? null;
  }

  /** Throws a FlashError where there is no room, or nothing can be written. */
  write(path: string, content: Buffer | string, mode = 0o644): void {
    const target = normalised(path);
    const bytes = Buffer.from(content);
    if (!MEMORY.test(target)) {
      if (this.isReadOnly) throw new FlashError('read-only file system');
      if (this.used() - (this.#files.get(target)?.bytes.length ?? 0) + bytes.length > this.#options.size) throw new FlashError('no space left on device');
    }
    this.#files.set(target, { bytes, mode, changedAt: this.#options.now() });
  }

  remove(path: string): boolean {
    if (this.isReadOnly && !MEMORY.test(path)) throw new FlashError('read-only file system');
    return this.#files.delete(normalised(path));
  }

  /** Bytes on flash. */
  used(): number {
    return [...this.#files].reduce((sum, [path, { bytes }]) => (MEMORY.test(path) ? sum : sum + bytes.length), 0);
  }

  isDirectory(path: string): boolean {
    const directory = normalised(path);
    return DIRECTORIES.includes(directory) || [...this.#files.keys()].some((file) => file.startsWith(`${directory}/`));
  }

  /** Names in a directory, in order. */
  list(path: string): string[] {
    const prefix = `${normalised(path)}/`;
    const names = [...this.#files.keys()].filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length).split('/', 1)[0] ?? '');
    return [...new Set(names)].toSorted();
  }

  paths(): string[] {
    return [...this.#files.keys()].toSorted();
  }

  /** What a reboot leaves. */
  forgetMemory(): void {
    for (const path of this.#files.keys()) if (MEMORY.test(path)) this.#files.delete(path);
  }

  clear(): void {
    this.#files.clear();
  }
}

/** Without `.`, `..` and doubled slashes, as rpcd makes paths before it looks at rights. */
export function normalised(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
