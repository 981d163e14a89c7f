/** A gateway as it is → the shares on it; the shares that are to be → all that is ours on it. Pure. */
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewaySection, GatewayShare } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import { DIRECTORY, OWN, pathOf, prefixOf, shareSection } from '../../render/gateway/names.ts';
import { PROXY, proxyFile } from '../../render/gateway/proxy-file.ts';
import { BALANCE, balanceFile } from '../../render/gateway/balance-file.ts';
import type { UciSection } from '../../render/uci/package.ts';
import type { DeviceConfig, DeviceFile, DevicePresent } from './device-config.ts';
import { PACKAGES } from './rights.ts';
import { BALANCER, BLIND, STATUS } from './status.ts';

/** What was found on a gateway. */
export interface DeviceView {
  readonly present: DevicePresent;
  /** Parts of haproxy.cfg by node; null where the file is somebody else's. */
  readonly proxies: ReadonlyMap<string, string> | null;
  /** The same of what the kernel balances. */
  readonly packets: ReadonlyMap<string, string> | null;
  /** Services whose shared file is not as it is written, the parts of shares left out. */
  readonly strange: ReadonlySet<string>;
}

/** A gateway on which nothing of ours was ever put. */
export const NOTHING_THERE: DeviceView = { present: { uci: {}, files: {}, running: new Set() }, proxies: new Map(), packets: new Map(), strange: new Set() };

/** Files that shares have parts of, and who reads each. */
export const SHARED = [
  { file: PROXY, service: 'haproxy' },
  { file: BALANCE, service: 'edgeweir' },
] as const;

const NODE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Nodes of which anything is there. */
export function nodesIn({ present, proxies, packets }: DeviceView): string[] {
  const marked = (present.uci['edgeweir']?.sections ?? []).flatMap(({ name = '', options }) => {
    const node = options.get('node');
    return typeof node === 'string' && NODE.test(node) && name === shareSection(node) ? [node] : [];
  });
  return [...new Set([...marked, ...(proxies?.keys() ?? []), ...(packets?.keys() ?? [])])];
}

/** null when nothing of it is there. What does not run is not there: then a change starts it. */
export function shareIn({ present, proxies, packets, strange }: DeviceView, node: string): GatewayShare | null {
  const prefix = prefixOf(node);
  const sections = Object.entries(present.uci).flatMap(([config, found]) =>
    (found?.sections ?? []).flatMap(({ name, type, options }): GatewaySection[] =>
      name?.startsWith(prefix) === true ? [{ config, name, type, options: Object.fromEntries(options) }] : [],
    ),
  );
  const told = (service: string, filed = ''): string => (filed !== '' && strange.has(service) ? `${filed}${AROUND}` : filed);
  const runs = (service: string, filed?: string): string => (present.running.has(service) ? told(service, filed) : '');
  const files = filesOf(sections).filter((path) => (present.files[path] ?? null) !== null);
  if (sections.length === 0 && !proxies?.has(node) && !packets?.has(node)) return null;
  return {
    sections,
    proxy: runs('haproxy', proxies?.get(node)),
    packets: runs('edgeweir', packets?.get(node)),
    files: files.map((path) => ({ path: path.slice(DIRECTORY.length + 1), content: Sealed.elsewhere(path) })),
  };
}

/** Stands for what is not in any share, and is not as it is written. */
const AROUND = '# what stands around the shares was changed\n';

/** Services whose shared file is another one than its parts make. */
export function strangeFiles(
  texts: Readonly<Record<'haproxy' | 'edgeweir', string | null>>,
  { proxies, packets }: Pick<DeviceView, 'proxies' | 'packets'>,
  { memoryKib }: Pick<GatewayFacts, 'memoryKib'>,
): ReadonlySet<string> {
  const strange = [
    proxies !== null && proxies.size > 0 && texts.haproxy !== proxyFile(proxies, memoryKib) ? 'haproxy' : '',
    packets !== null && packets.size > 0 && texts.edgeweir !== balanceFile(packets) ? 'edgeweir' : '',
  ];
  return new Set(strange.filter((service) => service !== ''));
}

/** Addresses that keepalived moves between the share's gateway and its peer. */
export function sharedAddresses(sections: readonly GatewaySection[]): string[] {
  const own = sections.filter(({ config, type }) => config === 'keepalived' && type === 'ipaddress');
  return own.flatMap(({ options }) => (typeof options['address'] === 'string' ? (options['address'].split('/')[0] ?? []) : []));
}

