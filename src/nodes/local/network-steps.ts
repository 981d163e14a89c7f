/**
 * Steps about links and routes. Consecutive ones are carried out together, so that a node is made with few processes;
 * what has to be done is told from what the kernel has, so that a step done twice, or half, does no harm.
 */
import type { Link, Route } from '../../model/node-config.ts';
import type { Step } from '../../model/plan.ts';
import { NodeError } from '../node.ts';
import { allDone } from './all-done.ts';
import { CommandError } from './command.ts';
import { type IpCommand, ipBatch } from './ip.ts';
import { hostLinkName } from './names.ts';
import { createNamespace, namespaceExists, setSysctls } from './namespace.ts';
import { aliasOf, bridgeFor, type InnerLink, type InnerState, NOTHING, type Place, readInner } from './network-state.ts';
import { nodeSysctls } from './node-sysctls.ts';
import { type Plug, bridgeOf, dropLink, linkState, plug, plugCommand } from './switch.ts';

export type NetworkStep = Extract<Step, { kind: 'create-node' | 'add-link' | 'change-link' | 'delete-link' | 'set-routes' }>;

const KINDS: ReadonlySet<Step['kind']> = new Set<NetworkStep['kind']>(['create-node', 'add-link', 'change-link', 'delete-link', 'set-routes']);

export function isNetworkStep(step: Step): step is NetworkStep {
  return KINDS.has(step.kind);
}

/** Makes sure of the namespace. Not null when it is being made by this call: settled when it is there, and empty. */
export async function ensureNamespace(namespace: string): Promise<{ readonly made: Promise<void> } | null> {
  return (await namespaceExists(namespace)) ? null : { made: createNamespace(namespace, nodeSysctls()) };
}

/** Carries the steps out in a namespace with nothing in it. Each program is started while the one before still works. */
export async function carryFirstNetworkSteps(place: Place, steps: readonly NetworkStep[], made: Promise<void>): Promise<void> {
  const plugged = plugAtOnce(addedPlugs(place, steps), made);
  await allDone([plugged, made.then(() => ipBatch(place.namespace, innerCommands(steps, NOTHING), plugged))]);
}

export async function carryNetworkSteps(place: Place, steps: readonly NetworkStep[]): Promise<void> {
  const before = await readInner(place.namespace);
  if (!before.ready) await setSysctls(place.namespace, nodeSysctls());
  await deleteLinks(place, steps);
  for (const wanted of addedPlugs(place, steps)) await plug(wanted);
  const present = await readInner(place.namespace);
  await changeOuterMtu(place, steps, present);
  await ipBatch(place.namespace, innerCommands(steps, present));
}

function addedPlugs(place: Place, steps: readonly NetworkStep[]): Plug[] {
  return steps.flatMap((step) => (step.kind === 'add-link' ? [plugFor(place, step.link)] : []));
}

async function deleteLinks(place: Place, steps: readonly NetworkStep[]): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'delete-link') await dropLink(place.namespace, step.name, await linkState(place.namespace, step.name));
  }
}

function plugFor(place: Place, link: Link): Plug {
  const { instance, id, namespace } = place;
  const bridge = bridgeFor(place, link);
  if (!bridge) throw new NodeError(`no bridge mapping for physical network '${link.physicalNetwork ?? ''}' of network ${link.networkId}`);
  const { networkId, name, mac, mtu } = link;
  return { instance, networkId, namespace, name, mac, mtu, hostLink: hostLinkName(id, name), ...(link.physicalNetwork === null ? {} : { bridge }) };
}

/** One process per namespace that holds bridges. Where a bridge is missing or an end of old is in the way, the careful way is taken. */
async function plugAtOnce(plugs: readonly Plug[], made: Promise<void>): Promise<void> {
  const byOutside = Map.groupBy(plugs, (wanted) => bridgeOf(wanted).namespace);
  try {
    await allDone([...byOutside].map(([outside, group]) => ipBatch(outside, group.map(plugCommand), made)));
  } catch (error) {
    await made;
    if (!(error instanceof CommandError)) throw error;
    for (const wanted of plugs) await plug(wanted);
  }
}

