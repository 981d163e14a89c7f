/**
 * Many balancers in one process: each one's sections name the namespace that they listen and connect in. Which that is, the
 * driver knows, so a share says it with a variable, which stands in front of it when the shares are put together.
 */
import { createHash } from 'node:crypto';
import type { ProxyFile } from '../../model/node-config.ts';
import { milliseconds, name, variable, word } from './argument.ts';
import { type Directive, type Section, encodeSection, encodeWords } from './directive.ts';
import { BUFFER_BYTES, type Process, globalSection, loaded, peersSection } from './global.ts';
import { isBind } from './next-worker.ts';
import { settlingFile } from './settling.ts';

const NAMESPACE: Directive = [word('namespace'), variable('WEIR_NAMESPACE')];

/** For each server line; HAProxy 2.6 takes no such keyword for servers added at runtime, nor from `default-server`. */
export const IN_NAMESPACE = encodeWords(NAMESPACE);

/** The same frontend, listening in the namespace. */
export function inNamespace(frontend: Section): Section {
  return { ...frontend, body: frontend.body.map((line) => (isBind(line) ? [...line, ...NAMESPACE] : line)) };
}

/** One balancer's part, and where it is to work. */
export interface Share {
  /** The node's id. */
  readonly node: string;
  /** Name of its namespace. */
  readonly namespace: string;
  /** Which namespace that is: a name may be given anew, and a process stays in the old one. */
  readonly inode: number;
  readonly structure: string;
  readonly text: string;
}

/** What a running process says of a share. */
export type Mark = Pick<Share, 'node' | 'inode' | 'structure'>;

/**
 * Connections at a time, of all balancers in it together. HAProxy keeps some 70 bytes ready for each of the two descriptors
 * of every one that it may get.
 */
const CONNECTIONS = 50_000;

/** What the process has besides the shares' files. */
export function packFiles(): ProxyFile[] {
  return [settlingFile()];
}

/** haproxy.cfg of the process, and the digest of what only a reload changes in it. */
export function packConfig(shares: readonly Share[], threads: number): { readonly text: string; readonly structure: string } {
  const process: Process = {
    maxconn: CONNECTIONS,
    preparations: packFiles().map(loaded),
    forks: false,
    pair: null,
    bufferBytes: BUFFER_BYTES,
    threads,
    keepsRoot: true,
  };
  const parts = shares.map(({ text, ...mark }) => ({ mark: encodeSection(markSection(mark)), text: [encodeSection(variableSection(mark)), text].join('\n') }));
  const frame = [encodeSection(globalSection(process, null)), encodeSection(peersSection(null)), ...parts.map(({ mark }) => mark)].join('\n');
  const structure = createHash('sha256').update(frame).digest('hex').slice(0, 16);
  const whole = [encodeSection(globalSection(process, structure)), encodeSection(peersSection(null)), ...parts.flatMap(({ mark, text }) => [text, mark])];
  return { text: whole.join('\n'), structure };
}

function variableSection({ namespace }: Pick<Share, 'namespace'>): Section {
  return { head: [word('global')], body: [[word('setenv'), word('WEIR_NAMESPACE'), name(namespace)]] };
}

/** A backend that nobody is sent to; its name is what the process tells of the share. */
function markSection({ node, structure, inode }: Mark): Section {
  const body: Directive[] = [
    [word('timeout'), word('connect'), milliseconds(1000)],
    [word('timeout'), word('server'), milliseconds(1000)],
  ];
  return { head: [word('backend'), name(`share.${node}.${structure}.${inode}`)], body };
}

const MARK = /^share\.([0-9a-f-]{36})\.([0-9a-f]{16})\.(\d+)$/;

/** The share whose mark a backend is by its name; null for any other backend. */
export function markOf(backend: string): Mark | null {
  const [, node, structure, inode] = MARK.exec(backend) ?? [];
  return node === undefined || structure === undefined ? null : { node, structure, inode: Number(inode) };
}

/** Names of the sections of a share. */
export function sectionsOf(text: string): { readonly frontends: ReadonlySet<string>; readonly backends: ReadonlySet<string> } {
  const named = (kind: string): ReadonlySet<string> => new Set([...text.matchAll(new RegExp(`^${kind} (\\S+)$`, 'gm'))].map(([, section = '']) => section));
  return { frontends: named('frontend'), backends: named('backend') };
}
