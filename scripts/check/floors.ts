/**
 * The floors: a folder imports only from those above it in ARCHITECTURE.md's list, no two files import each other in a
 * circle, and doors to the outside (processes, SQL, files) are only where they belong.
 */
import { posix } from 'node:path';
import { findCycles } from './cycles.ts';
import type { Import, Module } from './module.ts';

/** Modules that only some folders may import, by the beginning of the importer's path. */
const DOORS: readonly { readonly modules: RegExp; readonly folders: readonly string[] }[] = [
  { modules: /^(node:sqlite|kysely)(\/|$)/, folders: ['src/store/'] },
  { modules: /^node:(child_process|cluster)$/, folders: ['src/nodes/', 'src/lab/', 'src/cli/'] },
];

/** Values in, values out: what is here does no I/O and imports only what does none. */
const PURE = [
  'src/control/branches.ts',
  'src/control/resolve-tls.ts',
  'src/control/tls-references.ts',
  'src/model/',
  'src/render/',
  'src/config/ini.ts',
  'src/config/options.ts',
  'src/config/sample.ts',
  'src/config/substitute.ts',
  'src/config/value-type.ts',
  'src/control/resolve.ts',
  'src/control/place.ts',
  'src/control/diff.ts',
];

/** Tests and what they share stand beside the product, not in it. */
const BESIDE = /\.(test|fixture|test-suite)\.ts$/;

/** What pure code may take from Node; null is everything. */
const PURE_BUILTINS: Readonly<Record<string, readonly string[] | null>> = {
  'node:crypto': ['createHash'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList'],
  'node:path': null,
  'node:util': null,
};

/** The folders in order, `src/model/` first, from the fenced list below the heading "Floors". */
export function readFloors(architecture: string): string[] {
  const [, section = ''] = architecture.split(/^## Floors$/m);
  const [, list = ''] = section.split(/^```.*$/m);
  const floors = [...list.matchAll(/^(src\/[a-z-]+\/)/gm)].map(([folder]) => folder);
  if (floors.length === 0) throw new Error('ARCHITECTURE.md has no list of floors: a fenced block of lines "src/x/ …" below "## Floors"');
  return floors;
}

/** What breaks the rules, as `file:line: reason`. Having read no module is a finding: it means the check saw nothing. */
export function checkFloors(modules: readonly Module[], floors: readonly string[], dependencies: readonly string[]): string[] {
  if (!modules.some(isProduct)) return ['No module below src/ was read: this check saw nothing'];
  const known = new Set(modules.map(({ path }) => path));
  const misplaced = modules.filter(isProduct).flatMap((module) => importProblems(module, { floors, dependencies, known }));
  const homeless = modules
    .filter((module) => isProduct(module) && floorOf(module.path, floors) < 0)
    .map(({ path }) => `${path}: its folder is not in ARCHITECTURE.md's list of floors`);
  return [...homeless, ...misplaced, ...findCycles(modules).map((cycle) => `Files import each other in a circle: ${cycle.join(' → ')}`)];
}

interface Rules {
  readonly floors: readonly string[];
  readonly dependencies: readonly string[];
  readonly known: ReadonlySet<string>;
}

/** Tests, and what stands beside the product, may import anything. */
function isProduct({ path }: Module): boolean {
  return path.startsWith('src/') && !BESIDE.test(path);
}

function floorOf(path: string, floors: readonly string[]): number {
  return floors.findIndex((folder) => path.startsWith(folder));
}

function importProblems(module: Module, rules: Rules): string[] {
  return module.imports.flatMap((one) => {
    const reasons = one.specifier.startsWith('.') ? insideProblems(module.path, one, rules) : outsideProblems(module.path, one, rules);
    return reasons.map((reason) => `${module.path}:${one.line}: ${reason}`);
  });
}

function insideProblems(path: string, one: Import, { floors, known }: Rules): string[] {
  const target = posix.join(posix.dirname(path), one.specifier);
  const [from, to] = [floorOf(path, floors), floorOf(target, floors)];
  return [
    ...(known.has(target) ? [] : [`imports ${target}, which is not there`]),
    ...(target.startsWith('src/') && !BESIDE.test(target) ? [] : [`imports ${target}, which is no part of the product`]),
    ...(from >= 0 && to > from ? [`${floors[from]} must not import ${floors[to]}, which is below it`] : []),
    ...(isPure(path) && !isPure(target) && !one.typeOnly ? [`is pure and must not import ${target}, which is not`] : []),
  ];
}

function outsideProblems(path: string, one: Import, { dependencies }: Rules): string[] {
  const { specifier } = one;
  const doors = DOORS.filter(({ modules, folders }) => modules.test(specifier) && !folders.some((folder) => path.startsWith(folder)));
  const declared = specifier.startsWith('node:') || dependencies.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  return [
    ...doors.map(({ folders }) => `imports ${specifier}, which only ${folders.join(', ')} may`),
    ...(declared ? [] : [`imports ${specifier}, which is not in package.json's dependencies`]),
    ...(isPure(path) && !one.typeOnly && specifier.startsWith('node:') && !isPureBuiltin(one)
      ? [`is pure and must not import ${specifier}${one.names.length > 0 ? ` (${one.names.join(', ')})` : ''}`]
      : []),
  ];
}

function isPure(path: string): boolean {
  return PURE.some((prefix) => path.startsWith(prefix));
}

function isPureBuiltin({ specifier, names }: Import): boolean {
  if (!Object.hasOwn(PURE_BUILTINS, specifier)) return false;
  const allowed = PURE_BUILTINS[specifier] ?? null;
  return allowed === null || (names.length > 0 && names.every((name) => allowed.includes(name)));
}
