/** A gateway as it is → the shares on it; the shares that are to be → all that is ours on it. Pure. */
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewaySection, GatewayShare } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import { DIRECTORY, OWN, pathOf, prefixOf, shareSection } from '../../render/gateway/names.ts';
import { PROXY_FILE, proxyFile } from '../../render/gateway/proxy-file.ts';
import type { UciSection } from '../../render/uci/package.ts';
import type { DeviceConfig, DeviceFile, DevicePresent } from './device-config.ts';
import { PACKAGES } from './rights.ts';

/** What was found on a gateway. */
export interface DeviceView {
  readonly present: DevicePresent;
  /** Parts of haproxy.cfg by node; null where the file is somebody else's. */
  readonly proxies: ReadonlyMap<string, string> | null;
}

const NODE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Nodes of which anything is there. */
export function nodesIn({ present, proxies }: DeviceView): string[] {
  const marked = (present.uci['edgeweir']?.sections ?? []).flatMap(({ name = '', options }) => {
    const node = options.get('node');
    return typeof node === 'string' && NODE.test(node) && name === shareSection(node) ? [node] : [];
  });
  return [...new Set([...marked, ...(proxies?.keys() ?? [])])];
}

/** null when nothing of it is there. What does not run is not there: then a change starts it. */
export function shareIn({ present, proxies }: DeviceView, node: string): GatewayShare | null {
  const prefix = prefixOf(node);
  const sections = Object.entries(present.uci).flatMap(([config, found]) =>
    (found?.sections ?? []).flatMap(({ name, type, options }): GatewaySection[] =>
      name?.startsWith(prefix) === true ? [{ config, name, type, options: Object.fromEntries(options) }] : [],
    ),
  );
  const filed = proxies?.get(node) ?? '';
  const files = filesOf(sections).filter((path) => (present.files[path] ?? null) !== null);
  if (sections.length === 0 && filed === '') return null;
  return {
    sections,
    proxy: present.running.has('haproxy') ? filed : '',
    files: files.map((path) => ({ path: path.slice(DIRECTORY.length + 1), content: Sealed.elsewhere(path) })),
  };
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
  const proxies = new Map([...(view.proxies ?? []), ...[...changes].map(([node, share]) => [node, share?.proxy ?? ''] as const)]);
  const serves = proxies.values().some((text) => text !== '');
  const named = new Set(filesOf(uci['edgeweir'] ?? []));
  const gone = markedFiles(view.present).filter((path) => !named.has(path));
  return {
    uci,
    files: {
      ...Object.fromEntries(
        [...changes.values()].flatMap((share) => (share?.files ?? []).map((file) => [pathOf(file), { content: file.content.open(), mode: 0o600 }])),
      ),
      ...Object.fromEntries(gone.map((path) => [path, null])),
      ...(serves ? { [PROXY_FILE]: haproxyCfg(proxyFile(proxies, memoryKib)) } : leftProxyFile(view)),
    },
    services: serves ? ['haproxy'] : [],
    idle: serves || view.proxies === null || view.proxies.size === 0 ? [] : ['haproxy'],
  };
}

/** The last share is gone: a file without any is ours no more. One that never was is left alone. */
function leftProxyFile({ proxies }: DeviceView): DeviceConfig['files'] {
  return proxies !== null && proxies.size > 0 ? { [PROXY_FILE]: null } : {};
}

function haproxyCfg(content: string): DeviceFile {
  return { content, mode: 0o644, service: 'haproxy', lint: ['/usr/sbin/haproxy', '-c', '-f'] };
}

function uciSection({ name, type, options }: GatewaySection): UciSection {
  return { name, type, options: new Map(Object.entries(options)) };
}
