/**
 * A look over a body before it is parsed. What is slow to parse is not what is long but what no client sends: brackets
 * within brackets by the thousand, and names by the thousand, for each of which the parser makes a shape of its own. Both
 * are told by going over the text once, which takes a few milliseconds for a mebibyte.
 */
import { fault } from '../../model/fault.ts';

/** The deepest that any body of ours needs is some fifteen: a rule of a policy of a listener of a load balancer. */
const MOST_DEPTH = 64;
/** The resources have some hundred attributes in all; the rest is for what clients name, such as headers to insert. */
const MOST_NAMES = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Throws fault.bodyShape. What is no JSON is not found out here. */
export function checkJsonBounds(text: string): void {
  const names = new Set<string>();
  let depth = 0;
  let begun = 0;
  let ended = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      begun = at + 1;
      ended = at = endOfText(text, begun);
    } else if (code === COLON) {
      names.add(text.slice(begun, ended));
      if (names.size > MOST_NAMES) throw fault.bodyShape(`more than ${MOST_NAMES} different names of attributes`);
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (++depth > MOST_DEPTH) throw fault.bodyShape(`more than ${MOST_DEPTH} lists or objects within each other`);
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth--;
  }
}

/** Where the quote is that ends the text; the end of everything when there is none. */
function endOfText(text: string, begin: number): number {
  for (let at = text.indexOf('"', begin); at >= 0; at = text.indexOf('"', at + 1)) {
    if (!isEscaped(text, begin, at)) return at;
  }
  return text.length;
}

/** Two backslashes are one that escapes nothing. */
function isEscaped(text: string, begin: number, at: number): boolean {
  let first = at;
  while (first > begin && text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
