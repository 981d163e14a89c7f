/** Health and counters of a node's proxy, workers of before a reload included. */
import type { Reading } from '../../model/reading.ts';
import { NodeError } from '../node.ts';
import type { NodeFiles } from './names.ts';
import { isStopped } from './namespace.ts';
import { parseInfo, parseStat } from './proxy-answers.ts';
import { trimLog } from './daemon-log.ts';
import { askMaster, askWorker } from './proxy-socket.ts';
import { orNull, readProcesses } from './proxy-state.ts';
import { readingOf, type WorkerStat } from './reading.ts';

/** What readings are made of (reading.ts, check-words.ts). */
export const COLUMNS: ReadonlySet<string> = new Set(
  'pxname svname type status scur slim bin bout ereq stot uweight check_status check_code check_duration check_desc last_chk hanafail'.split(' '),
);

/** null when no proxy answers. */
export async function readProxyReading(files: NodeFiles): Promise<Reading | null> {
  await trimLog(files.log);
  const current = await currentStat(files);
  // A master whose worker is gone may not answer either.
  if (!current) return null;
  const processes = await readProcesses(files);
  const old = await Promise.all((processes?.oldWorkers ?? []).filter((pid) => !isStopped(pid)).map((pid) => oldStat(files, pid)));
  // One that a reload has made old since it was asked is there already.
  return readingOf(
    current,
    old.flat().filter(({ worker }) => worker !== current.worker),
  );
}

async function currentStat({ statsSocket }: NodeFiles): Promise<WorkerStat | null> {
  return orNull(async () => {
    const [info = '', stat = ''] = await askWorker(statsSocket, ['show info', 'show stat']);
    return { worker: parseInfo(info).worker, rows: parseStat(stat, COLUMNS) };
  });
}

/** Nothing when it ended in between. Of one that never answers the master would keep each question, until it takes none any more. */
async function oldStat(files: NodeFiles, pid: number): Promise<WorkerStat[]> {
  try {
    const [info, stat] = await Promise.all([askMaster(files.masterSocket, `@!${pid} show info`), askMaster(files.masterSocket, `@!${pid} show stat`)]);
    return [{ worker: parseInfo(info).worker, rows: parseStat(stat, COLUMNS) }];
  } catch (error) {
    if (error instanceof NodeError) return [];
    throw error;
  }
}
