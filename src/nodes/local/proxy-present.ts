/** A node's proxy as a plan is made from it: what runs, and the files beside it. */
import type { ProxyConfig } from '../../model/node-config.ts';
import { readIfThere } from './files.ts';
import { parentInNamespace } from './namespace.ts';
import { presentFiles } from './proxy-files.ts';
import { type ProxyPlace, mastersOf, proxyProcesses } from './proxy-process.ts';
import { publicServer, readProxyState } from './proxy-state.ts';

/** null where none runs that could be reloaded. */
export async function presentProxy({ files }: Pick<ProxyPlace, 'files'>): Promise<ProxyConfig | null> {
  const [state, text] = await Promise.all([readProxyState(files), readIfThere(files.config)]);
  // A worker that lost its master can never be reloaded: it counts as none.
  if (!state || !parentInNamespace(state.pid)) return null;
  return { text: text ?? '', structure: state.structure, servers: state.servers.map(publicServer), files: await presentFiles(files, text ?? '') };
}

/** Whether there is one proxy, and it can be reloaded. */
export async function isSound(place: ProxyPlace): Promise<boolean> {
  const masters = mastersOf(await proxyProcesses(place));
  return masters.length === 1 && (await presentProxy(place)) !== null;
}
