/**
 * Steps about members, through the worker's socket: all of a plan in a few round trips and without a reload. What is
 * to be done is told from what the proxy runs, so a step done twice, or half, does no harm.
 */
import type { Server } from '../../model/node-config.ts';
import type { ServerStep } from '../../model/plan.ts';
import { NodeError } from '../node.ts';
import { readIfThere } from './files.ts';
import type { NodeFiles } from './names.ts';
import { until } from './pause.ts';
import { presentFiles } from './proxy-files.ts';
import type { ProxyPlace } from './proxy-process.ts';
import { reloadProxy } from './proxy-reload.ts';
import { askWorker } from './proxy-socket.ts';
import { type ProxyState, readProxyState, type RunningServer } from './proxy-state.ts';
import { addCommands, changeCommands, type Command, moveCommand, needsReplacing, serverPath, stateCommand } from './server-commands.ts';

type ServerName = Pick<Server, 'backend' | 'name'>;

const GONE = /^(Server deleted|No such server)\.$/;
const BUSY = /connection/;

/** How long a removed member may take to become idle before new workers take over, milliseconds. */
const GRACE = 50;

/**
 * A member with running requests cannot be deleted from a worker. Then new workers take over with the file as it is on
 * disk, which every plan writes first, and the old ones finish what they have.
 */
export async function carryServerSteps(place: ProxyPlace, steps: readonly ServerStep[]): Promise<void> {
  const proxy = await readProxyState(place.files);
  if (!proxy) throw new NodeError('no proxy runs whose servers could be changed');
  const busy = await carryAtRuntime(place.files, proxy, steps);
  if (busy.length > 0) await reloadWithout(place, proxy, steps, busy);
}

/** Returns the servers that would have to be deleted and are busy; what comes after them is not done then. */
async function carryAtRuntime(files: NodeFiles, proxy: ProxyState, steps: readonly ServerStep[]): Promise<RunningServer[]> {
  const running = new Map(proxy.servers.map((server) => [serverPath(server), server]));
  const wanted = wantedServers(steps);
  const replaced = wanted.filter((server) => mustGoFirst(running.get(serverPath(server)), server));
  const stuck = await deleteServers(files, present(running, replaced));
  if (stuck.length > 0) return stuck;
  for (const server of replaced) running.delete(serverPath(server));
  await carry(
    files,
    wanted.flatMap((server) => commandsFor(running.get(serverPath(server)), server)),
  );
  // Only when all others are in place, so that a backend is never emptied by a plan that failed half-way.
  return deleteServers(
    files,
    present(
      running,
      steps.filter((step) => step.kind === 'delete-server'),
    ),
  );
}

function wantedServers(steps: readonly ServerStep[]): Server[] {
  return steps.flatMap((step) => (step.kind === 'delete-server' ? [] : [step.server]));
}

/** @param proxy - as it was before the steps */
async function reloadWithout(place: ProxyPlace, proxy: ProxyState, steps: readonly ServerStep[], busy: readonly RunningServer[]): Promise<void> {
  const text = await readIfThere(place.files.config);
  if (text === null) throw new NodeError(`the proxy has connections to ${busy.map(serverPath).join(', ')}, and there is no file to reload`);
  const servers = new Map([...proxy.servers, ...wantedServers(steps)].map((server) => [serverPath(server), server]));
  const deleted = steps.filter((step) => step.kind === 'delete-server').map(serverPath);
  for (const path of deleted) servers.delete(path);
  await reloadProxy(place, { text, structure: proxy.structure, servers: [...servers.values()], files: await presentFiles(place.files, text) });
  const after = new Set((await readProxyState(place.files))?.servers.map(serverPath));
  const left = deleted.filter((path) => after.has(path));
  if (left.length > 0) throw new NodeError(`the proxy has connections to ${left.join(', ')}, which its file still names`);
}

/** Those of the named servers that run. */
function present(running: ReadonlyMap<string, RunningServer>, names: readonly ServerName[]): RunningServer[] {
  return names.flatMap((name) => running.get(serverPath(name)) ?? []);
}

function mustGoFirst(running: RunningServer | undefined, wanted: Server): boolean {
  return running !== undefined && needsReplacing(running, wanted);
}

function commandsFor(running: RunningServer | undefined, wanted: Server): Command[] {
  return running ? changeCommands(running, wanted) : addCommands(wanted);
}

async function carry(files: NodeFiles, commands: readonly Command[]): Promise<void> {
  const replies = await askWorker(
    files.statsSocket,
    commands.map(({ text }) => text),
  );
  for (const [index, { text, done }] of commands.entries()) {
    const reply = replies[index] ?? '';
    if (!done.test(reply)) throw new NodeError(`the proxy refuses '${text}': ${reply}`);
  }
}

/** Takes servers out of balancing, closes what is idle of their connections, and deletes them; returns those that stay busy. */
async function deleteServers(files: NodeFiles, servers: readonly RunningServer[]): Promise<RunningServer[]> {
  if (servers.length === 0) return [];
  await askWorker(
    files.statsSocket,
    servers.map((server) => stateCommand({ ...server, state: 'maint' }).text),
  );
  return deleteUntil(files, servers, GRACE);
}

/** Those that were still busy when the time was over. */
async function deleteUntil(files: NodeFiles, servers: readonly RunningServer[], limit: number): Promise<RunningServer[]> {
  let busy = [...servers];
  let round = 0;
  await until(
    async () => {
      busy = await deleteIdle(files, busy);
      if (busy.length === 0) return true;
      await closeIdleConnections(files, busy, round++);
      return null;
    },
    10,
    limit,
  );
  return busy;
}

/** Tries to delete each; returns those that the proxy has connections to. */
async function deleteIdle(files: NodeFiles, servers: readonly RunningServer[]): Promise<RunningServer[]> {
  const replies = await askWorker(
    files.statsSocket,
    servers.map((server) => `del server ${serverPath(server)}`),
  );
  const answered = servers.map((server, index) => ({ server, reply: replies[index] ?? '' }));
  const refused = answered.find(({ reply }) => !GONE.test(reply) && !BUSY.test(reply));
  if (refused) throw new NodeError(`the proxy refuses to delete ${serverPath(refused.server)}: ${refused.reply}`);
  return answered.filter(({ reply }) => BUSY.test(reply)).map(({ server }) => server);
}

/**
 * Idle connections kept for reuse hold a server for seconds. HAProxy closes them when the server's address changes;
 * this one is in maintenance and will never be asked again, so its port may be any other.
 */
async function closeIdleConnections(files: NodeFiles, servers: readonly RunningServer[], round: number): Promise<void> {
  const port = 1 + (round % 2);
  await askWorker(
    files.statsSocket,
    servers.map((server) => moveCommand({ ...server, port: server.port === port ? 3 : port }).text),
  );
}
