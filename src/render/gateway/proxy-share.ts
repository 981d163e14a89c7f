/** Topology → a balancer's sections in a gateway's haproxy.cfg, and the files that they name. Pure. */
import type { ProxyFile } from '../../model/node-config.ts';
import type { Topology } from '../../model/topology.ts';
import { word } from '../haproxy/argument.ts';
import type { Backend } from '../haproxy/backend.ts';
import { type Section, encodeSection } from '../haproxy/directive.ts';
import { isBind } from '../haproxy/next-worker.ts';
import { type Service, distinct, isIdle, serverLines, servicesOf } from '../haproxy/services.ts';
import { settlingFile } from '../haproxy/settling.ts';

export interface ProxyShare {
  readonly text: string;
  readonly files: readonly ProxyFile[];
}

const NOTHING: ProxyShare = { text: '', files: [] };

/** Throws a CompileError for what HAProxy cannot carry. */
export function proxyShare(topology: Topology): ProxyShare {
  const services = servicesOf(topology, false);
  if (isIdle(services)) return NOTHING;
  const frontends = services.flatMap(({ frontend }) => frontend ?? []).map(anywhere);
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

/** The address comes some moments after the file, and in a pair now and then. */
function anywhere(frontend: Section): Section {
  return { ...frontend, body: frontend.body.map((line) => (isBind(line) ? [...line, word('transparent')] : line)) };
}
