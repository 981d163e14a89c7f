/**
 * The lab: namespaces with a client and web servers, plugged into the bridges of this installation. Every function
 * looks at what is there and does the rest, so that it may be interrupted anywhere and called again.
 */
import { existsSync } from 'node:fs';
import { macOf } from '../model/mac.ts';
import { run } from '../nodes/local/command.ts';
import { type IpCommand, ipBatch, ipQuery } from '../nodes/local/ip.ts';
import { bridgeName, namespacePath, switchNamespace } from '../nodes/local/names.ts';
import { ensureBridge, ensureSwitch, plug } from '../nodes/local/switch.ts';
import { LAB_HOSTS, type LabHost } from './hosts.ts';
import { labLink, labNamespace } from './names.ts';
import type { WiredNetwork } from './registry.ts';
import { startWebServer, stopWebServer, webServerPids } from './web-servers.ts';

export interface HostStatus {
  readonly host: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  /** `up` or `down`: whether the namespace is there. */
  readonly state: 'up' | 'down';
  /** Process of the web server; null when it does not run or the host has none. */
  readonly pid: number | null;
}

/** For bulk throughput over veth, and so that a client making thousands of connections does not run out of ports. */
const HOST_SETTINGS = ['net.ipv4.tcp_congestion_control=reno', 'net.ipv4.tcp_tw_reuse=1', 'net.ipv4.ip_local_port_range=1024 65535'];

export async function labUp(instance: string, networks: readonly WiredNetwork[]): Promise<void> {
  await ensureSwitch(instance);
  for (const network of networks) await ensureBridge(instance, network.id, network.mtu);
  for (const host of LAB_HOSTS) await hostUp(instance, host, networks);
  await Promise.all(LAB_HOSTS.filter(({ ports }) => ports.length > 0).map((host) => startWebServer(host, labNamespace(instance, host))));
}

async function hostUp(instance: string, host: LabHost, networks: readonly WiredNetwork[]): Promise<void> {
  const namespace = labNamespace(instance, host);
  if (!existsSync(namespacePath(namespace))) await run('ip', ['netns', 'add', namespace]);
  await run('nsenter', [`--net=${namespacePath(namespace)}`, '--', 'sysctl', '-qw', ...HOST_SETTINGS]);
  await ipBatch(namespace, [['link', 'set', 'lo', 'up']]);
  for (const [index, { network: name, address }] of host.addresses.entries()) {
    const network = networks.find((candidate) => candidate.name === name);
    if (network) await connect(instance, host, { network, index, address });
  }
}

interface Connection {
  readonly network: WiredNetwork;
  readonly index: number;
  readonly address: string;
}

async function connect(instance: string, host: LabHost, { network, index, address }: Connection): Promise<void> {
  const namespace = labNamespace(instance, host);
  const name = `eth${index}`;
  const hostLink = labLink(host, index);
  if (!(await isPlugged(instance, hostLink, network.id))) {
    await unplug(namespace, name);
    await plug({ instance, networkId: network.id, namespace, name, mac: macOf(address), mtu: network.mtu, hostLink });
  }
  const commands: IpCommand[] = [
    ['address', 'replace', `${address}/${network.prefixLength}`, 'dev', name],
    ['link', 'set', name, 'up'],
  ];
  await ipBatch(namespace, commands);
}

/** False too when the link hangs on the bridge of a network that was since made anew. */
async function isPlugged(instance: string, hostLink: string, networkId: string): Promise<boolean> {
  const [links = []] = await ipQuery(switchNamespace(instance), [['link', 'show', 'dev', hostLink]], { absentIsEmpty: true });
  return (links as { master?: string }[])[0]?.master === bridgeName(networkId);
}

async function unplug(namespace: string, name: string): Promise<void> {
  const [links = []] = await ipQuery(namespace, [['link', 'show', 'dev', name]], { absentIsEmpty: true });
  if (links.length > 0) await ipBatch(namespace, [['link', 'delete', name]]);
}

/** Ends the web servers and removes the hosts; nothing there is success. Links vanish with their namespaces. */
export async function labDown(instance: string): Promise<void> {
  for (const host of LAB_HOSTS) {
    const namespace = labNamespace(instance, host);
    await stopWebServer(host, namespace);
    if (existsSync(namespacePath(namespace))) await run('ip', ['netns', 'delete', namespace]);
  }
}

export function labStatus(instance: string): HostStatus[] {
  return LAB_HOSTS.map((host) => {
    const namespace = labNamespace(instance, host);
    const state = existsSync(namespacePath(namespace)) ? 'up' : 'down';
    return { host: host.name, namespace, addresses: host.addresses.map(({ address }) => address), state, pid: webServerPids(host, namespace)[0] ?? null };
  });
}
