/** A node's proxy as a plan is made from it: what runs, and the files beside it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyConfig } from '../../model/node-config.ts';
import { readIfThere } from './files.ts';
import { isStopped, parentInNamespace } from './namespace.ts';
import { presentFiles } from './proxy-files.ts';
import { type ProxyPlace, mastersOf, proxyProcesses } from './proxy-process.ts';
import { SilentProxyError, StoppedProxyError } from './proxy-socket.ts';
import { type ProxyState, publicServer, readProxyState } from './proxy-state.ts';

/** null where none runs that could be reloaded. */
export async function presentProxy(place: ProxyPlace): Promise<ProxyConfig | null> {
  const { files } = place;
  const [state, text] = await Promise.all([stateOrHung(place), readIfThere(files.config)]);
  const master = state && parentInNamespace(state.pid);
  // A worker that lost its master can never be reloaded: it counts as none. So does one whose master does nothing.
  if (!state || !master || isStopped(master.pid)) return null;
  return { text: text ?? '', structure: state.structure, servers: state.servers.map(publicServer), files: await presentFiles(files, text ?? '') };
}

/** null where nobody answers, and where one that does not is stopped, or says nothing a second time. */
export async function stateOrHung(place: ProxyPlace): Promise<ProxyState | null> {
  for (let asked = 1; ; asked++) {
    try {
      return await unlessStopped(place, readProxyState(place.files));
    } catch (error) {
      if (!(error instanceof SilentProxyError)) throw error;
      if (error instanceof StoppedProxyError || asked === 2) return null;
      // Where no connection found room the answer came at once.
      await sleep(SOON);
    }
  }
}

/** Milliseconds after which it is worth looking why there is no answer: hundreds of times as many as one takes. */
const SOON = 200;

/** The answer; rejects with a StoppedProxyError, sooner than the proxy's patience ends, when it has been stopped. */
export async function unlessStopped<T>(place: ProxyPlace, answer: Promise<T>): Promise<T> {
  const isAnswered = await Promise.race([answer.then(() => true), sleep(SOON, false, { ref: false })]);
  if (isAnswered || !(await proxyProcesses(place)).some(({ pid }) => isStopped(pid))) return answer;
  // Nobody waits for it any more.
  answer.catch(() => {});
  throw new StoppedProxyError(place.files.statsSocket);
}

/** Whether there is one proxy, and it can be reloaded. */
export async function isSound(place: ProxyPlace): Promise<boolean> {
  const masters = mastersOf(await proxyProcesses(place));
  return masters.length === 1 && (await presentProxy(place)) !== null;
}
