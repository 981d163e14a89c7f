/** Topology → the part of a haproxy.cfg that a balancer has where it shares the process with others. Pure. */
import type { ProxyConfig } from '../../model/node-config.ts';
import type { Topology } from '../../model/topology.ts';
import type { Backend } from './backend.ts';
import { CompileError } from './compile-error.ts';
import { type Directive, type Section, encodeSection } from './directive.ts';
import { defaultsSection } from './global.ts';
import { handsOver, nextSocket, onceForBoth, takesOver } from './next-worker.ts';
import { IN_NAMESPACE, inNamespace } from './pack.ts';
import { unsupportedListenerInPack, unsupportedMonitorInPack, unsupportedPairInPack } from './pack-support.ts';
import { type Service, digestOf, distinct, isIdle, serverLines, servicesOf } from './services.ts';

/** What a process that it shares with others does for this one. Throws a CompileError for what such a process cannot do. */
export function renderShare(topology: Topology): ProxyConfig | null {
  const hindrance = unsupportedInPack(topology);
  if (hindrance !== null) throw new CompileError(`${hindrance} is not carried`);
  const services = servicesOf(topology, false).map(shared);
  if (isIdle(services)) return null;
  const textWith = (serversOf: (backend: Backend) => string[]): string =>
    [defaultsSection(), ...services.flatMap(({ frontend }) => frontend ?? [])]
      .map((section) => encodeSection(section))
      .concat(services.flatMap(({ backends }) => backends.map((backend) => encodeSection(backend.section, serversOf(backend)))))
      .join('\n');
  return {
    text: textWith(serverLines),
    structure: digestOf(textWith(({ keywords }) => [keywords])),
    servers: services.flatMap(({ backends }) => backends.flatMap(({ servers }) => servers)),
    files: distinct(services.flatMap(({ files }) => files)),
    packed: true,
  };
}

function unsupportedInPack({ redundancy, listeners, pools }: Topology): string | null {
  const all = [
    unsupportedPairInPack(redundancy),
    ...listeners.map(unsupportedListenerInPack),
    ...pools.map(({ monitor }) => monitor && unsupportedMonitorInPack(monitor)),
  ];
  return all.find((hindrance) => hindrance !== null) ?? null;
}

function shared({ frontend, backends, files }: Service): Service {
  const socket = frontend && nextSocket(frontend);
  return { frontend: frontend && sharedFrontend(frontend, socket), backends: backends.map((backend) => sharedBackend(backend, socket)), files };
}

function sharedFrontend(frontend: Section, socket: string | null): Section {
  const inside = inNamespace(frontend);
  return socket === null ? inside : { ...inside, body: [...onceForBoth(inside.body), takesOver(socket)] };
}

function sharedBackend(backend: Backend, socket: string | null): Backend {
  const within = (keywords: string): string => [keywords, IN_NAMESPACE].filter((words) => words !== '').join(' ');
  const servers = backend.servers.map((server) => ({ ...server, keywords: within(server.keywords), dynamic: false }));
  const body = (socket: string): Directive[] => [...handsOver(socket, backend.section.body), ...onceForBoth(backend.section.body)];
  const section = socket === null ? backend.section : { ...backend.section, body: body(socket) };
  return { ...backend, section, keywords: within(backend.keywords), servers };
}
