/** Data on standard output, in the forms OpenStack's clients have: table, json, yaml, value; with -c only some columns. */
import { stringify } from 'yaml';
import { CliError } from './cli-error.ts';

export const FORMATS = ['table', 'json', 'yaml', 'value'] as const;
export type Format = (typeof FORMATS)[number];

export type Cell = string | number | boolean | null | readonly string[];
/** Rows of the same columns, in order. */
export type Row = Readonly<Record<string, Cell>>;

export interface OutputOptions {
  readonly format?: Format;
  /** Names of columns, as -c gave them; whatever their case. */
  readonly column?: readonly string[];
}

/** Any number of rows. `columns` are those of an empty list too. */
export function formatRows(rows: readonly Row[], columns: readonly string[], { format = 'table', column }: OutputOptions): string {
  const chosen = choose(columns, column);
  const cut = rows.map((row) => pick(row, chosen));
  if (format === 'table')
    return table(
      chosen,
      cut.map((row) => chosen.map((name) => plain(row[name]))),
    );
  if (format === 'value') return lines(cut.map((row) => chosen.map((name) => plain(row[name])).join(' ')));
  return structured(format, cut);
}

/** One object: a row for each attribute in a table, one object in JSON. */
export function formatRecord(record: Row, { format = 'table', column }: OutputOptions): string {
  const chosen = choose(Object.keys(record), column);
  const cut = pick(record, chosen);
  if (format === 'table')
    return table(
      ['Field', 'Value'],
      chosen.map((name) => [name, plain(cut[name])]),
    );
  if (format === 'value') return lines(chosen.map((name) => plain(cut[name])));
  return structured(format, cut);
}

function structured(format: 'json' | 'yaml', value: unknown): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value);
}

function choose(columns: readonly string[], wanted: readonly string[] = []): readonly string[] {
  if (wanted.length === 0) return columns;
  return wanted.map((name) => {
    const found = columns.find((column) => column.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new CliError(`There is no column ${name}`, { remedy: `Choose from: ${columns.join(', ')}.`, exitCode: 2 });
    return found;
  });
}

function pick(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
}

/** Control characters would let a name rewrite the terminal. */
function plain(cell: Cell | undefined): string {
  const text = Array.isArray(cell) ? cell.join(', ') : String(cell ?? '');
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (cells: readonly string[]): string => `|${widths.map((width, index) => ` ${(cells[index] ?? '').padEnd(width)} `).join('|')}|`;
  return lines([rule, line(head), rule, ...rows.map(line), rule]);
}
