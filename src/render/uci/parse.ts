/** UCI text → packages, as libuci reads it: strictly, where one bad line makes the whole file unloadable, or leniently (`uci -S`). */
import { type UciPackage, type UciSection, type UciValue, isName, isPackageName, isType } from './package.ts';
import { type Command, type Word, commandsOf } from './words.ts';

/** In libuci's words. */
export class UciSyntaxError extends Error {
  readonly line: number;
  readonly byte: number;

  constructor(what: string, line: number, byte: number) {
    super(`Parse error (${what}) at line ${line}, byte ${byte}`);
    this.name = 'UciSyntaxError';
    this.line = line;
    this.byte = byte;
  }
}

/** A file below /etc/config. `package` lines in it change nothing. Throws a UciSyntaxError. */
export function parseUci(name: string, text: string): UciPackage {
  return { name, sections: new Parser(true, fail).read(text).single() };
}

/** What can be read of a file, and what could not. */
export function parseUciLeniently(name: string, text: string): { readonly package: UciPackage; readonly errors: readonly UciSyntaxError[] } {
  const errors: UciSyntaxError[] = [];
  const sections = new Parser(false, (error) => void errors.push(error)).read(text).single();
  return { package: { name, sections }, errors };
}

/** What `uci export` prints: packages one after the other. Throws a UciSyntaxError. */
export function parseUciExport(text: string): UciPackage[] {
  return new Parser(true, fail).read(text).packages();
}

function fail(error: UciSyntaxError): never {
  throw error;
}

interface OpenSection {
  name: string | undefined;
  type: string;
  options: Map<string, UciValue>;
}

class Parser {
  readonly #strict: boolean;
  readonly #report: (error: UciSyntaxError) => void;
  readonly #packages = new Map<string, OpenSection[]>();
  #sections: OpenSection[] = [];
  #current: OpenSection | null = null;

  constructor(strict: boolean, report: (error: UciSyntaxError) => void) {
    this.#strict = strict;
    this.#report = report;
  }

  read(text: string): this {
    for (const command of commandsOf(text)) {
      const what = this.#carry(command);
      if (what) this.#report(new UciSyntaxError(what.words, what.line ?? command.line, what.byte));
    }
    return this;
  }

  /** All sections, whatever package lines said. */
  single(): UciSection[] {
    return [...[...this.#packages.values()].flat(), ...(this.#packages.size === 0 ? this.#sections : [])];
  }

  packages(): UciPackage[] {
    return [...this.#packages].map(([name, sections]) => ({ name, sections }));
  }

  /** null when all is well. */
  #carry(command: Command): Wrong | null {
    const { unterminated, words, start } = command;
    if (unterminated) return { words: `EOF with unterminated ${unterminated.quote}`, line: unterminated.line, byte: unterminated.at };
    switch (words[0]?.text) {
      case 'p':
      case 'package':
        return this.#package(command);
      case 'c':
      case 'config':
        return this.#section(command);
      case 'o':
      case 'option':
        return this.#current ? this.#option(command, this.#current) : { words: 'option/list command found before the first section', byte: start };
      case 'l':
      case 'list':
        return this.#current ? this.#list(command, this.#current) : { words: 'option/list command found before the first section', byte: start };
      default:
        return { words: 'invalid command', byte: start };
    }
  }

  #package({ words }: Command): Wrong | null {
    const [, name, extra] = words;
    if (name && !isPackageName(name.text)) return { words: 'invalid character in name field', byte: name.end + 1 };
    if (name) {
      this.#sections = this.#packages.get(name.text) ?? [];
      this.#packages.set(name.text, this.#sections);
      this.#current = null;
    }
    return this.#tooMany(extra);
  }

  #section({ words }: Command): Wrong | null {
    const [keyword, type, name, extra] = words;
    if (!type || !isType(type.text)) {
      this.#current = null;
      return { words: 'invalid character in type field', byte: ((type ?? keyword)?.end ?? 0) + 1 };
    }
    if (name && name.text !== '' && !isName(name.text)) {
      this.#current = null;
      return { words: 'invalid character in name field', byte: name.end + 1 };
    }
    const known = name && this.#sections.find((one) => one.name === name.text);
    if (known && known.type !== type.text && this.#strict)
      return { words: 'section of different type overwrites prior section with same name', byte: name.end + 1 };
    this.#current = known ?? { name: name?.text || undefined, type: type.text, options: new Map() };
    this.#current.type = type.text;
    if (!known) this.#sections.push(this.#current);
    return this.#tooMany(extra);
  }

  /** Left out in silence by `uci -S`. */
  #tooMany(extra: Word | undefined): Wrong | null {
    return extra && this.#strict ? { words: 'too many arguments', byte: extra.end + 1 } : null;
  }

  #option({ words }: Command, { options }: OpenSection): Wrong | null {
    const [keyword, name, value, extra] = words;
    if (!name || !isName(name.text)) return { words: 'invalid character in name field', byte: ((name ?? keyword)?.end ?? 0) + 1 };
    if (value && value.text !== '') options.set(name.text, value.text);
    else options.delete(name.text);
    return this.#tooMany(extra);
  }

  #list({ words }: Command, { options }: OpenSection): Wrong | null {
    const [keyword, name, value, extra] = words;
    if (!name || !isName(name.text)) return { words: 'invalid character in name field', byte: ((name ?? keyword)?.end ?? 0) + 1 };
    const before = options.get(name.text) ?? [];
    options.set(name.text, [...(typeof before === 'string' ? [before] : before), value?.text ?? '']);
    return this.#tooMany(extra);
  }
}

interface Wrong {
  readonly words: string;
  readonly line?: number;
  readonly byte: number;
}
