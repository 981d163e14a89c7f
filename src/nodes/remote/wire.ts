/**
 * Node configs, plans and readings as they cross between machines. What a key or a certificate is goes with a plan, to the
 * host that needs it; back comes only its digest.
 */
import type { FlowSyncConfig, Link, NodeConfig, PacketConfig, ProxyConfig, ProxyFile, Route, Server, VrrpConfig } from '../../model/node-config.ts';
import type { GatewayStep, Plan, Step } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { Sealed } from '../../model/sealed.ts';
import { type Read, address, flag, line, list, mac, mapOf, network, nullable, object, objectWith, oneOf, text, uuid, whole, wrong } from './shape.ts';

/** haproxy.cfg of a hundred thousand servers, and tables as large. */
const LONG = text({ longest: 64 * 1024 * 1024 });
const DIGEST = text({ pattern: /^[0-9a-f]{8,128}$/ });
const LINK_NAME = text({ pattern: /^eth[0-9a-z]$/ });
/** Every name that the kernel takes, but the loopback's. */
const FOUND_LINK_NAME = text({ pattern: /^(?!lo$|\.{1,2}$)[^\s/\p{Cc}]{1,15}$/u });
/** Of backends and servers: what HAProxy takes for a name. */
const NAME = text({ pattern: /^[A-Za-z0-9_.:-]{1,255}$/ });
const PORT = whole(0, 65_535);
/** What is either said or left out. */
const yes: Read<true> = (value, at) => (value === true ? value : wrong(at, 'true'));
const NUMBER = whole(0, 4_294_967_295);
const COUNT = whole(0, Number.MAX_SAFE_INTEGER);

const link: Read<Link> = linkNamed(LINK_NAME);
/** As a host finds it: a hand may have made one of any name, and it must be possible to tell of it and to remove it. */
const foundLink: Read<Link> = linkNamed(FOUND_LINK_NAME);

function linkNamed(name: Read<string>): Read<Link> {
  return object({
    name,
    networkId: uuid,
    physicalNetwork: nullable(line),
    mac,
    mtu: whole(68, 65_535),
    addresses: list(network),
    neighbours: list(object({ address, mac })),
  });
}

const DESTINATION: Read<string> = (value, at) => (value === 'default' ? value : network(value, at));
const route: Read<Route> = objectWith({ to: DESTINATION, via: address }, { link: FOUND_LINK_NAME });

const server: Read<Server> = object({
  backend: NAME,
  name: NAME,
  address,
  port: PORT,
  weight: whole(0, 256),
  state: oneOf('ready', 'maint'),
  backup: flag,
  check: nullable(object({ address: nullable(address), port: nullable(PORT) })),
  keywords: line,
  dynamic: flag,
});

/** Where a file may be is the driver's to judge; here only that it is a relative path without detours. */
const PATH = text({ pattern: /^[a-z]+\/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/ });
const HERE = objectWith({ path: PATH, text: LONG }, { program: flag });
const ELSEWHERE = objectWith({ path: PATH, digest: DIGEST }, { program: flag });

const file: Read<ProxyFile> = (value, at) => {
  const { path, text: content, program } = HERE(value, at);
  return { path, content: new Sealed(content), ...(program === undefined ? {} : { program }) };
};
const distantFile: Read<ProxyFile> = (value, at) => {
  const { path, digest, program } = ELSEWHERE(value, at);
  return { path, content: Sealed.elsewhere(digest), ...(program === undefined ? {} : { program }) };
};

function proxyWith(files: Read<ProxyFile>): Read<ProxyConfig> {
  return objectWith({ text: LONG, structure: line, servers: list(server), files: list(files) }, { packed: yes });
}

const packetMember = object({ id: NAME, number: NUMBER, state: oneOf('unchecked', 'drain', 'maint'), keepsFlows: flag });
const packetService = objectWith(
  {
    listener: NAME,
    address,
    protocol: oneOf('tcp', 'udp', 'sctp'),
    port: PORT,
    limit: nullable(COUNT),
    pool: nullable(NAME),
    checked: flag,
    members: list(packetMember),
  },
  { furtherAddresses: list(address) },
);
const packets: Read<PacketConfig> = object({
  text: LONG,
  digest: text({ pattern: /^[0-9a-f]*$/ }),
  schema: text({ pattern: /^[0-9a-f]*$/ }),
  chains: list(object({ name: line, hook: nullable(line), rules: list(line) })),
  counters: list(line),
  elements: mapOf(mapOf(line)),
  services: list(packetService),
});

