/** All that is ours on a gateway, as a plain value: wanted and present are compared, and what differs is applied. */
import { createHash } from 'node:crypto';
import { type UciOperation, diffUci } from '../../render/uci/diff.ts';
import { OWN } from '../../render/gateway/names.ts';
import type { UciPackage, UciSection } from '../../render/uci/package.ts';

export interface DeviceFile {
  readonly content: string;
  /** Permission bits. */
  readonly mode: number;
  /** Who reads it, and is reloaded when it changes; absent is nobody. */
  readonly service?: string;
  /** What has to accept it before it takes its place: a command line, to which the file's name is added. */
  readonly lint?: readonly string[];
}

export interface DeviceConfig {
  /** All sections of ours, by package. A package that is not named is not looked at. */
  readonly uci: Readonly<Record<string, readonly UciSection[]>>;
  /** By path; null: the file must not be there. */
  readonly files: Readonly<Record<string, DeviceFile | null>>;
  /** Services that have to run when all is done, and are enabled. */
  readonly services: readonly string[];
  /** Services that must not run, and are not to start at a boot; absent is none. */
  readonly idle?: readonly string[];
  /** What a program has to print when all is done: words of what serves. */
  readonly evidence?: {
    readonly command: string;
    readonly words: readonly string[];
    /** What it prints where it cannot see. */
    readonly blind: string;
  };
}

export function owns(name: string): boolean {
  return name.startsWith(OWN);
}

/** What a gateway has now, as far as it concerns a wanted config. */
export interface DevicePresent {
  /** null: there is no such package. */
  readonly uci: Readonly<Record<string, UciPackage | null>>;
  /** MD5 of each file; null: it is not there. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly running: ReadonlySet<string>;
}

export interface DeviceChange {
  readonly operations: readonly UciOperation[];
  readonly files: readonly { readonly path: string; readonly file: DeviceFile | null }[];
  /** Packages that have to be made before anything can be staged in them. */
  readonly missing: readonly string[];
  /** Services that are to be started although nothing of theirs changes. */
  readonly start: readonly string[];
  /** Services that are to be stopped. */
  readonly stop: readonly string[];
}

/** Pure. */
export function changeOf(present: DevicePresent, wanted: DeviceConfig): DeviceChange {
  const packages = Object.entries(wanted.uci);
  return {
    operations: packages.flatMap(([name, sections]) => diffUci(present.uci[name] ?? { name, sections: [] }, sections, owns)),
    files: Object.entries(wanted.files).flatMap(([path, file]) => ((present.files[path] ?? null) === (file && md5(file.content)) ? [] : [{ path, file }])),
    missing: packages.flatMap(([name, sections]) => (present.uci[name] == null && sections.length > 0 ? [name] : [])),
    start: wanted.services.filter((name) => !present.running.has(name)),
    stop: (wanted.idle ?? []).filter((name) => present.running.has(name)),
  };
}

export function isNothing({ operations, files, start, stop }: DeviceChange): boolean {
  return [operations, files, start, stop].every(({ length }) => length === 0);
}

export function md5(content: string): string {
  return createHash('md5').update(content).digest('hex');
}

/** Paths of all that a change touches, for the saved copies. */
export function touched({ operations, files, missing }: DeviceChange): string[] {
  const packages = new Set([...operations.map(({ config }) => config), ...missing]);
  return [...[...packages].map((name) => `/etc/config/${name}`), ...files.map(({ path }) => path)];
}

/** Services whose files change, or that do not run. */
export function reloaded({ files, start, stop }: DeviceChange): string[] {
  return [...new Set([...files.flatMap(({ file }) => file?.service ?? []), ...start])].filter((name) => !stop.includes(name));
}
