/**
 * nft's listing of a table as values. Pure. What the kernel counts, and whom it remembers, is left out of the digests: what
 * stays is what was written from here, or by somebody's hand.
 */
import { createHash } from 'node:crypto';

export interface Listed {
  /** Differs from that of every other table of this name in the namespace's life. */
  readonly life: string;
  /** Digest of declarations, chains and rules. */
  readonly frame: string;
  /** Digest of all that and the elements; of the frame alone where the listing has no elements. */
  readonly content: string;
  /** The chain that says which config this is, and what it looked like; null while a change is under way. */
  readonly seal: Seal | null;
  readonly counters: ReadonlyMap<string, { readonly packets: number; readonly bytes: number }>;
}

export interface Seal {
  readonly digest: string;
  readonly frame: string;
  readonly content: string;
}

const SEAL = /^\tchain seal_([0-9a-f]{24})_([0-9a-f]{24})_([0-9a-f]{24}) \{[^}]*\}\n/m;
const COUNTER = /^\tcounter (\S+) \{[^\n]*\n\t\tpackets (\d+) bytes (\d+)$/gm;

export function sealName({ digest, frame, content }: Seal): string {
  return `seal_${digest}_${frame}_${content}`;
}

export function parseTable(listing: string): Listed {
  const [, life = ''] = /^table \S+ \S+ \{ # handle (\d+)$/m.exec(listing) ?? [];
  const [, digest, frame, content] = SEAL.exec(listing) ?? [];
  const lasting = withoutState(listing);
  return {
    life,
    frame: digestOf(lasting.replaceAll(ELEMENTS, '')),
    content: digestOf(lasting.replaceAll(ELEMENTS, sortedElements)),
    seal: digest && frame && content ? { digest, frame, content } : null,
    counters: new Map([...listing.matchAll(COUNTER)].map(([, name = '', packets, bytes]) => [name, { packets: Number(packets), bytes: Number(bytes) }])),
  };
}

const ELEMENTS = /\n\t\telements = \{([^}]*)\}/g;

function withoutState(listing: string): string {
  return listing
    .replace(SEAL, '')
    .replaceAll(/ # handle \d+$/gm, '')
    .replaceAll(/^\t\tpackets \d+ bytes \d+\n/gm, '')
    .replace(/(\tmap sticky \{[^}]*?)\n\t\telements = \{[^}]*\}/, '$1')
    .replaceAll(/\n\s*\n/g, '\n');
}

/** The kernel lists a set in an order of its own. */
function sortedElements(_all: string, elements: string): string {
  return elements
    .split(',')
    .map((element) => element.trim())
    .toSorted()
    .join(',');
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
