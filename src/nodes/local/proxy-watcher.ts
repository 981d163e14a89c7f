/** Of a pair: the process on the node that tells keepalived when the proxy dies, and another one for a proxy that has lost it. */
import { NodeError } from '../node.ts';
import { launchInside } from './daemon-process.ts';
import { isWatcher, watchedAgain } from './keeper.ts';
import { commandLineOf, namespaceExists } from './namespace.ts';
import { until } from './pause.ts';
import { mastersOf, type ProxyPlace, proxyProcesses } from './proxy-process.ts';
import { isPaired, livePid, vrrpFiles } from './vrrp-files.ts';

const START_AT_MOST = 1000;

/** Whether somebody would tell that the proxy died; true where it is nobody's task. */
export async function isWatched({ namespace, files }: Pick<ProxyPlace, 'namespace' | 'files'>): Promise<boolean> {
  if (!isPaired(files) || !(await namespaceExists(namespace))) return true;
  const pid = await livePid(namespace, vrrpFiles(files).watcherPid);
  return pid !== null && isWatcher(commandLineOf(pid));
}

/** Has the proxy watched again that runs; it is not touched. Without a proxy there is nothing to do: its start brings a watcher. */
export async function watchAgain(place: ProxyPlace): Promise<void> {
  if (await isWatched(place)) return;
  const [master] = mastersOf(await proxyProcesses(place));
  if (!master) return;
  const { namespace, files } = place;
  const child = await launchInside(namespace, files.directory, files.log, watchedAgain(master.pid));
  child.release();
  if ((await until(async () => ((await isWatched(place)) ? true : null), 5, START_AT_MOST)) === null) throw new NodeError('the proxy could not be watched');
}
