/** Packages → UCI text, as `uci commit` writes it and `uci export` prints it. No string ever becomes syntax. */
import { shown } from '../shown.ts';
import { type UciPackage, type UciSection, type UciValue, isName, isPackageName, isType } from './package.ts';

/** Something cannot be written in UCI. */
export class UciError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UciError';
  }
}

/** The file below /etc/config: every section begins with an empty line. */
export function printUci({ sections }: UciPackage): string {
  return sections.map((one) => `\n${printSection(one)}`).join('') + (sections.length === 0 ? '' : '\n');
}

/** With the package's line in front: what several packages are kept and shown in. */
export function printUciExport(one: UciPackage): string {
  if (!isPackageName(one.name)) throw new UciError(`not a name of a package: ${shown(one.name)}`);
  return `package ${one.name}\n${printUci(one) || '\n'}`;
}

function printSection({ name, type, options }: UciSection): string {
  if (!isType(type)) throw new UciError(`not a type of a section: ${shown(type)}`);
  const head = name === undefined ? `config ${bare(type)}` : `config ${bare(type)} ${quoted(checkedName(name))}`;
  return [head, ...[...options].flatMap(([option, value]) => printOption(checkedName(option), value)), ''].join('\n');
}

function printOption(name: string, value: UciValue): string[] {
  if (typeof value === 'string') return value === '' ? [] : [`\toption ${name} ${quoted(value)}`];
  return value.map((item) => `\tlist ${name} ${quoted(item)}`);
}

export function checkedName(name: string): string {
  if (!isName(name)) throw new UciError(`not a name in UCI: ${shown(name)}`);
  return name;
}

/** Types may be of characters that would be syntax. */
function bare(type: string): string {
  return /^[A-Za-z0-9_.+/@-]+$/.test(type) ? type : quoted(type);
}

/** In single quotes, in which nothing is special but their end. */
export function quoted(value: string): string {
  if (value.includes('\0')) throw new UciError('a value with a NUL cannot be written in UCI');
  return `'${value.replaceAll("'", "'\\''")}'`;
}
