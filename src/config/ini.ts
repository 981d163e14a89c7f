/**
 * Reads oslo.config's INI: what OpenStack operators write. Differences to ordinary INI that matter: comments only at
 * the beginning of a line (a value may hold `;` and `#`), `key = value` as well as `key: value`, indented lines go on
 * with the value above, and a key may be repeated. Source: oslo.config's configuration file format.
 */

/** One assignment as written; `value` has its continuation lines joined by newlines. */
export interface Assignment {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Line of the key, from 1. */
  readonly line: number;
}

export class IniError extends Error {
  readonly line: number;
  constructor(reason: string, line: number) {
    super(reason);
    this.name = 'IniError';
    this.line = line;
  }
}

interface Reading {
  section: string | null;
  /** The assignment that an indented line would go on with. */
  open: { key: string; lines: string[]; line: number; section: string } | null;
  readonly found: Assignment[];
}

/** All assignments in the order of the file. Throws an IniError. */
export function parseIni(text: string): Assignment[] {
  const reading: Reading = { section: null, open: null, found: [] };
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  lines.forEach((raw, index) => readLine(reading, raw.trimEnd(), index + 1));
  close(reading);
  return reading.found;
}

function readLine(reading: Reading, text: string, line: number): void {
  if (text === '') return close(reading);
  if (/^[ \t]/.test(text)) return goOn(reading, text.trimStart(), line);
  close(reading);
  if (text.startsWith('[')) reading.section = sectionName(text, line);
  else if (!text.startsWith('#') && !text.startsWith(';')) reading.open = assignment(reading.section, text, line);
}

function close(reading: Reading): void {
  const { open } = reading;
  if (open) reading.found.push({ section: open.section, key: open.key, value: open.lines.join('\n'), line: open.line });
  reading.open = null;
}

function goOn(reading: Reading, text: string, line: number): void {
  if (!reading.open) throw new IniError('An indented line goes on with the option above, and there is none', line);
  reading.open.lines.push(text);
}

function sectionName(text: string, line: number): string {
  if (!text.endsWith(']')) throw new IniError('A section must end with ]', line);
  if (text.length === 2) throw new IniError('A section needs a name', line);
  return text.slice(1, -1);
}

function assignment(section: string | null, text: string, line: number): Reading['open'] {
  const at = text.search(/[=:]/);
  if (at < 0) throw new IniError('Neither a section, a comment nor "option = value"', line);
  const key = text.slice(0, at).trim();
  if (key === '') throw new IniError('There is no option before the "="', line);
  if (section === null) throw new IniError('A section such as [DEFAULT] must come before the first option', line);
  return { key, section, line, lines: [unquote(text.slice(at + 1).trim())] };
}

/** A pair of quotes around a value keeps its blanks, and is not part of it. */
function unquote(value: string): string {
  const quoted = value.length > 1 && (value.startsWith('"') || value.startsWith("'")) && value.at(0) === value.at(-1);
  return quoted ? value.slice(1, -1) : value;
}