/** Paths of the files that marks of shares name. */
export function filesOf(sections: readonly { readonly options: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> }[]): string[] {
  return sections.flatMap(({ options }) => {
    const named = options instanceof Map ? (options.get('file') as unknown) : (options as Readonly<Record<string, unknown>>)['file'];
    return [named ?? []].flat().filter((path): path is string => typeof path === 'string' && isOurs(path));
  });
}

/** What a mark says is a file of ours must be one. */
function isOurs(path: string): boolean {
  return /^[A-Za-z0-9._/-]+$/.test(path) && path.startsWith(`${DIRECTORY}/`) && !path.split('/').includes('..');
}

/** All files that marks of a gateway name. */
export function markedFiles({ uci }: Pick<DevicePresent, 'uci'>): string[] {
  return [...new Set(filesOf(uci['edgeweir']?.sections.filter(({ name }) => name?.startsWith(OWN) === true) ?? []))];
}

/**
 * All that is to be ours on the gateway after some shares were changed.
 * @param changes - shares as they are to be; null for those that go
 */
export function deviceConfig(
  view: DeviceView,
  changes: ReadonlyMap<string, GatewayShare | null>,
  { memoryKib }: Pick<GatewayFacts, 'memoryKib'>,
): DeviceConfig {
  const prefixes = [...changes.keys()].map(prefixOf);
  const stays = ({ name = '' }: UciSection): boolean => name.startsWith(OWN) && !prefixes.some((prefix) => name.startsWith(prefix));
  const added = [...changes.values()].flatMap((share) => share?.sections ?? []);
  const uci = Object.fromEntries(
    PACKAGES.map((config) => [
      config,
      [...(view.present.uci[config]?.sections.filter(stays) ?? []), ...added.filter((section) => section.config === config).map(uciSection)],
    ]),
  );
  const proxies = changedParts(view.proxies, changes, 'proxy');
  const packets = changedParts(view.packets, changes, 'packets');
  const named = new Set(filesOf(uci['edgeweir'] ?? []));
  const gone = markedFiles(view.present).filter((path) => !named.has(path));
  const own = [...changes.values()].flatMap((share) => share?.files ?? []);
  const parts = [
    { of: SHARED[0], before: view.proxies, now: proxies, file: haproxyCfg(proxyFile(proxies, memoryKib)) },
    { of: SHARED[1], before: view.packets, now: packets, file: balanceLines(balanceFile(packets)) },
  ];
  const isBusy = ({ now }: (typeof parts)[number]): boolean => now.values().some((text) => text !== '');
  // The last part is gone: a file without any is ours no more. One that never was is left alone.
  const isOver = (part: (typeof parts)[number]): boolean => !isBusy(part) && part.before !== null && part.before.size > 0;
  return {
    uci,
    files: Object.fromEntries([
      ...own.map((file): [string, DeviceFile] => [pathOf(file), { content: file.content.open(), mode: 0o600 }]),
      ...gone.map((path): [string, null] => [path, null]),
      ...parts.filter(isBusy).map(({ of, file }): [string, DeviceFile] => [of.file.path, file]),
      ...parts.filter(isOver).map(({ of }): [string, null] => [of.file.path, null]),
    ]),
    services: [...parts.filter(isBusy).map(({ of }) => of.service), ...(uci['keepalived']?.some(({ type }) => type === 'vrrp_instance') ? ['keepalived'] : [])],
    idle: parts.filter(isOver).map(({ of }) => of.service),
    evidence: { command: STATUS, words: [...proxies, ...packets].flatMap(([, text]) => listenersIn(text)), blind: BLIND },
  };
}

function changedParts(
  before: ReadonlyMap<string, string> | null,
  changes: ReadonlyMap<string, GatewayShare | null>,
  part: 'proxy' | 'packets',
): ReadonlyMap<string, string> {
  return new Map([...(before ?? []), ...[...changes].map(([node, share]) => [node, share?.[part] ?? ''] as const)]);
}

/** As its status tells of each that is served. */
function listenersIn(text: string): string[] {
  const frontends = [...text.matchAll(/^frontend (\S+)$/gm)].map(([, id = '']) => `${id},FRONTEND,`);
  return [...frontends, ...[...text.matchAll(/^@service (\S+) /gm)].map(([, id = '']) => `service ${id} `)];
}

function haproxyCfg(content: string): DeviceFile {
  return { content, mode: 0o644, service: 'haproxy', lint: ['/usr/sbin/haproxy', '-c', '-f'] };
}

function balanceLines(content: string): DeviceFile {
  return { content, mode: 0o644, service: 'edgeweir', lint: [BALANCER, 'lint'] };
}

function uciSection({ name, type, options }: GatewaySection): UciSection {
  return { name, type, options: new Map(Object.entries(options)) };
}
