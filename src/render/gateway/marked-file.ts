/** A file of a gateway in which several shares have their parts, between marks: so it says itself which there are. Pure. */

export interface MarkedFile {
  readonly path: string;
  /** Its first line, by which it is told from somebody else's. */
  readonly head: string;
  /** How a file begins that is nobody's: the package's example. */
  readonly samples: readonly string[];
}

const MARK = /^# share ([0-9a-f-]{36})\n([\s\S]*?)^# end of share\n/gm;

/**
 * The parts, by their nodes' ids.
 * @param content - null where there is no file
 * @returns null where the file is somebody else's
 */
export function partsIn({ head, samples }: MarkedFile, content: string | null): ReadonlyMap<string, string> | null {
  if (content === null || content === '' || samples.some((sample) => content.startsWith(sample))) return new Map();
  if (!content.startsWith(head)) return null;
  return new Map([...content.matchAll(MARK)].map(([, node = '', part = '']) => [node, part]));
}

/** @param own - what stands there for all @param parts - by node; empty ones are left out */
export function markedFile({ head }: MarkedFile, own: string, parts: ReadonlyMap<string, string>): string {
  return [head + own, ...presentParts(parts).map(([node, part]) => `# share ${node}\n${part}# end of share\n`)].join('\n');
}

/** In a stable order. */
export function presentParts(parts: ReadonlyMap<string, string>): [node: string, part: string][] {
  return [...parts].filter(([, part]) => part !== '').toSorted(([a], [b]) => (a < b ? -1 : 1));
}
