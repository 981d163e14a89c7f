/** Asks the real HAProxy what it thinks of a configuration. It must be installed: a test that skips proves nothing. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ProxyFile } from '../../model/node-config.ts';
import { FLOW_VARIABLE } from './flow-log.ts';

const run = promisify(execFile);

/** What a process is started with so that it can log. */
const LOGGING = { [FLOW_VARIABLE]: 'node-1' };

/** Rejects with HAProxy's words on its standard error when it refuses the file or warns of anything in it. */
export async function assertAccepted(text: string, files: readonly ProxyFile[] = [], env: Readonly<Record<string, string>> = LOGGING): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'wtr-haproxy-'));
  try {
    await writeFile(join(directory, 'haproxy.cfg'), text);
    for (const { path, content } of files) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content.open());
    }
    // Version 1 without servers: what the driver leaves before there is any state.
    await writeFile(join(directory, 'servers.state'), '1\n');
    await run('haproxy', ['-c', '-dW', '-f', 'haproxy.cfg'], { cwd: directory, env: { ...process.env, ...env } });
  } finally {
    await rm(directory, { recursive: true });
  }
}
