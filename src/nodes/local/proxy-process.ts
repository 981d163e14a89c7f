/**
 * Starting and ending a node's HAProxy. It runs in a session of its own with a file for its output, so that it
 * outlives this process however that ends. Two masters on one address would share its traffic in silence
 * (SO_REUSEPORT): before a start, whatever of a proxy is in the namespace is ended.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ProxyConfig } from '../../model/node-config.ts';
import { FLOW_DESCRIPTOR } from '../../render/haproxy/flow-log.ts';
import { NodeError } from '../node.ts';
import type { Daemon } from '../programs/programs.ts';
import { writeWhole } from './files.ts';
import { flowEnvironment, flowPipe, makeFlowPipe } from './flow-pipe.ts';
import type { NodeFiles } from './names.ts';
import { isWatcher, watched } from './keeper.ts';
import { commandLineOf, end, parentOf, type Process, processesIn } from './namespace.ts';
import { until } from './pause.ts';
import { endOfLog, wordsSince } from './daemon-log.ts';
import { launchInside } from './daemon-process.ts';
import { configArguments, writeCommon } from './proxy-config.ts';
import { writeProxyFiles } from './proxy-files.ts';
import { readWorkerInfo } from './proxy-state.ts';
import { isPaired } from './vrrp-files.ts';

/** Of one node's proxy, all that is needed to run it. */
export interface ProxyPlace {
  readonly namespace: string;
  readonly files: NodeFiles;
  /** HAProxy's executable. */
  readonly haproxy: string;
  /** Words in front of it that take powers away from it; absent is none: it gives them up by itself. */
  readonly confined?: readonly string[];
}

const START_AT_MOST = 5000;
const PATIENCE = 1000;
/** A state file without servers: the proxy would complain about a missing one. */
const NO_STATES = '1\n';

/** HAProxy itself, the program that becomes it, and the one that watches it in a pair. */
export async function proxyProcesses({ namespace, haproxy }: ProxyPlace): Promise<Process[]> {
  const programs = new Set([basename(haproxy), 'haproxy', 'nsenter', 'setpriv']);
  return (await processesIn(namespace)).filter(({ pid, program }) => programs.has(program) || isWatcher(commandLineOf(pid)));
}

/** The masters among a node's proxy processes: those that no other of them started. Who only watches one is none. */
export function mastersOf(processes: readonly Process[]): Process[] {
  const proxies = processes.filter(({ pid }) => !isWatcher(commandLineOf(pid)));
  const pids = new Set(proxies.map(({ pid }) => pid));
  return proxies.filter(({ pid }) => !pids.has(parentOf(pid)));
}

export async function stopProxy(place: ProxyPlace): Promise<void> {
  await end(await proxyProcesses(place), PATIENCE);
}

/** Puts everything in place that a start needs: the files, and no socket of a proxy that was. Nothing may be running. */
export async function prepareStart(files: NodeFiles, proxy: ProxyConfig): Promise<void> {
  const sockets = [files.statsSocket, files.masterSocket].map((path) => rm(path, { force: true }));
  await Promise.all([
    writeProxyFiles(files, proxy.files),
    writeWhole(files.config, proxy.text),
    writeWhole(files.serverState, NO_STATES),
    writeCommon(files),
    makeFlowPipe(files),
    ...sockets,
  ]);
}

/**
 * Starts the proxy where none runs and all is prepared; resolves when its process is started. `serves` resolves when
 * it serves, and rejects with its own words.
 */
export async function startProxy(place: ProxyPlace, proxy: ProxyConfig): Promise<{ readonly serves: Promise<void> }> {
  const { files } = place;
  const logEnd = await endOfLog(files.log);
  const child = await launch(place);
  return { serves: servesOrFails(place, proxy, child, logEnd) };
}

async function servesOrFails(place: ProxyPlace, proxy: ProxyConfig, child: Daemon, logEnd: number): Promise<void> {
  const { files } = place;
  const serves = await until(() => answerOrEnd(files, child, proxy.structure), 2, START_AT_MOST);
  child.release();
  if (serves === true) return;
  await stopProxy(place);
  const words = await wordsSince(files.log, logEnd);
  throw new NodeError(`the proxy ${serves === false ? 'ended' : `did not answer within ${START_AT_MOST / 1000} s`} when it was started: ${words}`);
}

async function launch({ namespace, files, haproxy, confined = [] }: ProxyPlace): Promise<Daemon> {
  // Paths are relative to the working directory: a socket's path must stay below 108 bytes.
  const proxy = [...confined, haproxy, '-W', '-S', 'unix@master.sock,mode,600', '-p', 'haproxy.pid', ...configArguments(files, files.config)];
  // One that cannot log still carries traffic.
  const given = existsSync(flowPipe(files)) ? { pipes: { [FLOW_DESCRIPTOR]: flowPipe(files) }, environment: flowEnvironment(files) } : {};
  return launchInside(namespace, files.directory, files.log, isPaired(files) ? watched(proxy) : proxy, given);
}

/** True when it serves the wanted structure, false when it ended, null while it starts. */
async function answerOrEnd(files: NodeFiles, child: Daemon, structure: string): Promise<boolean | null> {
  if (child.hasEnded()) return false;
  return (await readWorkerInfo(files))?.structure === structure ? true : null;
}
