/**
 * Reads haproxy.cfg the way HAProxy 2.6 does (configuration manual §2.2): lines first, then words, quotes, escapes and
 * comments. Written apart from the encoder, so that the two can be held against each other.
 */

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Words of each line that has any. Throws where HAProxy would, and where it would expand a variable. */
export function tokenize(text: string): string[][] {
  return text
    .split('\n')
    .map(tokenizeLine)
    .filter((words) => words.length > 0);
}

export function tokenizeLine(line: string): string[] {
  if (line.includes('\0')) throw new Error('a NUL ends the line');
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (quote === "'" ? character === "'" : quote === '"' && character === '"') quote = null;
    else if (quote === "'") word += character;
    else if (character === '\\') {
      const escape = readEscape(line, at);
      word = (word ?? '') + escape.value;
      at += escape.length - 1;
    } else if (quote === '"' && character === '$') throw new Error('a variable is expanded');
    else if (quote === '"') word += character;
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= '';
    } else if (character === '#') break;
    else if (/[ \t\r\v\f]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + character;
  }
  if (quote !== null) throw new Error('unmatched quote');
  return word === null ? words : [...words, word];
}

function readEscape(line: string, at: number): { value: string; length: number } {
  const next = line.charAt(at + 1);
  if (next === 'x') return { value: String.fromCodePoint(Number.parseInt(line.slice(at + 2, at + 4), 16)), length: 4 };
  if (next === '') throw new Error('a backslash ends the line');
  return { value: ESCAPES[next] ?? next, length: 2 };
}
