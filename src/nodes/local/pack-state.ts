/** What the process that several nodes share says of itself, and of one of them. */
import type { ProxyConfig } from '../../model/node-config.ts';
import { type Mark, type Share, markOf, sectionsOf } from '../../render/haproxy/pack.ts';
import { NEXT } from '../../render/haproxy/next-worker.ts';
import { readIfThere } from './files.ts';
import { isStopped, parentInNamespace } from './namespace.ts';
import { presentFiles } from './proxy-files.ts';
import { stateOrHung } from './proxy-present.ts';
import type { ProxyPlace } from './proxy-process.ts';
import { askWorker } from './proxy-socket.ts';
import { type ProxyState, orNull, publicServer } from './proxy-state.ts';

export interface PackState extends ProxyState {
  /** By node. */
  readonly marks: ReadonlyMap<string, Mark>;
}

/** null where none runs that could be reloaded. */
export async function readPackState(place: ProxyPlace): Promise<PackState | null> {
  const state = await stateOrHung(place);
  const master = state && parentInNamespace(state.pid);
  if (!state || !master || isStopped(master.pid)) return null;
  const backends = await orNull(() => askWorker(place.files.statsSocket, ['show backend']));
  return backends && { ...state, marks: marksIn(backends[0] ?? '') };
}

/** Of `show backend`: a name on each line. */
function marksIn(answer: string): Map<string, Mark> {
  const marks = answer.split('\n').flatMap((name) => markOf(name) ?? []);
  return new Map(marks.map((mark) => [mark.node, mark]));
}

/** What shares are compared with. Taken once for all who ask at the same time. */
export interface PackSnapshot {
  readonly state: PackState | null;
  /** The file that the next reload reads. */
  readonly config: string;
}

export async function readPackSnapshot(place: ProxyPlace): Promise<PackSnapshot> {
  const [state, config] = await Promise.all([readPackState(place), readIfThere(place.files.config)]);
  return { state, config: config ?? '' };
}

/** The share as it runs; null where it does not, or only in a namespace that is the node's no more. */
export async function presentShare({ files }: ProxyPlace, { state, config }: PackSnapshot, share: Share | null): Promise<ProxyConfig | null> {
  const mark = share && state?.marks.get(share.node);
  if (!share || !state || !mark || mark.inode !== share.inode) return null;
  const { backends } = sectionsOf(share.text);
  return {
    // What a hand did to the file that the next reload reads is no share of ours.
    text: config.includes(share.text) ? share.text : '',
    structure: mark.structure,
    servers: state.servers.filter(({ backend, name }) => backends.has(backend) && name !== NEXT).map(publicServer),
    files: await presentFiles(files, share.text),
    packed: true,
  };
}
