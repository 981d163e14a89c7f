/** Present and wanted sections → the smallest list of changes. Only named sections that are ours are touched. Pure. */
import { shown } from '../shown.ts';
import { type Edited, type Values, addSection, deleteFrom, setOptions } from './edit.ts';
import type { UciPackage, UciSection, UciValue } from './package.ts';
import { UciError, checkedName } from './print.ts';

export type UciOperation =
  | { readonly op: 'add'; readonly config: string; readonly name: string; readonly type: string; readonly values: Values }
  | { readonly op: 'set'; readonly config: string; readonly section: string; readonly values: Values }
  /** Without options: the section. */
  | { readonly op: 'delete'; readonly config: string; readonly section: string; readonly options?: readonly string[] };

/**
 * @param wanted - all sections of ours that the package is to have
 * @param owns - whether a section of that name is ours
 */
export function diffUci(present: UciPackage, wanted: readonly UciSection[], owns: (name: string) => boolean): UciOperation[] {
  const names = wanted.map((section) => ownName(section, owns));
  if (new Set(names).size !== names.length) throw new UciError('a section is wanted twice');
  const before = new Map(present.sections.flatMap((section) => (section.name !== undefined && owns(section.name) ? [[section.name, section] as const] : [])));
  const gone = [...before.keys()].filter((name) => !names.includes(name));
  return [
    ...gone.map((section): UciOperation => ({ op: 'delete', config: present.name, section })),
    ...wanted.flatMap((section, index) => diffSection(present.name, names[index] ?? '', before.get(names[index] ?? ''), section)),
  ];
}

function ownName({ name }: UciSection, owns: (name: string) => boolean): string {
  if (name === undefined || !owns(checkedName(name))) throw new UciError(`a section that is not ours: ${shown(name ?? '')}`);
  return name;
}

function diffSection(config: string, name: string, present: UciSection | undefined, { type, options }: UciSection): UciOperation[] {
  const add: UciOperation = { op: 'add', config, name, type, values: Object.fromEntries(options) };
  if (!present) return [add];
  if (present.type !== type) return [{ op: 'delete', config, section: name }, add];
  const gone = [...present.options.keys()].filter((option) => !options.has(option));
  const changed = [...options].filter(([option, value]) => !sameValue(present.options.get(option), value));
  return [
    ...(gone.length === 0 ? [] : [{ op: 'delete', config, section: name, options: gone } as const]),
    ...(changed.length === 0 ? [] : [{ op: 'set', config, section: name, values: Object.fromEntries(changed) } as const]),
  ];
}

function sameValue(a: UciValue | undefined, b: UciValue): boolean {
  if (a === undefined || typeof a === 'string' || typeof b === 'string') return a === b;
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** What rpcd's `uci` object is called with. */
export interface UciCall {
  readonly method: 'add' | 'set' | 'delete';
  readonly args: Readonly<Record<string, unknown>>;
}

export function callOf(operation: UciOperation): UciCall {
  const { op, ...args } = operation;
  return { method: op, args };
}

/** The package after the change, or the status of a refusal. */
export function afterOperation(one: UciPackage, operation: UciOperation): Edited {
  switch (operation.op) {
    case 'add':
      return addSection(one, operation);
    case 'set':
      return setOptions(one, operation.section, operation.values);
    case 'delete':
      return deleteFrom(one, operation.section, operation.options);
  }
}
