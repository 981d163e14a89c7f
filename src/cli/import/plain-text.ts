/** Text as people have it: copied out of documents, with quotes that a typesetter made and numbers that an editor put in front. */

/** The same as a program would have it. */
export function plainText(text: string): string {
  return text
    .replaceAll(/[\u2018\u2019\u201a\u2032]/g, "'")
    .replaceAll(/[\u201c\u201d\u201e\u2033]/g, '"')
    .replaceAll('\u00a0', ' ')
    .split(/\r?\n/)
    .map((line) => (FENCE.test(line) ? '' : line.replace(NUMBER, '')))
    .join('\n');
}

/** `1. config …`, `  4. option …`: only where a command stands behind it. */
const NUMBER = /^\s*\d+\.\s+(?=(?:config|option|list|package|ipset|iptables|nft|uci)\b)/;
/** Of a block of code in a document. */
const FENCE = /^\s*```/;
