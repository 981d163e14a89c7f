/**
 * A node's conntrackd: it tells the other node of a pair which flows the kernel balances here, and puts what it hears into the
 * kernel. Like the proxy it outlives this process. Without it a takeover costs those flows and nothing else.
 */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FlowSyncConfig } from '../../model/node-config.ts';
import { FLOW_SYNC_LOCK, FLOW_SYNC_LOG } from '../../render/conntrackd/compile.ts';
import { NodeError } from '../node.ts';
import type { Daemon } from '../programs/programs.ts';
import { launchInside } from './daemon-process.ts';
import { endOfLog, quoted, textSince } from './daemon-log.ts';
import { readIfThere, writeWhole } from './files.ts';
import type { NodeFiles } from './names.ts';
import { end, namespaceExists, type Process, processesIn } from './namespace.ts';
import { until } from './pause.ts';
import { livePid } from './vrrp-files.ts';

export interface FlowSyncPlace {
  readonly namespace: string;
  readonly files: Pick<NodeFiles, 'directory'>;
  /** conntrackd's executable. */
  readonly conntrackd: string;
}

const START_AT_MOST = 5000;
const STARTED = 'initialization completed';

interface FlowSyncFiles {
  readonly config: string;
  readonly pid: string;
  readonly log: string;
  readonly events: string;
  readonly lock: string;
}

function filesOf({ files: { directory } }: FlowSyncPlace): FlowSyncFiles {
  const file = (name: string): string => join(directory, name);
  return { config: file('conntrackd.conf'), pid: file('conntrackd.pid'), log: file('conntrackd.log'), events: file(FLOW_SYNC_LOG), lock: file(FLOW_SYNC_LOCK) };
}

/** null where none runs. */
export async function presentFlowSync(place: FlowSyncPlace): Promise<FlowSyncConfig | null> {
  const { config, pid } = filesOf(place);
  const text = await readIfThere(config);
  return text === null || (await livePid(place.namespace, pid)) === null ? null : { text };
}

/** Whatever of one runs is ended first: its lock would keep another out. */
export async function startFlowSync(place: FlowSyncPlace, { text }: FlowSyncConfig): Promise<void> {
  await endDaemons(place);
  const { config, pid, log, events, lock } = filesOf(place);
  await rm(lock, { force: true });
  await writeWhole(config, text);
  const logEnd = await endOfLog(events);
  const child = await launchInside(place.namespace, place.files.directory, log, [place.conntrackd, '-C', basename(config)]);
  if ((await begins(child, () => textSince(events, logEnd))) !== true) {
    await stopFlowSync(place);
    throw new NodeError(`conntrackd did not start: ${quoted((await readIfThere(log)) ?? '')}`);
  }
  await writeWhole(pid, `${child.pid}\n`);
  child.release();
}

function begins(child: Daemon, said: () => Promise<string>): Promise<boolean | null> {
  return until(async () => (!child.hasEnded() ? ((await said()).includes(STARTED) ? true : null) : false), 5, START_AT_MOST);
}

export async function stopFlowSync(place: FlowSyncPlace): Promise<void> {
  await endDaemons(place);
  const { config, pid, lock } = filesOf(place);
  await Promise.all([config, pid, lock].map((path) => rm(path, { force: true })));
}

async function endDaemons(place: FlowSyncPlace): Promise<void> {
  if (await namespaceExists(place.namespace)) await end(await daemons(place), 0);
}

async function daemons({ namespace, conntrackd }: FlowSyncPlace): Promise<Process[]> {
  const programs = new Set([basename(conntrackd), 'conntrackd']);
  return (await processesIn(namespace)).filter(({ program }) => programs.has(program));
}
