/**
 * Names of what this driver makes. Every one carries the instance, so that two installations on a host never meet,
 * and an amphora's id can be read back from the name of its namespace and of its directory.
 */
import { join } from 'node:path';
import { NodeError } from '../node.ts';

/** Where iproute2 keeps named namespaces. */
export const NAMESPACES = '/run/netns';

const INSTANCE = /^[0-9a-f]{6}$/;
const ID = /^[0-9a-f]{32}$/;
const LINK = /^eth([0-9a-z])$/;
const LINKS_AT_MOST = 36;

/** `weir-<instance>-<32 hex of the amphora's id>`. */
export function nodeNamespace(instance: string, id: string): string {
  return `weir-${checkedInstance(instance)}-${hex(id)}`;
}

/** The namespace with the bridges of all networks that have no bridge mapping. */
export function switchNamespace(instance: string): string {
  return `weir-${checkedInstance(instance)}-sw`;
}

/** Where the process is that several nodes share. */
export function packNamespace(instance: string): string {
  return `weir-${checkedInstance(instance)}-pack`;
}

/** At most 15 characters, as the kernel wants: `br` and the first 12 hex digits of the network's id. */
export function bridgeName(networkId: string): string {
  return `br${hex(networkId).slice(0, 12)}`;
}

/** The end of a node's link that is outside the node: `a<12 hex>.<digit>`, 15 characters; `linkName` is `eth0` … `ethz`. */
export function hostLinkName(id: string, linkName: string): string {
  const [, digit] = LINK.exec(linkName) ?? [];
  if (digit === undefined) throw new NodeError(`a link of a node must be named eth0 to eth9 or etha to ethz, not '${linkName}'`);
  return `a${hex(id).slice(0, 12)}.${digit}`;
}

/** Names of all ends a node may have outside itself, whether they exist or not. */
export function hostLinkNames(id: string): string[] {
  return Array.from({ length: LINKS_AT_MOST }, (_, index) => hostLinkName(id, `eth${index.toString(LINKS_AT_MOST)}`));
}

export function namespacePath(namespace: string): string {
  return join(NAMESPACES, namespace);
}

/** A node's directory and what is in it. */
export interface NodeFiles {
  readonly directory: string;
  readonly config: string;
  readonly candidate: string;
  /** What this driver adds to every configuration. */
  readonly common: string;
  readonly statsSocket: string;
  readonly masterSocket: string;
  readonly serverState: string;
  readonly log: string;
  /** The table of nftables, as it was last made. */
  readonly packets: string;
  /** At which addresses flows may be left that ought to have been cut; there only while there may be some. */
  readonly owedCuts: string;
}

export function nodeFiles(runPath: string, id: string): NodeFiles {
  return filesIn(join(runPath, hex(id)));
}

/** Of the process that several nodes share. */
export function packFiles(runPath: string): NodeFiles & { readonly shares: string } {
  const files = filesIn(join(runPath, 'pack'));
  return { ...files, shares: join(files.directory, 'shares') };
}

/** In which directory each share has a file of this name. */
export function shareName(id: string): string {
  return `${hex(id)}.cfg`;
}

function filesIn(directory: string): NodeFiles {
  const file = (name: string): string => join(directory, name);
  return {
    directory,
    config: file('haproxy.cfg'),
    candidate: file('haproxy.cfg.candidate'),
    common: file('common.cfg'),
    statsSocket: file('stats.sock'),
    masterSocket: file('master.sock'),
    serverState: file('servers.state'),
    log: file('haproxy.log'),
    packets: file('packets.json'),
    owedCuts: file('flows.owed'),
  };
}

/** The id in the name of a node's namespace; null for any other name. */
export function idOfNamespace(instance: string, namespace: string): string | null {
  const prefix = `weir-${checkedInstance(instance)}-`;
  return namespace.startsWith(prefix) ? idOfDirectory(namespace.slice(prefix.length)) : null;
}

/** The id in the name of a node's directory; null for any other name. */
export function idOfDirectory(name: string): string | null {
  if (!ID.test(name)) return null;
  return [name.slice(0, 8), name.slice(8, 12), name.slice(12, 16), name.slice(16, 20), name.slice(20)].join('-');
}

function hex(id: string): string {
  const digits = id.replaceAll('-', '').toLowerCase();
  if (!ID.test(digits)) throw new NodeError(`'${id}' is not an id of 32 hexadecimal digits`);
  return digits;
}

function checkedInstance(instance: string): string {
  if (!INSTANCE.test(instance)) throw new NodeError(`the instance must be six hexadecimal digits, not '${instance}'`);
  return instance;
}
