/** `weir lab`: the test bed by hand. */
import { join } from 'node:path';
import type { Config } from '../config/options.ts';
import { ApiClient, readCredentials } from '../lab/api-client.ts';
import { execInLab } from '../lab/exec.ts';
import { labDown, labStatus, labUp } from '../lab/lab.ts';
import { labHost, labNamespace } from '../lab/names.ts';
import { registerLab, unregisterLab } from '../lab/registry.ts';
import { requireWebServer, startWebServer, stopWebServer } from '../lab/web-servers.ts';
import { instanceOf } from '../store/instance.ts';
import { CliError } from './cli-error.ts';
import { type OutputOptions, formatRows } from './output.ts';

export async function up(config: Config): Promise<void> {
  await labUp(instanceOf(config.DEFAULT.state_path), await registerLab(connect(config)));
  say('The lab is up. Look at it: weir lab status');
}

/** Works without a server too; then the lab's networks stay known to it. */
export async function down(config: Config): Promise<void> {
  const instance = instanceOf(config.DEFAULT.state_path);
  await labDown(instance);
  await forget(config);
  say('The lab is down.');
}

async function forget(config: Config): Promise<void> {
  try {
    await unregisterLab(connect(config));
  } catch (error) {
    say(`Its networks and ports stay registered: ${(error as Error).message}`);
  }
}

export async function status(config: Config, output: OutputOptions): Promise<void> {
  const hosts = await labStatus(instanceOf(config.DEFAULT.state_path));
  const rows = hosts.map(({ host, namespace, addresses, state, pid }) => ({
    Host: host,
    State: state,
    Addresses: addresses,
    'Web server': pid,
    Namespace: namespace,
  }));
  process.stdout.write(formatRows(rows, ['Host', 'State', 'Addresses', 'Web server', 'Namespace'], output));
}

/** Resolves to the exit code of the command. */
export async function exec(config: Config, host: string, command: readonly string[]): Promise<number> {
  const words = command[0] === '--' ? command.slice(1) : command;
  if (words.length === 0)
    throw new CliError('There is no command to run', { remedy: 'For example: weir lab exec client -- curl http://192.168.1.10/', exitCode: 2 });
  return execInLab(instanceOf(config.DEFAULT.state_path), host, words);
}

export async function start(config: Config, name: string): Promise<void> {
  const host = labHost(name);
  await startWebServer(host, labNamespace(instanceOf(config.DEFAULT.state_path), host));
  say(`The web server of ${name} runs.`);
}

export async function stop(config: Config, name: string): Promise<void> {
  const host = labHost(name);
  requireWebServer(host);
  await stopWebServer(host, labNamespace(instanceOf(config.DEFAULT.state_path), host));
  say(`The web server of ${name} is stopped. Start it again: weir lab start ${name}`);
}

/** A client of the server that uses this state path. */
export function connect(config: Config): ApiClient {
  const file = join(config.DEFAULT.state_path, 'clouds.yaml');
  const credentials = readCredentials(file);
  if (!credentials)
    throw new CliError('No server has run on this state path yet', {
      detail: `There is no ${file}.`,
      remedy: 'Start one: weir serve (or npm start, which brings the lab too).',
    });
  return new ApiClient(credentials);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
