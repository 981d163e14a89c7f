/** What a running proxy says of itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, serverKey } from '../../model/node-config.ts';
import type { NodeFiles } from './names.ts';
import { parseInfo, parseProcesses, parseServerStates, parseStat, type Processes, type Row, type WorkerInfo } from './proxy-answers.ts';
import { askMaster, askWorker, BrokenAnswerError, NoProxyError } from './proxy-socket.ts';

export interface RunningServer extends Server {
  /** False between `add server … check` and `enable health`. */
  readonly checkEnabled: boolean;
  readonly checkConfigured: boolean;
}

export interface ProxyState extends WorkerInfo {
  readonly servers: readonly RunningServer[];
  /** `show servers state`, as a new worker can load it. */
  readonly serverStates: string;
}

/** Maintenance by command, by a tracked server or for want of an address; the flag for "said so in the file" alone is none. */
const MAINTENANCE = 0x01 | 0x02 | 0x20;
/** Drained by command: not a state of ours (weight 0 drains), so it is reported as what it must be brought out of. */
const DRAINED = 0x08;
const CHECK_CONFIGURED = 0x02;
const CHECK_ENABLED = 0x04;

const COLUMNS: ReadonlySet<string> = new Set(['pxname', 'svname', 'bck']);

const ATTEMPTS = 100;
const PAUSE = 5;

/** null when no worker answers. */
export async function readProxyState(files: NodeFiles): Promise<ProxyState | null> {
  return orNull(async () => {
    const [info = '', states = '', stat = ''] = await askWorker(files.statsSocket, ['show info', 'show servers state', 'show stat -1 4 -1']);
    return { ...parseInfo(info), servers: runningServers(parseServerStates(states), parseStat(stat, COLUMNS)), serverStates: states };
  });
}

/** null when no worker answers. */
export async function readWorkerInfo(files: NodeFiles): Promise<WorkerInfo | null> {
  return orNull(async () => parseInfo((await askWorker(files.statsSocket, ['show info']))[0] ?? ''));
}

/** null when no master answers. */
export async function readProcesses(files: NodeFiles): Promise<Processes | null> {
  return orNull(async () => parseProcesses(await askMaster(files.masterSocket, 'show proc')));
}

/** null when nobody answers. An answer that breaks off is asked for again: the proxy is in the middle of a reload. */
export async function orNull<T>(question: () => Promise<T>): Promise<T | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await question();
    } catch (error) {
      if (error instanceof NoProxyError) return null;
      if (!(error instanceof BrokenAnswerError) || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE);
    }
  }
}

function runningServers(states: readonly Row[], stats: readonly Row[]): RunningServer[] {
  const backups = new Set(stats.filter(({ bck }) => bck === '1').map(({ pxname, svname }) => `${pxname}/${svname}`));
  return states.map((state) => runningServer(state, backups.has(`${state['be_name']}/${state['srv_name']}`)));
}

/**
 * A server as it runs. Its further keywords cannot be seen, nor whether its backend takes servers at runtime: they
 * belong to the structure and are left empty here.
 */
function runningServer(state: Row, backup: boolean): RunningServer {
  const check = Number(state['srv_check_state']);
  const checkEnabled = (check & CHECK_ENABLED) !== 0;
  return {
    backend: state['be_name'] ?? '',
    name: state['srv_name'] ?? '',
    address: state['srv_addr'] ?? '',
    port: Number(state['srv_port']),
    weight: Number(state['srv_uweight']),
    state: (Number(state['srv_admin_state']) & (MAINTENANCE | DRAINED)) === 0 ? 'ready' : 'maint',
    backup,
    check: checkEnabled ? { address: textOrNull(state['srv_check_addr']), port: Number(state['srv_check_port']) || null } : null,
    checkEnabled,
    checkConfigured: (check & CHECK_CONFIGURED) !== 0,
    keywords: '',
    dynamic: true,
  };
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === '-' ? null : text;
}

/** Only what the model knows. */
export function publicServer(running: RunningServer): Server {
  const { checkEnabled: _enabled, checkConfigured: _configured, ...server } = running;
  return server;
}

/**
 * What of a server's state a new worker takes over: nothing of a server that is to be different, the wanted weight in
 * any case. The rest (up or down, and for how long) spares it the first checks.
 */
export function carriedStates(serverStates: string, running: readonly RunningServer[], wanted: readonly Server[]): string {
  const before = new Map(running.map((server) => [serverKey(server), server]));
  const weights = new Map(wanted.flatMap((server) => (takesOver(before.get(serverKey(server)), server) ? [[serverKey(server), server.weight] as const] : [])));
  const [version = '', header = '', ...lines] = serverStates.split('\n').filter((line) => line !== '');
  const kept = lines.flatMap((line) => carriedLine(header.slice(2).split(' '), line.split(' '), weights));
  return [version, header, ...kept, ''].join('\n');
}

function takesOver(running: RunningServer | undefined, wanted: Server): boolean {
  if (!running || running.address !== wanted.address || running.port !== wanted.port || running.state !== wanted.state) return false;
  return running.check?.address === wanted.check?.address && running.check?.port === wanted.check?.port;
}

function carriedLine(names: readonly string[], values: readonly string[], weights: ReadonlyMap<string, number>): string[] {
  const field = (name: string): string => values[names.indexOf(name)] ?? '';
  const weight = weights.get(`${field('be_name')}/${field('srv_name')}`);
  if (weight === undefined) return [];
  return [values.map((value, index) => (/^srv_[ui]weight$/.test(names[index] ?? '') ? String(weight) : value)).join(' ')];
}
