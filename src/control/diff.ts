/**
 * Present and wanted node config → plan. Pure. What the runtime socket can do is done there; everything else is one
 * reload. A plan for equal configs is empty: that is how the loop knows it is done.
 */
import {
  EMPTY_NODE,
  type FlowSyncConfig,
  type GatewaySection,
  type GatewayShare,
  type Link,
  type NodeConfig,
  type PacketConfig,
  type ProxyConfig,
  type Server,
  type VrrpConfig,
  serverKey,
} from '../model/node-config.ts';
import type { Plan, Step } from '../model/plan.ts';

export interface DiffOptions {
  /** Set after a runtime change failed: the next attempt does not try the same again. */
  readonly avoidRuntime?: boolean;
}

export function diff(present: NodeConfig | null, wanted: NodeConfig, options: DiffOptions = {}): Plan {
  const base = present ?? EMPTY_NODE;
  return [
    ...(present ? [] : [{ kind: 'create-node', cost: 'restart' } as const]),
    ...diffLinks(base.links, wanted.links),
    ...diffRoutes(base, wanted),
    ...around(diffPackets(base.packets, wanted.packets), diffProxy(base.proxy, wanted.proxy, options.avoidRuntime ?? false), movesToPackets(base, wanted)),
    // Behind all that: a node offers itself for the address once it can serve it.
    ...diffVrrp(base.vrrp, wanted.vrrp),
    // It serves without this, should it fail.
    ...diffFlowSync(base.flowSync, wanted.flowSync),
    ...diffShare(base.gateway ?? null, wanted.gateway ?? null),
  ];
}

/**
 * What a running proxy takes while the reload that brings the rest has to wait: members come, change their weight, and get no
 * more clients. The file is left as it is, so nothing is deleted; a keepalived hears of its peer all the same.
 */
export function meanwhile(present: NodeConfig, wanted: NodeConfig): Plan {
  return [
    ...serversMeanwhile(present.proxy?.servers ?? [], wanted.proxy?.servers ?? []),
    ...diffVrrp(present.vrrp, wanted.vrrp).filter(({ kind }) => kind === 'reload-vrrp'),
  ];
}

function serversMeanwhile(present: readonly Server[], wanted: readonly Server[]): Step[] {
  const before = new Map(present.map((server) => [serverKey(server), server]));
  const after = new Map(wanted.map((server) => [serverKey(server), server]));
  // Whether one without servers is there cannot be seen.
  const backends = new Set(present.map(({ backend }) => backend));
  const changed = present.flatMap((server) => changeOf(server, { ...server, ...carriedOf(after.get(serverKey(server))) }));
  const added = wanted.filter((server) => !before.has(serverKey(server)) && server.dynamic && backends.has(server.backend));
  return [...changed, ...added.map((server): Step => ({ kind: 'add-server', cost: 'runtime', server }))];
}

function carriedOf(wanted: Server | undefined): Pick<Server, 'state'> & Partial<Pick<Server, 'weight'>> {
  return wanted ? { state: wanted.state, weight: wanted.weight } : { state: 'maint' };
}

function diffLinks(present: readonly Link[], wanted: readonly Link[]): Step[] {
  const gone = present.filter(({ name }) => !wanted.some((link) => link.name === name));
  return [
    ...gone.map(({ name }): Step => ({ kind: 'delete-link', cost: 'runtime', name })),
    ...wanted.flatMap((link) =>
      diffLink(
        present.find(({ name }) => name === link.name),
        link,
      ),
    ),
  ];
}

function diffLink(present: Link | undefined, link: Link): Step[] {
  if (!present) return [{ kind: 'add-link', cost: 'runtime', link }];
  if (present.networkId !== link.networkId || present.physicalNetwork !== link.physicalNetwork) {
    return [
      { kind: 'delete-link', cost: 'runtime', name: link.name },
      { kind: 'add-link', cost: 'runtime', link },
    ];
  }
  return sameLink(present, link) ? [] : [{ kind: 'change-link', cost: 'runtime', link, present }];
}

function sameLink(a: Link, b: Link): boolean {
  return a.mac === b.mac && a.mtu === b.mtu && sameSet(a.addresses, b.addresses) && sameSet(a.neighbours.map(entryKey), b.neighbours.map(entryKey));
}

function entryKey({ address, mac }: { address: string; mac: string }): string {
  return `${address} ${mac}`;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const set = new Set(a);
  return a.length === b.length && b.every((item) => set.has(item));
}

function diffRoutes(present: NodeConfig, wanted: NodeConfig): Step[] {
  const key = (config: NodeConfig): string[] => config.routes.map(({ to, via, link }) => `${to} ${via} ${link ?? ''}`);
  if (sameSet(key(present), key(wanted))) return [];
  return [{ kind: 'set-routes', cost: 'runtime', routes: wanted.routes, present: present.routes }];
}

function diffVrrp(present: VrrpConfig | null, wanted: VrrpConfig | null): Step[] {
  if (!wanted) return present ? [{ kind: 'stop-vrrp', cost: 'restart' }] : [];
  if (!present) return [{ kind: 'start-vrrp', cost: 'restart', vrrp: wanted }];
  return present.text === wanted.text ? [] : [{ kind: 'reload-vrrp', cost: 'runtime', vrrp: wanted }];
}

