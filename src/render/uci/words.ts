/** UCI text as commands of words, by libuci's rules for quotes, comments and line ends (openwrt reference §2.1). */

export interface Word {
  readonly text: string;
  /** Bytes from the beginning of its command, behind the word. */
  readonly end: number;
}

export interface Command {
  readonly words: readonly Word[];
  /** Line that it begins in, from 1. */
  readonly line: number;
  /** Bytes before its first word. */
  readonly start: number;
  /** The quote that is never closed, if there is one; what stands behind it is lost. */
  readonly unterminated: { readonly quote: string; readonly line: number; readonly at: number } | null;
}

const BLANK = /[ \t\r\v\f]/;

/** Reads commands one after the other; those without words are left out. */
export function commandsOf(text: string): Command[] {
  const reader = new Reader(text);
  const commands: Command[] = [];
  while (!reader.isAtEnd()) {
    const command = reader.command();
    if (command.words.length > 0 || command.unterminated) commands.push(command);
  }
  return commands;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #begin = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  command(): Command {
    const line = this.#line;
    this.#begin = this.#at;
    this.#skipBlanks();
    const start = this.#bytes();
    const words: Word[] = [];
    while (!this.#endsCommand()) {
      const text = this.#word();
      if (typeof text !== 'string') return { words, line, start, unterminated: text };
      words.push({ text, end: this.#bytes() });
      this.#skipBlanks();
    }
    this.#skipLine();
    return { words, line, start, unterminated: null };
  }

  /** The word, or what is wrong with it. */
  #word(): string | { quote: string; line: number; at: number } {
    let word = '';
    while (!this.isAtEnd()) {
      const character = this.#text[this.#at] ?? '';
      if (character === '\n' || character === '#' || character === ';' || BLANK.test(character)) break;
      if (character === "'" || character === '"') {
        const part = this.#quoted(character);
        if (part === null) return { quote: character, line: this.#line - (this.#text.endsWith('\n') ? 1 : 0), at: this.#bytes() };
        word += part;
      } else if (character === '\\') word += this.#escaped();
      else word += this.#take();
    }
    return word;
  }

  /** null where it does not end. */
  #quoted(quote: string): string | null {
    let part = '';
    this.#take();
    while (!this.isAtEnd()) {
      const character = this.#text[this.#at] ?? '';
      if (character === quote) {
        this.#take();
        return part;
      }
      part += quote === '"' && character === '\\' ? this.#escaped() : this.#take();
    }
    return null;
  }

  /** The character behind a backslash as it is; an end of line there is none. */
  #escaped(): string {
    this.#take();
    const character = this.isAtEnd() ? '' : this.#take();
    return character === '\n' ? '' : character;
  }

  #take(): string {
    const character = this.#text[this.#at++] ?? '';
    if (character === '\n') this.#line++;
    return character;
  }

  #endsCommand(): boolean {
    return this.isAtEnd() || ['\n', '#', ';'].includes(this.#text[this.#at] ?? '');
  }

  #skipBlanks(): void {
    while (!this.isAtEnd() && BLANK.test(this.#text[this.#at] ?? '')) this.#take();
  }

  #skipLine(): void {
    while (!this.isAtEnd() && this.#take() !== '\n');
  }

  #bytes(): number {
    return Buffer.byteLength(this.#text.slice(this.#begin, this.#at));
  }
}
