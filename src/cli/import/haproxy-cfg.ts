/**
 * haproxy.cfg → load balancers. What is read: `frontend`, `backend`, `listen`, `defaults`; in them `mode`, `bind`, `default_backend`,
 * `balance`, `server` (weight, backup, check), `option httpchk`. What else stands there is named, and not taken over.
 */
import { isIP } from 'node:net';
import {
  type Found,
  type Proposal,
  type ProposedListener,
  type ProposedMember,
  type ProposedMonitor,
  listenerOf,
  memberOf,
  plainName,
  portIn,
} from './proposal.ts';

interface CfgSection {
  readonly kind: string;
  readonly name: string;
  readonly lines: readonly (readonly string[])[];
}

const KINDS = ['global', 'defaults', 'frontend', 'backend', 'listen', 'peers', 'resolvers', 'userlist', 'cache', 'program', 'ring', 'http-errors', 'mailers'];
const READ = new Set(['mode', 'bind', 'default_backend', 'balance', 'server', 'option', 'timeout', 'maxconn', 'log', 'retries', 'description']);

export function fromHaproxy(text: string): Found {
  const sections = sectionsIn(text);
  const defaults = sections.filter(({ kind }) => kind === 'defaults').flatMap(({ lines }) => lines);
  const backends = new Map(sections.filter(({ kind }) => kind === 'backend' || kind === 'listen').map((one) => [one.name, one]));
  const fronts = sections.filter(({ kind }) => kind === 'frontend' || kind === 'listen');
  const outcomes = fronts.map((front) => fromFront(front, backends, defaults));
  return {
    proposals: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome])),
    remarks: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [outcome] : [])),
  };
}

function sectionsIn(text: string): CfgSection[] {
  const sections: (CfgSection & { lines: string[][] })[] = [];
  for (const line of text.split('\n')) {
    const words = line
      .replace(/(?:^|\s)#.*$/, '')
      .trim()
      .split(/\s+/);
    const [first = '', name = ''] = words;
    if (first === '') continue;
    if (KINDS.includes(first) && !/^\s/.test(line)) sections.push({ kind: first, name, lines: [] });
    else sections.at(-1)?.lines.push(words);
  }
  return sections;
}

function fromFront(front: CfgSection, backends: ReadonlyMap<string, CfgSection>, defaults: CfgSection['lines']): Proposal | string {
  const label = `${front.kind} ${front.name}`;
  const back = front.kind === 'listen' ? front : backends.get(valueOf(front.lines, 'default_backend') ?? '');
  if (!back) return `${label}: it has no default_backend`;
  const protocol = (valueOf([...defaults, ...front.lines], 'mode') ?? 'tcp') === 'http' ? 'HTTP' : 'TCP';
  const binds = front.lines.flatMap(([word, where]) => (word === 'bind' && where !== undefined ? bindIn(where) : []));
  if (binds.length === 0) return `${label}: it listens on no port that could be read`;
  const members = back.lines.flatMap((words) => (words[0] === 'server' ? memberIn(words, binds[0]?.port ?? 0) : []));
  const foreign = [...new Set([...front.lines, ...back.lines].flatMap(([word = '']) => (READ.has(word) ? [] : [word])))];
  const listener = { members, algorithm: algorithmIn(back.lines), monitor: monitorIn(back.lines) };
  const ends = front.lines.some((words) => words[0] === 'bind' && words.includes('ssl'));
  return {
    name: plainName(front.name),
    address: binds[0]?.address ?? null,
    listeners: [...new Map(binds.map(({ port }) => [port, listenerOf({ protocol, port, ...listener })])).values()],
    notes: [
      ...(ends ? ['It ended TLS: make the listener TERMINATED_HTTPS with a certificate of the key manager.'] : []),
      ...(foreign.length === 0 ? [] : [`Not taken over: ${foreign.join(', ')}.`]),
    ],
  };
}

/** The last one counts. */
function valueOf(lines: CfgSection['lines'], word: string): string | undefined {
  return lines.findLast(([first]) => first === word)?.[1];
}

/** Several, with commas between. */
function bindIn(text: string): { address: string | null; port: number }[] {
  return text.split(',').flatMap((one) => {
    const at = one.lastIndexOf(':');
    const port = portIn(one.slice(at + 1));
    const host = one.slice(0, Math.max(at, 0)).replaceAll(/^(?:ipv4@|ipv6@)?\[?|\]$/g, '');
    return at === -1 || port === null ? [] : [{ address: isIP(host) === 0 || host === '0.0.0.0' || host === '::' ? null : host, port }];
  });
}

function memberIn([, , where = '', ...words]: readonly string[], frontPort: number): ProposedMember[] {
  const at = where.lastIndexOf(':');
  const [host, port] = at === -1 || isIP(where) === 6 ? [where, frontPort] : [where.slice(0, at).replaceAll(/^\[|\]$/g, ''), portIn(where.slice(at + 1))];
  if (isIP(host) === 0 || port === null) return [];
  const weight = Number(words[words.indexOf('weight') + 1]);
  const isWeighted = words.includes('weight') && Number.isInteger(weight) && weight >= 0 && weight <= 256;
  return [memberOf(host, port, { weight: isWeighted ? weight : 1, backup: words.includes('backup') })];
}

function algorithmIn(lines: CfgSection['lines']): ProposedListener['algorithm'] {
  const balance = valueOf(lines, 'balance');
  return balance === 'leastconn' ? 'LEAST_CONNECTIONS' : balance === 'source' ? 'SOURCE_IP' : 'ROUND_ROBIN';
}

function monitorIn(lines: CfgSection['lines']): ProposedMonitor | null {
  if (!lines.some((words) => words[0] === 'server' && words.includes('check'))) return null;
  const http = lines.find((words) => words[0] === 'option' && words[1] === 'httpchk');
  return http ? { type: 'HTTP', path: http.slice(2).find((word) => word.startsWith('/')) ?? '/' } : { type: 'TCP', path: null };
}
