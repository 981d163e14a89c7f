/**
 * Reloading: new workers with a new configuration, the old ones finish what they have. A configuration that HAProxy
 * refuses never takes the place of the one that works.
 */
import { rename } from 'node:fs/promises';
import type { ProxyConfig } from '../../model/node-config.ts';
import { NodeError, NotYetError } from '../node.ts';
import { allDone } from './all-done.ts';
import { run } from './command.ts';
import { readIfThere, writeWhole } from './files.ts';
import { until } from './pause.ts';
import { complaints, endOfLog, wordsSince } from './daemon-log.ts';
import { acceptCandidate } from './daemon-process.ts';
import type { Processes } from './proxy-answers.ts';
import { flowEnvironment } from './flow-pipe.ts';
import { configArguments, writeCommon } from './proxy-config.ts';
import { endLesson } from './proxy-lesson.ts';
import { removeUnnamed, writeProxyFiles } from './proxy-files.ts';
import type { ProxyPlace } from './proxy-process.ts';
import { orderReload } from './proxy-socket.ts';
import { pauseBeforeReload, readTables } from './proxy-tables.ts';
import { carriedStates, type ProxyState, readProcesses, readProxyState, readWorkerInfo } from './proxy-state.ts';

const RELOAD_AT_MOST = 10_000;
const MASTER_AT_MOST = 3000;

/** What there is before a reload. */
interface Before {
  readonly worker: ProxyState;
  readonly processes: Processes;
  /** The file as it is on disk. */
  readonly text: string | null;
}

/** Throws a NotYetError, before anything is done, while the worker would take what it knows of its clients with it. */
export async function reloadProxy(place: ProxyPlace, proxy: ProxyConfig): Promise<void> {
  const { files } = place;
  const tables = await readTables(files);
  const pause = tables ? pauseBeforeReload(tables) : 0;
  if (pause > 0) throw new NotYetError('the proxy would forget which members its clients have', pause);
  // The check is a process of its own and takes longer than all questions.
  const [, { worker, processes, text }] = await allDone([checkConfig(place, proxy), readBefore(place)]);
  await writeWhole(files.serverState, carriedStates(worker.serverStates, worker.servers, proxy.servers));
  await rename(files.candidate, files.config);
  const logEnd = await endOfLog(files.log);
  await orderReload(files.masterSocket);
  const outcome = await until(() => outcomeOf(place, proxy, worker.pid, processes.failedReloads), 2, RELOAD_AT_MOST);
  if (outcome === 'serves') return allDone([removeUnnamed(files), endLesson(place, tables)]).then(() => {});
  // What was accepted by the check and failed in truth (an address in use, say) must not be there at the next start.
  if (text !== null) await writeWhole(files.config, text);
  throw new NodeError(`the proxy ${outcome === 'failed' ? 'refused to reload' : 'did not reload in time'}: ${await wordsSince(files.log, logEnd)}`);
}

async function readBefore(place: ProxyPlace): Promise<Before> {
  const [worker, text] = await Promise.all([readProxyState(place.files), readIfThere(place.files.config)]);
  const processes = worker && (await reachMaster(place));
  if (!worker || !processes) throw new NodeError('no proxy runs that could be reloaded');
  return { worker, processes, text };
}

/** Shortly after a start or a reload the master starts itself anew, and has no socket for a while. */
function reachMaster({ files }: ProxyPlace): Promise<Processes | null> {
  return until(() => readProcesses(files), 5, MASTER_AT_MOST);
}

async function checkConfig({ files, haproxy }: ProxyPlace, proxy: ProxyConfig): Promise<void> {
  await Promise.all([writeProxyFiles(files, proxy.files), writeWhole(files.candidate, proxy.text), writeCommon(files)]);
  const check = run(haproxy, ['-c', ...configArguments(files, files.candidate)], { cwd: files.directory, env: flowEnvironment(files) });
  await acceptCandidate('the proxy', files.candidate, check, complaints);
}

/** HAProxy 2.6 answers a reload with nothing: either a new worker serves, or the master counts one more failure. */
async function outcomeOf({ files }: ProxyPlace, proxy: ProxyConfig, oldPid: number, failuresBefore: number): Promise<'serves' | 'failed' | null> {
  const info = await readWorkerInfo(files);
  if (info && info.pid !== oldPid && info.structure === proxy.structure) return 'serves';
  const processes = await readProcesses(files);
  return processes && processes.failedReloads > failuresBefore ? 'failed' : null;
}