async function changeOuterMtu(place: Place, steps: readonly NetworkStep[], present: InnerState): Promise<void> {
  for (const step of steps) {
    const bridge = step.kind === 'change-link' ? bridgeFor(place, step.link) : null;
    if (step.kind !== 'change-link' || !bridge || find(present, step.link.name)?.mtu === step.link.mtu) continue;
    await ipBatch(bridge.namespace, [['link', 'set', 'dev', hostLinkName(place.id, step.link.name), 'mtu', String(step.link.mtu)]]);
  }
}

function find(state: InnerState, name: string): InnerLink | undefined {
  return state.links.find((link) => link.name === name);
}

function innerCommands(steps: readonly NetworkStep[], present: InnerState): IpCommand[] {
  return [['link', 'set', 'dev', 'lo', 'up'], ...steps.flatMap((step) => commandsOf(step, present)), ...lostRoutes(steps, present)];
}

/** The kernel drops routes together with the address they go through; where none are to change, they are put back. */
function lostRoutes(steps: readonly NetworkStep[], present: InnerState): IpCommand[] {
  if (steps.some(({ kind }) => kind === 'set-routes') || !steps.some(({ kind }) => kind === 'change-link')) return [];
  return routeCommands(present.routes, present.routes);
}

function commandsOf(step: NetworkStep, present: InnerState): IpCommand[] {
  switch (step.kind) {
    case 'add-link':
    case 'change-link':
      return linkCommands(step.link, find(present, step.link.name));
    case 'set-routes':
      return routeCommands(step.routes, present.routes);
    case 'create-node':
    case 'delete-link':
      return [];
  }
}

/**
 * Adds before it removes: an address that stays, and routes through it, are never without. The MAC, set again when the
 * addresses are there, makes the kernel announce them, and forget all neighbours: those that stay are put back after it.
 */
function linkCommands(link: Link, present: InnerLink | undefined): IpCommand[] {
  const { name } = link;
  const settings = ['alias', aliasOf(link), 'mtu', String(link.mtu)];
  // A new node announces itself when its proxy serves: who was waiting for it would be refused until then.
  const announces = present && (present.mac !== link.mac || link.addresses.some((address) => !present.addresses.includes(address)));
  const strayAddresses = (present?.addresses ?? []).filter((address) => !link.addresses.includes(address));
  const strayNeighbours = (present?.neighbours ?? []).filter(({ address }) => !link.neighbours.some((entry) => entry.address === address));
  return [
    ...strayNeighbours.map(({ address }) => ['neigh', 'delete', address, 'dev', name]),
    ['link', 'set', 'dev', name, ...settings, 'up'],
    ...link.addresses.map((address) => ['address', 'replace', address, 'dev', name, ...(address.includes(':') ? ['nodad'] : [])]),
    ...strayAddresses.map((address) => ['address', 'delete', address, 'dev', name]),
    ...(announces ? [announcement(link)] : []),
    ...neighbourCommands(link),
  ];
}

function announcement({ name, mac }: Link): IpCommand {
  return ['link', 'set', 'dev', name, 'address', mac];
}

function neighbourCommands({ name, neighbours }: Link): IpCommand[] {
  return neighbours.map(({ address, mac }) => ['neigh', 'replace', address, 'lladdr', mac, 'dev', name, 'nud', 'permanent']);
}

/** Once `after` is done: tells everybody on their networks where the links' addresses are. */
export async function announce(namespace: string, links: readonly Link[], after: Promise<unknown>): Promise<void> {
  await ipBatch(
    namespace,
    links.flatMap((link) => [announcement(link), ...neighbourCommands(link)]),
    after,
  );
}

/** A route to the same destination is replaced in one go, so that it is never missing. */
function routeCommands(routes: readonly Route[], present: readonly Route[]): IpCommand[] {
  const wanted = new Set(routes.map(destination));
  return [
    ...routes.map((route) => ['route', 'replace', ...routeWords(route)]),
    ...present.filter((route) => !wanted.has(destination(route))).map((route) => ['route', 'delete', ...routeWords(route)]),
  ];
}

/** `default` means one thing per address family. */
function destination({ to, via }: Route): string {
  return `${to} ${via.includes(':') ? 6 : 4}`;
}

function routeWords({ to, via, link }: Route): string[] {
  return [to, 'via', via, ...(link === undefined ? [] : ['dev', link]), 'proto', 'static'];
}
