/** A configuration file as a value: sections of directives of typed arguments, and the one function that writes it. */
import { type Argument, encode } from './argument.ts';
import { CompileError } from './compile-error.ts';

export type Directive = readonly Argument[];

export interface Section {
  readonly head: Directive;
  readonly body: readonly Directive[];
}

/** HAProxy cuts a line after 64 words and only says so on its standard error (MAX_LINE_ARGS). */
export const MOST_WORDS = 60;

/** The words of one directive, separated by blanks. */
export function encodeWords(directive: Directive): string {
  if (directive.length > MOST_WORDS) throw new CompileError(`a line of ${directive.length} words is too long for haproxy.cfg`);
  return directive.map(encode).join(' ');
}

/** The section's lines, each ended by a line feed; the server lines come from elsewhere, already encoded. */
export function encodeSection(section: Section, servers: readonly string[] = []): string {
  const lines = [...section.body.map(encodeWords), ...servers];
  return [encodeWords(section.head), ...lines.map((line) => `    ${line}`), ''].join('\n');
}
