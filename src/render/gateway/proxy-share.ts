/** Topology → a balancer's sections in a gateway's haproxy.cfg, and the files that they name. Pure. */
import type { ProxyFile } from '../../model/node-config.ts';
import type { ListenerTopology, Topology } from '../../model/topology.ts';
import { integerSample, word } from '../haproxy/argument.ts';
import type { Backend } from '../haproxy/backend.ts';
import { type Directive, type Section, encodeSection } from '../haproxy/directive.ts';
import { isBind } from '../haproxy/next-worker.ts';
import { type Service, distinct, isIdle, serverLines, servicesOf } from '../haproxy/services.ts';
import { settlingFile } from '../haproxy/settling.ts';
import type { Carried } from './carriers.ts';

export interface ProxyShare {
  readonly text: string;
  readonly files: readonly ProxyFile[];
}

const NOTHING: ProxyShare = { text: '', files: [] };

/** Throws a CompileError for what HAProxy cannot carry. */
export function proxyShare(topology: Topology, proxied: Carried['proxied']): ProxyShare {
  const listeners = proxied.map(({ listener, port }): ListenerTopology => ({ ...listener, port }));
  const services = servicesOf({ ...topology, engine: 'haproxy', listeners }, false);
  if (isIdle(services)) return NOTHING;
  const frontends = services.flatMap(({ frontend }, index) => (frontend ? [asAsked(anywhere(frontend), proxied[index])] : []));
  const backends = services.flatMap(({ backends: some }) => some);
  const text = [
    ...[DEFAULTS, ...frontends].map((section) => encodeSection(section)),
    ...backends.map((backend) => encodeSection(backend.section, serverLines(backend))),
  ].join('\n');
  return { text, files: filesOf(services, backends) };
}

function filesOf(services: readonly Service[], backends: readonly Backend[]): ProxyFile[] {
  const programs = backends.some(({ hasTable }) => hasTable) ? [settlingFile()] : [];
  return distinct([...programs, ...services.flatMap(({ files }) => files)]);
}

/** Each share has its own: what somebody else's say would hold for it, too. */
const DEFAULTS: Section = {
  head: [word('defaults')],
  body: [
    [word('retries'), word('3')],
    [word('option'), word('redispatch'), word('1')],
  ],
};

/** Whoever comes by another port is told of as if it were the one that was asked. */
function asAsked(frontend: Section, proxied: Carried['proxied'][number] | undefined): Section {
  if (!proxied || proxied.port === proxied.listener.port) return frontend;
  const told: Directive = [word('tcp-request'), word('connection'), word('set-dst-port'), integerSample(proxied.listener.port)];
  const at = frontend.body.findLastIndex(isBind) + 1;
  return { ...frontend, body: frontend.body.toSpliced(at, 0, told) };
}

/** The address comes some moments after the file, and in a pair now and then. */
function anywhere(frontend: Section): Section {
  return { ...frontend, body: frontend.body.map((line) => (isBind(line) ? [...line, word('transparent')] : line)) };
}
