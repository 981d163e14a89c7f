/** `weir serve`: the server in the foreground. */
import { rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import type { Config } from '../config/options.ts';
import { CliError } from './cli-error.ts';
import { CLOUD_NAME } from './clouds-file.ts';
import { AS_ROOT, isRoot } from './doctor-host.ts';
import { createLog } from './log.ts';
import { ownershipMark } from './quickstart-state.ts';
import { startServer } from './server.ts';
import { startFindings, warnOf } from './start-warnings.ts';
import { onStopRequest } from './stop-signal.ts';

export async function serve(config: Config): Promise<void> {
  try {
    await run(config);
  } catch (error) {
    throw explained(error);
  }
}

async function run(config: Config): Promise<void> {
  const log = createLog(config);
  boundHeap(config.DEFAULT.heap_growth);
  const stop = onStopRequest((signal) => log.info({ signal }, 'stopping; load balancers go on carrying traffic'));
  const [server, findings] = await Promise.all([startServer(config, log), startFindings(config)]);
  // From here on somebody relies on this state: a later quickstart may not throw it away.
  await rm(ownershipMark(config.DEFAULT.state_path), { force: true });
  warnOf(findings, log);
  log.info({ url: server.url, state_path: config.DEFAULT.state_path, use: `OS_CLIENT_CONFIG_FILE=${server.cloudsFile} OS_CLOUD=${CLOUD_NAME}` }, 'ready');
  await stop.stopped;
  await server.stop();
  log.info({}, 'stopped');
}

/** V8 lets the heap of a busy server grow to several times of what is alive before it looks for what is not. */
function boundHeap(percent: number): void {
  if (percent > 0) setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** What another user may not do, root mostly may. */
function explained(error: unknown): unknown {
  if (isRoot() || !(error instanceof Error) || !('code' in error) || (error.code !== 'EACCES' && error.code !== 'EPERM')) return error;
  return new CliError(error.message, { remedy: AS_ROOT, exitCode: 2, cause: error });
}
