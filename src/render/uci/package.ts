/** UCI, OpenWrt's configuration: packages (files) of sections of options. What every part of this folder speaks of. */

/** An option, or a list. */
export type UciValue = string | readonly string[];

export interface UciSection {
  /** undefined: anonymous. */
  readonly name: string | undefined;
  readonly type: string;
  readonly options: ReadonlyMap<string, UciValue>;
}

export interface UciPackage {
  /** The file's name below /etc/config. */
  readonly name: string;
  readonly sections: readonly UciSection[];
}

/** Of sections and options. */
const NAME = /^[A-Za-z0-9_]+$/;
/** Printable ASCII without blanks. */
const TYPE = /^[\x21-\x7e]+$/;
const PACKAGE = /^[A-Za-z0-9_-]+$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function isType(text: string): boolean {
  return TYPE.test(text);
}

export function isPackageName(text: string): boolean {
  return PACKAGE.test(text);
}

/** A section of ours: options that are undefined are left out. */
export function section(name: string, type: string, options: Readonly<Record<string, UciValue | undefined>>): UciSection {
  const present = Object.entries(options).filter((entry): entry is [string, UciValue] => entry[1] !== undefined && entry[1] !== '');
  return { name, type, options: new Map(present) };
}

/**
 * What libuci calls an anonymous section for as long as it is where it is: `cfg`, its position and a hash of its type.
 * @param position of the section among all of its package, from 1
 */
export function anonymousId(position: number, type: string): string {
  const hash = [...Buffer.from(type)].reduce((sum, byte) => (Math.imul(sum, 33) + byte) | 0, 5381) & 0x7fffffff;
  return `cfg${position.toString(16).padStart(2, '0')}${(hash & 0xffff).toString(16).padStart(4, '0')}`;
}

/** Each section under the id by which rpcd tells of it. */
export function idsOf({ sections }: Pick<UciPackage, 'sections'>): string[] {
  return sections.map(({ name, type }, index) => name ?? anonymousId(index + 1, type));
}
