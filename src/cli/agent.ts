/** `weir agent`: carries load balancers on this host for a server elsewhere. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { Agent } from '../agent/agent.ts';
import { KeptNodes } from '../agent/kept-nodes.ts';
import { Minder } from '../agent/minder.ts';
import { makeDirectory } from '../config/make-directory.ts';
import type { Config } from '../config/options.ts';
import { serverAddress } from '../config/value-type.ts';
import type { Log } from '../model/log.ts';
import { readCredentials, writeCredentials } from '../nodes/remote/agent-credentials.ts';
import { type ServerAddress, joinServer } from '../nodes/remote/join.ts';
import { type JoinToken, parseJoinToken } from '../nodes/remote/join-token.ts';
import { instanceOf } from '../store/instance.ts';
import { CliError } from './cli-error.ts';
import { AS_ROOT, hostFacts, isRoot } from './doctor-host.ts';
import { localNodes } from './drivers.ts';
import { createLog } from './log.ts';
import { onStopRequest } from './stop-signal.ts';
import { programVersion } from './version.ts';

export interface AgentWords {
  /** Where the server is, instead of as configured. */
  readonly server?: string;
  /** The token, or `-` for standard input. */
  readonly join?: string;
}

/** How long the server may be away before the nodes are looked after here, ms. */
const GRACE_MS = 3000;

export async function agent(config: Config, { server: given, join: token }: AgentWords): Promise<void> {
  const server = given === undefined ? config.agent.server : addressIn(given);
  if (server.host === '') throw new CliError('Where the server is was not said', { remedy: 'weir agent --server HOST:PORT, or [agent] server', exitCode: 2 });
  if (!isRoot()) throw new CliError('An agent makes network namespaces', { remedy: AS_ROOT, exitCode: 2 });
  const log = createLog(config);
  const directory = join(config.DEFAULT.state_path, 'agent');
  if (token !== undefined) await joinOnce(server, directory, tokenIn(token), log);
  await run(config, server, directory, log);
}

function addressIn(text: string): ServerAddress {
  try {
    return serverAddress.parse(text);
  } catch (error) {
    throw new CliError(`--server: ${(error as Error).message}`, { exitCode: 2, cause: error });
  }
}

function tokenIn(text: string): JoinToken {
  const token = parseJoinToken(text === '-' ? readFileSync(0, 'utf8') : text);
  if (!token)
    throw new CliError('This is no token to join with', { remedy: 'weir host create prints one, or weir host invite. It begins with weir1.', exitCode: 2 });
  return token;
}

/** Joining again with a token replaces what was there: the server takes nothing else from then on. */
async function joinOnce(server: ServerAddress, directory: string, token: JoinToken, log: Log): Promise<void> {
  const credentials = await joinServer(server, token);
  makeDirectory(directory, 0o700);
  await writeCredentials(directory, credentials);
  log.info({ host: token.hostId }, 'joined');
}

async function run(config: Config, server: ServerAddress, directory: string, log: Log): Promise<void> {
  if (!(await readCredentials(directory)))
    throw new CliError('This host has not joined a server', { remedy: 'weir agent --join TOKEN, with the token that weir host create prints.', exitCode: 2 });
  const stop = onStopRequest((signal) => log.info({ signal }, 'stopping; load balancers go on carrying traffic'));
  const nodes = new KeptNodes(localNodes(config, instanceOf(config.DEFAULT.state_path), log), join(directory, 'nodes'));
  const minder = new Minder({ nodes, log, grace: GRACE_MS, every: config.controller_worker.resync_interval * 1000 });
  const physicalNetworks = config.local_node.bridge_mappings.map(({ physicalNetwork }) => physicalNetwork);
  const about = { version: programVersion(), physicalNetworks, facts: { hostname: os.hostname(), ...(await hostFacts(config)) } };
  const running = new Agent({ server, nodes, minder, directory, about, log });
  await running.start();
  log.info({ server: serverAddress.format(server) }, 'ready');
  await stop.stopped;
  await running.stop();
  log.info({}, 'stopped');
}