function diffFlowSync(present: FlowSyncConfig | null, wanted: FlowSyncConfig | null): Step[] {
  if (!wanted) return present ? [{ kind: 'stop-flow-sync', cost: 'runtime' }] : [];
  return present?.text === wanted.text ? [] : [{ kind: 'start-flow-sync', cost: 'runtime', flowSync: wanted }];
}

function diffShare(present: GatewayShare | null, wanted: GatewayShare | null): Step[] {
  if (!wanted) return present ? [{ kind: 'delete-share', cost: 'reload', present }] : [];
  return present && sameShare(present, wanted) ? [] : [{ kind: 'set-share', cost: 'reload', share: wanted, present }];
}

/** Files are told apart by their names; sections come in any order. */
function sameShare(a: GatewayShare, b: GatewayShare): boolean {
  return (
    a.proxy === b.proxy &&
    a.packets === b.packets &&
    sameSet(
      a.files.map(({ path }) => path),
      b.files.map(({ path }) => path),
    ) &&
    sameSet(a.sections.map(sectionKey), b.sections.map(sectionKey))
  );
}

function sectionKey({ config, name, type, options }: GatewaySection): string {
  return JSON.stringify([config, name, type, Object.entries(options).toSorted(([x], [y]) => (x < y ? -1 : 1))]);
}

function diffPackets(present: PacketConfig | null, wanted: PacketConfig | null): Step[] {
  if (wanted === null) return present ? [{ kind: 'delete-packets', cost: 'runtime' }] : [];
  return present?.digest === wanted.digest ? [] : [{ kind: 'set-packets', cost: 'runtime', packets: wanted }];
}

/** Whoever takes a listener over begins before the other one stops, so that it is never without either. */
function around(packets: readonly Step[], proxy: readonly Step[], packetsFirst: boolean): Step[] {
  return packetsFirst ? [...packets, ...proxy] : [...proxy, ...packets];
}

/** Whether the kernel carries a listener that it did not carry before. */
function movesToPackets({ packets: present }: NodeConfig, { packets: wanted }: NodeConfig): boolean {
  const before = new Set(present?.services.map(({ listener }) => listener));
  return wanted?.services.some(({ listener }) => !before.has(listener)) ?? false;
}

/** One reload is quicker than so many commands, each of which the proxy's socket answers by itself. */
const MOST_SERVER_STEPS = 1000;

function diffProxy(present: ProxyConfig | null, wanted: ProxyConfig | null, avoidRuntime: boolean): Step[] {
  if (!wanted) return present ? [{ kind: 'stop-proxy', cost: 'restart' }] : [];
  if (!present) return [{ kind: 'start-proxy', cost: 'restart', proxy: wanted }];
  if (present.packed !== wanted.packed) {
    return [
      { kind: 'stop-proxy', cost: 'restart' },
      { kind: 'start-proxy', cost: 'restart', proxy: wanted },
    ];
  }
  const servers = present.structure === wanted.structure ? diffServers(present.servers, wanted.servers) : null;
  if (servers === null || servers.length > MOST_SERVER_STEPS || (avoidRuntime && servers.length > 0))
    return [{ kind: 'reload-proxy', cost: 'reload', proxy: wanted }];
  // The file comes first: should the proxy die between the two, it is started with what was wanted.
  const file: Step[] = present.text === wanted.text && sameFiles(present, wanted) ? [] : [{ kind: 'write-config', cost: 'runtime', proxy: wanted }];
  return [...file, ...servers];
}

/** What is there beyond the wanted files goes with the next reload. */
function sameFiles(present: ProxyConfig, wanted: ProxyConfig): boolean {
  const there = new Map(present.files.map(({ path, content }) => [path, content.digest]));
  return wanted.files.every(({ path, content }) => there.get(path) === content.digest);
}

/** null when a reload is needed because a backend takes no servers at runtime. */
function diffServers(present: readonly Server[], wanted: readonly Server[]): Step[] | null {
  const before = new Map(present.map((server) => [serverKey(server), server]));
  const after = new Set(wanted.map(serverKey));
  const gone = present.filter((server) => !after.has(serverKey(server)));
  const fixed = new Set(wanted.filter(({ dynamic }) => !dynamic).map(({ backend }) => backend));
  const added = wanted.filter((server) => !before.has(serverKey(server)));
  if ([...gone, ...added].some(({ backend }) => fixed.has(backend))) return null;
  const changed = wanted.flatMap((server) => changeOf(before.get(serverKey(server)), server));
  if (changed.some((step) => step.server.backup !== step.present.backup && fixed.has(step.server.backend))) return null;
  return [
    ...added.map((server): Step => ({ kind: 'add-server', cost: 'runtime', server })),
    ...changed,
    // Deleted last, so that a backend whose members are all replaced is never empty.
    ...gone.map(({ backend, name }): Step => ({ kind: 'delete-server', cost: 'runtime', backend, name })),
  ];
}

function changeOf(present: Server | undefined, server: Server): Extract<Step, { kind: 'change-server' }>[] {
  if (!present || sameServer(present, server)) return [];
  return [{ kind: 'change-server', cost: 'runtime', server, present }];
}

function sameServer(a: Server, b: Server): boolean {
  return a.address === b.address && a.port === b.port && a.weight === b.weight && a.state === b.state && a.backup === b.backup && sameCheck(a.check, b.check);
}

function sameCheck(a: Server['check'], b: Server['check']): boolean {
  if (a === null || b === null) return a === b;
  return a.address === b.address && a.port === b.port;
}