const vrrp: Read<VrrpConfig> = object({ text: text({ longest: 1024 * 1024 }) });
const flowSync: Read<FlowSyncConfig> = object({ text: text({ longest: 65_536 }) });

/** A config as a host tells it: it has the files, and says their digests. */
export const readConfig: Read<NodeConfig> = configWith(distantFile);
/** A config with everything in it, as a host keeps it for itself. */
export const readWholeConfig: Read<NodeConfig> = configWith(file);

function configWith(files: Read<ProxyFile>): Read<NodeConfig> {
  return object({
    links: list(foundLink),
    routes: list(route),
    proxy: nullable(proxyWith(files)),
    packets: nullable(packets),
    vrrp: nullable(vrrp),
    flowSync: nullable(flowSync),
  });
}

const proxy = proxyWith(file);

type HostStep = Exclude<Step, GatewayStep>;

/** What each kind of step that a host carries out has besides its kind and its cost. */
const STEPS: { readonly [K in HostStep['kind']]: Read<Omit<Extract<HostStep, { kind: K }>, 'kind' | 'cost'>> } = {
  'create-node': object({}),
  'add-link': object({ link }),
  'change-link': object({ link, present: foundLink }),
  'delete-link': object({ name: FOUND_LINK_NAME }),
  'set-routes': object({ routes: list(route), present: list(route) }),
  'set-packets': object({ packets }),
  'delete-packets': object({}),
  'write-config': object({ proxy }),
  'start-proxy': object({ proxy }),
  'reload-proxy': object({ proxy }),
  'stop-proxy': object({}),
  'start-vrrp': object({ vrrp }),
  'reload-vrrp': object({ vrrp }),
  'stop-vrrp': object({}),
  'start-flow-sync': object({ flowSync }),
  'stop-flow-sync': object({}),
  'add-server': object({ server }),
  'change-server': object({ server, present: server }),
  'delete-server': object({ backend: NAME, name: NAME }),
};

const HEAD = object({ kind: text(), cost: oneOf('runtime', 'reload', 'restart') });

const step: Read<Step> = (value, at) => {
  const { kind, cost } = HEAD(value, at);
  if (!Object.hasOwn(STEPS, kind)) return wrong(`${at}.kind`, 'a step that is known here');
  // Which members a kind has is what the table says.
  return { kind, cost, ...STEPS[kind as HostStep['kind']](value, at) } as Step;
};

export const readPlan: Read<Plan> = list(step);

const counters = object({ worker: line, activeConnections: COUNT, bytesIn: COUNT, bytesOut: COUNT, requestErrors: COUNT, totalConnections: COUNT });

export const readReading: Read<Reading> = objectWith(
  {
    listeners: list(object({ id: NAME, state: oneOf('open', 'full'), counters: list(counters) })),
    pools: list(object({ id: NAME, state: oneOf('up', 'down') })),
    members: list(
      objectWith(
        { id: NAME, poolId: NAME, state: oneOf('up', 'down', 'drain', 'maint', 'unchecked', 'unknown'), reason: text({ longest: 100_000 }) },
        { observed: flag, observedFailures: COUNT },
      ),
    ),
  },
  { standby: flag, outdated: flag, leftOut: list(object({ id: NAME, poolId: NAME })) },
);

/** Files with what is in them. */
export function planMessage(plan: Plan): unknown {
  return plan.map((one) => ('proxy' in one ? { ...one, proxy: wholeProxy(one.proxy) } : one));
}

/** Files by their digests alone. */
export function configMessage(config: NodeConfig | null): unknown {
  const told = ({ path, content, program }: ProxyFile): object => ({ path, digest: content.digest, program });
  return config?.proxy ? { ...config, proxy: { ...config.proxy, files: config.proxy.files.map(told) } } : config;
}

/** The config with what is in its files. */
export function wholeConfigMessage(config: NodeConfig): unknown {
  return config.proxy ? { ...config, proxy: wholeProxy(config.proxy) } : config;
}

function wholeProxy(of: ProxyConfig): object {
  return { ...of, files: of.files.map(({ path, content, program }) => ({ path, text: content.open(), program })) };
}
