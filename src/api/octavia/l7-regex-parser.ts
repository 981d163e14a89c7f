/**
 * Regular expressions of L7 rules, read by hand: Octavia checks them with Python's `re`, HAProxy compiles them with
 * PCRE2, and both take more than the other. What is read here means the same to both. Nothing of a client's is ever
 * compiled or matched by this process.
 *
 * Refused: anything but printable ASCII; backreferences, conditions, recursion, comments, atomic groups and possessive
 * repetitions; `{,n}`; the flags other than i, m and s, and flags behind the beginning; POSIX classes; escapes that are
 * not listed below; lookbehinds of no fixed length.
 */

/** A set of bytes, one bit each. */
export type Chars = bigint;

export type Pattern =
  | { readonly kind: 'chars'; readonly chars: Chars }
  /** Matches at a place and takes nothing: `^`, `\b`. */
  | { readonly kind: 'place' }
  /** The same, at the end, where nothing follows. */
  | { readonly kind: 'end' }
  | { readonly kind: 'sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly items: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly item: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: 'look'; readonly item: Pattern };

/** Why a pattern is refused, in words. */
export class RegexError extends Error {
  /** `position` is a place in the pattern; left out where the whole is meant. */
  constructor(reason: string, position?: number) {
    super(position === undefined ? reason : `${reason} at position ${position}`);
  }
}

/** Repetitions and sizes beyond this make compilers slow. */
export const LARGEST = 1000;

export const ANY: Chars = (1n << 256n) - 1n;
const DIGITS = range(48, 57);
const LETTERS = range(65, 90) | range(97, 122);
const WORD = DIGITS | LETTERS | one(95);
const SPACE = range(9, 13) | one(32);
const CLASSES: Readonly<Record<string, Chars>> = { d: DIGITS, D: ANY ^ DIGITS, w: WORD, W: ANY ^ WORD, s: SPACE, S: ANY ^ SPACE };
const CONTROLS: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, f: 12, r: 13 };
const PLACES: Readonly<Record<string, Pattern>> = { A: { kind: 'place' }, b: { kind: 'place' }, B: { kind: 'place' }, Z: { kind: 'end' } };

export function one(code: number): Chars {
  return 1n << BigInt(code);
}

export function range(from: number, to: number): Chars {
  return ((1n << BigInt(to - from + 1)) - 1n) << BigInt(from);
}

/** Throws a RegexError. */
export function parseRegex(source: string): Pattern {
  const stranger = source.search(/[^\x20-\x7e]/);
  if (stranger >= 0) throw new RegexError('not a printable ASCII character', stranger);
  return new Parser(source).whole();
}

const QUANTIFIER = /[*+?]|\{(\d*)(,?)(\d*)\}/y;
const GLOBAL_FLAGS = /^\(\?[ims]+\)/;
const GROUP = /\((?:\?(?:(?<plain>[ims]*:)|P<(?<name>[A-Za-z_][A-Za-z0-9_]{0,31})>|(?<behind><)?(?<look>[=!])|(?<other>)))?/y;
const HEX = /[0-9A-Fa-f]{2}/y;
/** A class that PCRE2 reads as a POSIX one that stands outside of a class: `[.a.]`, but not `[.]` (pcre2pattern(3)). */
const POSIX = /\[([:.=])(?:\\[\]\\]|(?!\[\1|\])[^])*?\1\]/y;

class Parser {
  readonly #source: string;
  readonly #names = new Set<string>();
  #at: number;

  constructor(source: string) {
    this.#source = source;
    this.#at = GLOBAL_FLAGS.exec(source)?.[0].length ?? 0;
  }

  whole(): Pattern {
    const pattern = this.#choice();
    if (this.#at < this.#source.length) throw this.#error('unbalanced parenthesis');
    return pattern;
  }

  #choice(): Pattern {
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    return items.length === 1 ? (items[0] as Pattern) : { kind: 'choice', items };
  }

  #sequence(): Pattern {
    const items: Pattern[] = [];
    for (let next = this.#peek(); next !== '' && next !== '|' && next !== ')'; next = this.#peek()) items.push(this.#repeated());
    return { kind: 'sequence', items };
  }

