/** `weir serve`: the server in the foreground. */
import { rm } from 'node:fs/promises';
import type { Config } from '../config/options.ts';
import { CLOUD_NAME } from './clouds-file.ts';
import { createLog } from './log.ts';
import { ownershipMark } from './quickstart-state.ts';
import { startServer } from './server.ts';
import { onStopRequest } from './stop-signal.ts';

export async function serve(config: Config): Promise<void> {
  const log = createLog(config);
  const stop = onStopRequest((signal) => log.info({ signal }, 'stopping; load balancers go on carrying traffic'));
  const server = await startServer(config, log);
  // From here on somebody relies on this state: a later quickstart may not throw it away.
  await rm(ownershipMark(config.DEFAULT.state_path), { force: true });
  log.info({ url: server.url, state_path: config.DEFAULT.state_path, use: `OS_CLIENT_CONFIG_FILE=${server.cloudsFile} OS_CLOUD=${CLOUD_NAME}` }, 'ready');
  await stop.stopped;
  await server.stop();
  log.info({}, 'stopped');
}
