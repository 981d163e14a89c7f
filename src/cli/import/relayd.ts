/**
 * `config relayd` as articles write it, with a server in each of several options → a load balancer. OpenWrt's relayd is something
 * else (it joins networks for wireless bridges), so what they describe never balanced anything.
 */
import { isIP } from 'node:net';
import { type Command, commandsOf } from '../../render/uci/words.ts';
import { type Found, type Proposal, listenerOf, memberOf, plainName, portIn } from './proposal.ts';

/** Read by words: of options of one name libuci keeps the last. */
export function fromRelayd(text: string): Found {
  const blocks = blocksIn(commandsOf(text)).filter(({ type }) => type === 'relayd');
  const found = blocks.flatMap(({ name, values }) => fromBlock(name, values) ?? []);
  return {
    proposals: found,
    remarks: blocks.length === found.length ? [] : ['config relayd: a section without servers and a port to listen on is no load balancer'],
  };
}

interface Block {
  readonly type: string;
  readonly name: string;
  readonly values: Map<string, string[]>;
}

function blocksIn(commands: readonly Command[]): Block[] {
  const blocks: Block[] = [];
  for (const { words } of commands) {
    const [keyword, first = '', second = ''] = words.map(({ text }) => text);
    const last = blocks.at(-1);
    if (keyword === 'config') blocks.push({ type: first, name: second, values: new Map() });
    else if ((keyword === 'option' || keyword === 'list') && last) last.values.set(first, [...(last.values.get(first) ?? []), second]);
  }
  return blocks;
}

function fromBlock(name: string, values: ReadonlyMap<string, readonly string[]>): Proposal | null {
  const [address, port] = endpoint(values.get('dst')?.[0] ?? '');
  const members = (values.get('server') ?? []).flatMap((text) => {
    const [host, own] = endpoint(text);
    return isIP(host) === 0 ? [] : [memberOf(host, own ?? port ?? 0)];
  });
  if (port === null || members.length === 0) return null;
  const protocol = (values.get('protocol')?.[0] ?? 'tcp').toLowerCase() === 'udp' ? 'UDP' : 'TCP';
  const sources = (values.get('src') ?? []).filter((cidr) => cidr !== '0.0.0.0/0' && cidr !== '::/0');
  return {
    name: plainName(name),
    address: ['0.0.0.0', '::', ''].includes(address) ? null : address,
    listeners: [listenerOf({ protocol, port, members, allowedCidrs: sources, monitor: protocol === 'TCP' ? { type: 'TCP', path: null } : null })],
    notes: [
      'OpenWrt’s relayd joins networks and balances nothing; this is what the section meant.',
      ...(protocol === 'TCP' ? ['A check of its members was added.'] : []),
    ],
  };
}

/** Host and port; a port that is none is null. */
function endpoint(text: string): [string, number | null] {
  const at = text.lastIndexOf(':');
  return at === -1 ? [text, null] : [text.slice(0, at).replaceAll(/^\[|\]$/g, ''), portIn(text.slice(at + 1))];
}
