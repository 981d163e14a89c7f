/**
 * The lab: namespaces with a client and web servers, plugged into the bridges of this installation. Every function
 * looks at what is there and does the rest, so that it may be interrupted anywhere and called again.
 */
import { macOf } from '../model/mac.ts';
import { ipBatch } from '../nodes/local/ip.ts';
import { switchNamespace } from '../nodes/local/names.ts';
import { createNamespace, deleteNamespace, namespaceExists, namespaceNames, setSysctls } from '../nodes/local/namespace.ts';
import { nodeSysctls } from '../nodes/local/node-sysctls.ts';
import { until } from '../nodes/local/pause.ts';
import { dropLink, ensureBridge, ensureSwitch, linkState, plug, removeIdleSwitch } from '../nodes/local/switch.ts';
import { LAB_HOSTS, type LabHost } from './hosts.ts';
import { labLink, labNamespace } from './names.ts';
import type { WiredNetwork } from './registry.ts';
import { startWebServer, stopWebServer, webServers } from './web-servers.ts';

export interface HostStatus {
  readonly host: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  /** Whether the namespace is there. */
  readonly state: 'up' | 'down';
  /** Process of the web server; null when it does not run or the host has none. */
  readonly pid: number | null;
}

export async function labUp(instance: string, networks: readonly WiredNetwork[]): Promise<void> {
  await ensureSwitch(instance);
  for (const network of networks) await ensureBridge(instance, network.id, network.mtu);
  await Promise.all(LAB_HOSTS.map((host) => hostUp(instance, host, networks)));
}

async function hostUp(instance: string, host: LabHost, networks: readonly WiredNetwork[]): Promise<void> {
  const namespace = labNamespace(instance, host);
  if (await namespaceExists(namespace)) await setSysctls(namespace, nodeSysctls());
  else await createNamespace(namespace, nodeSysctls());
  await ipBatch(namespace, [['link', 'set', 'dev', 'lo', 'up']]);
  for (const [index, { network: name, address }] of host.addresses.entries()) {
    const network = networks.find((candidate) => candidate.name === name);
    if (network) await connect(instance, host, { network, index, address });
  }
  if (host.ports.length > 0) await startWebServer(host, namespace);
}

interface Connection {
  readonly network: WiredNetwork;
  readonly index: number;
  readonly address: string;
}

async function connect(instance: string, host: LabHost, { network, index, address }: Connection): Promise<void> {
  const namespace = labNamespace(instance, host);
  const name = `eth${index}`;
  await plug({ instance, networkId: network.id, namespace, name, mac: macOf(address), mtu: network.mtu, hostLink: labLink(host, index) });
  await ipBatch(namespace, [['address', 'replace', `${address}/${network.prefixLength}`, 'dev', name]]);
}

/** Ends the web servers and removes the hosts, and the switch unless a load balancer uses it; nothing there is success. */
export async function labDown(instance: string): Promise<void> {
  await Promise.all(LAB_HOSTS.map((host) => hostDown(instance, host)));
  // Links of namespaces that were just deleted go in the kernel's own time.
  await until(async () => ((await removeIdleSwitch(instance)) ? true : null), 20, SWITCH_WAIT_MS);
}

const SWITCH_WAIT_MS = 500;

async function hostDown(instance: string, host: LabHost): Promise<void> {
  const namespace = labNamespace(instance, host);
  await stopWebServer(host, namespace);
  await unplug(instance, host);
  if ((await namespaceNames()).includes(namespace)) await deleteNamespace(namespace);
}

/** A program that somebody runs in the host would keep its links alive. */
async function unplug(instance: string, host: LabHost): Promise<void> {
  const outside = switchNamespace(instance);
  if (!(await namespaceExists(outside))) return;
  for (const index of host.addresses.keys()) await dropLink(outside, labLink(host, index), await linkState(outside, labLink(host, index)));
}

export async function labStatus(instance: string): Promise<HostStatus[]> {
  return Promise.all(LAB_HOSTS.map((host) => hostStatus(instance, host)));
}

async function hostStatus(instance: string, host: LabHost): Promise<HostStatus> {
  const namespace = labNamespace(instance, host);
  const state = (await namespaceExists(namespace)) ? 'up' : 'down';
  const [server] = await webServers(host, namespace);
  return { host: host.name, namespace, addresses: host.addresses.map(({ address }) => address), state, pid: server?.pid ?? null };
}