  #repeated(): Pattern {
    if (this.#quantifier()) throw this.#error('nothing to repeat');
    const start = this.#at;
    const item = this.#atom();
    const quantifier = this.#quantifier();
    if (!quantifier) return item;
    if (item.kind === 'place' || item.kind === 'end' || item.kind === 'look') throw new RegexError('nothing to repeat', start);
    this.#take('?');
    if (this.#quantifier()) throw this.#error('multiple repeat');
    return { kind: 'repeat', item, ...quantifier };
  }

  #quantifier(): { min: number; max: number } | null {
    const found = this.#match(QUANTIFIER);
    if (!found) return null;
    const [text, low = '', comma, high = ''] = found;
    if (text === '*') return { min: 0, max: Number.POSITIVE_INFINITY };
    if (text === '+') return { min: 1, max: Number.POSITIVE_INFINITY };
    if (text === '?') return { min: 0, max: 1 };
    if (text === '{}') return this.#literalBrace(text);
    if (low === '') throw this.#error('a repetition without its lower number');
    const min = Number(low);
    const max = comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high);
    if (max < min) throw this.#error('min repeat greater than max repeat');
    if (min > LARGEST || (Number.isFinite(max) && max > LARGEST)) throw this.#error(`more than ${LARGEST} repetitions`);
    return { min, max };
  }

  #literalBrace(text: string): null {
    this.#at -= text.length;
    return null;
  }

  #atom(): Pattern {
    const next = this.#peek();
    if (next === '(') return this.#group();
    if (next === '[') return this.#class();
    this.#at++;
    if (next === '\\') return this.#escape();
    if (next === '^') return { kind: 'place' };
    if (next === '$') return { kind: 'end' };
    return { kind: 'chars', chars: next === '.' ? ANY : one(next.charCodeAt(0)) };
  }

  #group(): Pattern {
    const start = this.#at;
    const { name, behind, look, other } = this.#match(GROUP)?.groups ?? {};
    if (other !== undefined) throw new RegexError('this kind of group is not supported', start);
    if (name !== undefined) this.#declare(name, start);
    const item = this.#choice();
    if (!this.#take(')')) throw new RegexError('missing ), unterminated subpattern', start);
    if (look === undefined) return item.kind === 'sequence' || item.kind === 'choice' ? item : { kind: 'sequence', items: [item] };
    if (behind !== undefined && lengthOf(item) === null) throw new RegexError('look-behind requires fixed-width pattern', start);
    return { kind: 'look', item };
  }

  #declare(name: string, position: number): void {
    if (this.#names.has(name)) throw new RegexError(`redefinition of group name '${name}'`, position);
    this.#names.add(name);
  }

  #escape(): Pattern {
    const next = this.#peek();
    const place = PLACES[next];
    if (place) this.#at++;
    return place ?? { kind: 'chars', chars: this.#escapedChars() };
  }

  /** Behind the backslash, in a class or outside. */
  #escapedChars(): Chars {
    const next = this.#peek();
    if (next === '') throw this.#error('bad escape (end of pattern)');
    this.#at++;
    const known = CLASSES[next] ?? (next in CONTROLS ? one(CONTROLS[next] as number) : undefined);
    if (known !== undefined) return known;
    if (next === 'x') return one(Number.parseInt(this.#match(HEX)?.[0] ?? this.#refuse('incomplete escape \\x'), 16));
    if (/[A-Za-z0-9]/.test(next)) return this.#refuse(`bad escape \\${next}`);
    return one(next.charCodeAt(0));
  }

  #class(): Pattern {
    const start = this.#at;
    if (this.#match(POSIX)) throw new RegexError('POSIX classes are not supported', start);
    this.#at++;
    const negated = this.#take('^');
    let chars = 0n;
    do {
      if (this.#peek() === '') throw new RegexError('unterminated character set', start);
      chars |= this.#classItem();
    } while (!this.#take(']'));
    return { kind: 'chars', chars: negated ? ANY ^ chars : chars };
  }

  #classItem(): Chars {
    const low = this.#classChars();
    if (this.#peek() !== '-' || this.#source[this.#at + 1] === ']') return low;
    this.#at++;
    const high = this.#classChars();
    const [from, to] = [codeOf(low), codeOf(high)];
    if (from === null || to === null || to < from) return this.#refuse('bad character range');
    return range(from, to);
  }

  #classChars(): Chars {
    const next = this.#peek();
    if (next === '') throw this.#error('unterminated character set');
    this.#at++;
    if (next === '[' && /[:.=]/.test(this.#peek())) return this.#refuse('POSIX classes are not supported');
    if (next !== '\\') return one(next.charCodeAt(0));
    return this.#take('b') ? one(8) : this.#escapedChars();
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #take(wanted: string): boolean {
    const found = this.#peek() === wanted;
    if (found) this.#at++;
    return found;
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#source);
    if (found) this.#at += found[0].length;
    return found;
  }

  #error(reason: string): RegexError {
    return new RegexError(reason, this.#at);
  }

  #refuse(reason: string): never {
    throw this.#error(reason);
  }
}

/** The only byte of the set; null when there are several. */
function codeOf(chars: Chars): number | null {
  const code = chars.toString(2).length - 1;
  return one(code) === chars ? code : null;
}

/** How many characters it matches; null when that varies. */
function lengthOf(pattern: Pattern): number | null {
  switch (pattern.kind) {
    case 'chars':
      return 1;
    case 'place':
    case 'end':
    case 'look':
      return 0;
    case 'sequence':
      return pattern.items.map(lengthOf).reduce((sum, length) => (sum === null || length === null ? null : sum + length), 0);
    case 'choice':
      return pattern.items.map(lengthOf).reduce((first, other) => (first === other ? first : null));
    case 'repeat':
      return fixedRepeat(pattern);
  }
}

function fixedRepeat({ item, min, max }: Extract<Pattern, { kind: 'repeat' }>): number | null {
  const length = lengthOf(item);
  return length === null || min !== max ? null : length * min;
}
