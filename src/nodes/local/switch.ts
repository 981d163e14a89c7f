/**
 * The switch: one namespace per installation that holds a bridge for each network without a bridge mapping, and the
 * outer ends of all links. The host's own interfaces and routes are never touched; only a network that an operator
 * mapped to a bridge gets its outer ends put there.
 */
import { CommandError } from './command.ts';
import { type IpCommand, ipBatch, ipQuery } from './ip.ts';
import { bridgeName, switchNamespace } from './names.ts';
import { claimName, createNamespace, deleteNamespace, namespaceExists, setSysctls } from './namespace.ts';
import { until } from './pause.ts';

/** A bridge and the namespace it is in; null is the namespace this process runs in. */
export interface Bridge {
  readonly namespace: string | null;
  readonly bridge: string;
}

export interface Plug {
  readonly instance: string;
  readonly networkId: string;
  /** Namespace that gets the link, and the link's name there. */
  readonly namespace: string;
  readonly name: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  /** Name of the outer end, at most 15 characters. */
  readonly hostLink: string;
  /** Where an operator mapped the network to; otherwise its bridge in the switch. */
  readonly bridge?: Bridge;
}

/** The part of `ip link show` that is used here. */
export interface LinkState {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_index?: number;
  readonly master?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
}

/** The switch forwards frames and nothing else: packet filters of the host must not see them. */
const SWITCH_SYSCTLS = {
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
  'net.bridge.bridge-nf-call-arptables': '0',
  'net.ipv6.conf.default.disable_ipv6': '1',
};

/** How long somebody else who makes the switch may take before it counts as left half-made by a crash, milliseconds. */
const MAKING_AT_MOST = 1000;

/** Made twice at the same time, one switch would hide the other with the bridges that are already in it. */
export async function ensureSwitch(instance: string): Promise<void> {
  const namespace = switchNamespace(instance);
  if ((await namespaceExists(namespace)) || (await isMadeByAnother(namespace))) await setSysctls(namespace, SWITCH_SYSCTLS);
  else await createNamespace(namespace, SWITCH_SYSCTLS);
}

/** Sets an existing switch up again, should that have been interrupted. */
export async function mendSwitch(instance: string): Promise<void> {
  if (await namespaceExists(switchNamespace(instance))) await setSysctls(switchNamespace(instance), SWITCH_SYSCTLS);
}

/** Waits for it; false when the name was free and is ours now, or nobody made it in time. */
async function isMadeByAnother(namespace: string): Promise<boolean> {
  if (await claimName(namespace)) return false;
  return (await until(async () => ((await namespaceExists(namespace)) ? true : null), 5, MAKING_AT_MOST)) !== null;
}

export async function ensureBridge(instance: string, networkId: string, mtu: number): Promise<void> {
  const namespace = switchNamespace(instance);
  const name = bridgeName(networkId);
  if (!(await linkState(namespace, name))) await addBridge(namespace, name, mtu);
  await ipBatch(namespace, [['link', 'set', 'dev', name, 'mtu', String(mtu), 'up']]);
}

async function addBridge(namespace: string, name: string, mtu: number): Promise<void> {
  const kind = ['type', 'bridge', 'forward_delay', '0', 'stp_state', '0', 'mcast_snooping', '0'];
  try {
    await ipBatch(namespace, [['link', 'add', 'name', name, 'mtu', String(mtu), ...kind]]);
  } catch (error) {
    // Somebody else may have made it in between.
    if (!(await linkState(namespace, name))) throw error;
  }
}

/** The bridge a plug belongs on. */
export function bridgeOf(plug: Pick<Plug, 'instance' | 'networkId' | 'bridge'>): Bridge {
  return plug.bridge ?? { namespace: switchNamespace(plug.instance), bridge: bridgeName(plug.networkId) };
}

/**
 * Gives a namespace a link on a network: both ends, attached and up. Idempotent: what is there and right stays, with
 * its addresses; what is half made or belongs to a namespace that is going away is made anew.
 */
export async function plug(wanted: Plug): Promise<void> {
  await (wanted.bridge ? Promise.resolve() : ensureNetwork(wanted));
  const { namespace: outside, bridge } = bridgeOf(wanted);
  const [outer, inner] = await Promise.all([linkState(outside, wanted.hostLink), linkState(wanted.namespace, wanted.name)]);
  if (outer && inner && isPair(outer, inner)) {
    await ipBatch(outside, [['link', 'set', 'dev', wanted.hostLink, 'mtu', String(wanted.mtu), 'master', bridge, 'up']]);
  } else {
    await dropLink(wanted.namespace, wanted.name, inner);
    await dropLink(outside, wanted.hostLink, await linkState(outside, wanted.hostLink));
    await ipBatch(outside, [plugCommand(wanted)]);
  }
  await ipBatch(wanted.namespace, [['link', 'set', 'dev', wanted.name, 'address', wanted.mac, 'mtu', String(wanted.mtu), 'up']]);
}

async function ensureNetwork({ instance, networkId, mtu }: Plug): Promise<void> {
  if (!(await namespaceExists(switchNamespace(instance)))) await ensureSwitch(instance);
  await ensureBridge(instance, networkId, mtu);
}

/** Both ends in one message to the kernel: there is never an end without the other, nor one outside its bridge. */
export function plugCommand(plug: Plug): IpCommand {
  const mtu = ['mtu', String(plug.mtu)];
  const outer = ['name', plug.hostLink, ...mtu, 'master', bridgeOf(plug).bridge, 'up'];
  return ['link', 'add', ...outer, 'type', 'veth', 'peer', 'name', plug.name, 'address', plug.mac, ...mtu, 'netns', plug.namespace];
}

export function isPair(outer: LinkState, inner: { readonly ifindex: number; readonly link_index?: number }): boolean {
  return outer.link_index === inner.ifindex && inner.link_index === outer.ifindex;
}

export async function linkState(namespace: string | null, name: string): Promise<LinkState | undefined> {
  return (await linkStates(namespace, [name]))[0];
}

/** Those of the named links that exist. */
export async function linkStates(namespace: string | null, names: readonly string[]): Promise<LinkState[]> {
  const commands = names.map((name) => ['link', 'show', 'dev', name]);
  return (await ipQuery(namespace, commands, { absentIsEmpty: true })).flat() as LinkState[];
}

/** Deletes a link, which may be going away by itself at this moment. */
export async function dropLink(namespace: string | null, name: string, state: LinkState | undefined): Promise<void> {
  if (!state) return;
  try {
    await ipBatch(namespace, [['link', 'delete', 'dev', name]]);
  } catch (error) {
    if (!(error instanceof CommandError) || (await linkState(namespace, name))) throw error;
  }
}

/** Removes the switch when nothing is plugged into any of its bridges; says whether it is gone. */
export async function removeIdleSwitch(instance: string): Promise<boolean> {
  const namespace = switchNamespace(instance);
  if (!(await namespaceExists(namespace))) return true;
  const [links = []] = await ipQuery(namespace, [['link', 'show', 'type', 'veth']]);
  if (links.length > 0) return false;
  await deleteNamespace(namespace);
  return true;
}
