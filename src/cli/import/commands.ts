/** `ipset` and `iptables` commands, as people keep them in firewall.user → load balancers. */
import { isIP } from 'node:net';
import { type Found, type Proposal, type ProposedMember, listenerOf, memberOf, plainName, portIn } from './proposal.ts';

export function fromCommands(text: string): Found {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const sets = setsIn(lines);
  const rules = lines.flatMap((words) => ruleIn(words) ?? []);
  const groups = Map.groupBy(rules, ({ protocol, address, port }) => `${protocol} ${address ?? ''} ${port}`);
  return { proposals: [...groups.values()].map((group) => fromRules(group, sets)), remarks: [] };
}

/** Addresses by set. */
function setsIn(lines: readonly (readonly string[])[]): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, string[]>();
  for (const [program, verb, name = '', entry] of lines) {
    if (program !== 'ipset') continue;
    if (verb === 'create' || verb === '-N') sets.set(name, sets.get(name) ?? []);
    if ((verb === 'add' || verb === '-A') && entry !== undefined && isIP(entry) !== 0) sets.set(name, [...(sets.get(name) ?? []), entry]);
  }
  return sets;
}

interface Rule {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
  /** Destination that it is for. */
  readonly address: string | null;
  readonly destination: ProposedMember;
  readonly set: string | null;
  /** Shares the work with others by turns. */
  readonly takesTurns: boolean;
}

/** A rule that leads one port elsewhere; null for any other line. */
function ruleIn(words: readonly string[]): Rule | null {
  const [program = ''] = words;
  if (!/(?:^|\/)ip6?tables$/.test(program)) return null;
  const after = (...options: readonly string[]): string | undefined => words[words.findIndex((word) => options.includes(word)) + 1 || words.length];
  const port = portIn(after('--dport', '--destination-port'));
  const protocol = after('-p', '--protocol')?.toUpperCase();
  const [host, own] = splitEndpoint(after('--to-destination') ?? '');
  if (after('-j', '--jump') !== 'DNAT' || port === null || (protocol !== 'TCP' && protocol !== 'UDP') || isIP(host) === 0) return null;
  const address = after('-d', '--destination')?.split('/')[0] ?? null;
  return { protocol, port, address, destination: memberOf(host, own ?? port), set: after('--match-set') ?? null, takesTurns: words.includes('statistic') };
}

function splitEndpoint(text: string): [string, number | null] {
  const [, six, port] = /^\[([0-9a-fA-F:]+)\](?::(\d+))?$/.exec(text) ?? [];
  if (six !== undefined) return [six, portIn(port)];
  const [host = '', own] = text.split(':');
  return text.split(':').length > 2 ? [text, null] : [host, portIn(own)];
}

function fromRules(rules: readonly Rule[], sets: ReadonlyMap<string, readonly string[]>): Proposal {
  const [first] = rules;
  if (!first) throw new Error('a group has a rule');
  const named = rules.find(({ set }) => set !== null && (sets.get(set) ?? []).length > 0)?.set ?? null;
  const meant = named === null ? [] : (sets.get(named) ?? []).map((address) => memberOf(address, first.destination.port));
  const members = named === null ? rules.map(({ destination }) => destination) : meant;
  const notes =
    named === null
      ? rules.length > 1 && !rules.some(({ takesTurns }) => takesTurns)
        ? ['Of the rules as they stand only the first was ever used; here they share the work.']
        : []
      : [
          `The rule as it stands leads what is for an address in the set ${named} to ${first.destination.address}, and balances nothing; its members are those of the set here.`,
          `${first.destination.address} is no member: it stands where the VIP would.`,
        ];
  return {
    name: plainName(named ?? `dnat-${first.protocol.toLowerCase()}-${first.port}`),
    address: named === null ? first.address : first.destination.address,
    listeners: [listenerOf({ protocol: first.protocol, port: first.port, members })],
    notes,
  };
}
