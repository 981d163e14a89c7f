/**
 * The weir command: noun, then verb. What a verb needs is loaded when it runs, so that help is instant.
 * Exit codes: 0 ok, 1 failure, 2 wrong usage or a host that is not able to.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../config/options.ts';
import type { Overrides } from '../config/load.ts';
import type { AgentWords } from './agent.ts';
import type { LabGatewayOptions } from './lab-gateways.ts';
import { type Host, addNouns, optionOf, CLOUD_FLAGS, statePathOf } from './api/commands.ts';
import { describe, exitCodeOf } from './cli-error.ts';
import { FORMATS, type OutputOptions } from './output.ts';

/** And those of one verb alone, which others do not take. */
interface SharedOptions extends OutputOptions, AgentWords {
  readonly configFile?: string;
  readonly set?: readonly string[];
}

/** Options may stand before the noun as well as after the verb. */
function shared(command: Command): Command {
  return command
    .option('--config-file <path>', 'configuration to use instead of /etc/edgeweir/edgeweir.conf (also: EDGEWEIR_CONF)')
    .option('--set <group.option=value>', 'one option of the configuration; may be repeated', collect);
}

function formatted(command: Command): Command {
  return shared(command)
    .addOption(new Option('-f, --format <format>', 'form of the output').choices(FORMATS))
    .option('-c, --column <name>', 'show only this column; may be repeated', collect);
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

async function configOf({ configFile, set = [] }: SharedOptions): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig({ file: configFile, overrides: overridesOf(set), warn: (message) => void process.stderr.write(`Warning: ${message}\n`) });
}

const ASSIGNMENT = /^([A-Za-z_]+)\.([a-z_]+)=(.*)$/s;

function overridesOf(assignments: readonly string[]): Overrides {
  const overrides = new Map<string, Record<string, string>>();
  for (const text of assignments) {
    const [, group = '', name = '', value = ''] = ASSIGNMENT.exec(text) ?? [];
    if (group === '') throw new InvalidArgumentError(`--set ${text}: write it as group.option=value, such as api_settings.bind_port=9877`);
    overrides.set(group, { ...overrides.get(group), [name]: value });
  }
  return Object.fromEntries(overrides);
}

/** Runs a verb with the configuration and all options, wherever they stood. */
function verb<A extends unknown[]>(work: (config: Config, options: SharedOptions, ...args: A) => Promise<number | void> | number | void) {
  return async (...parameters: unknown[]): Promise<void> => {
    const command = parameters.at(-1) as Command;
    const options = command.optsWithGlobals<SharedOptions>();
    const code = await work(await configOf(options), options, ...(parameters.slice(0, -2) as A));
    if (typeof code === 'number') process.exitCode = code;
  };
}

function labCommands(): Command {
  const lab = new Command('lab').description('the test bed: a client and web servers in network namespaces').enablePositionalOptions();
  const load = (): Promise<typeof import('./lab.ts')> => import('./lab.ts');
  shared(lab.command('up').description('build it, or repair it')).action(verb(async (config) => (await load()).up(config)));
  shared(lab.command('down').description('remove it')).action(verb(async (config) => (await load()).down(config)));
  formatted(lab.command('status').description('its hosts and what runs on them')).action(
    verb(async (config, options) => (await load()).status(config, options)),
  );
  shared(lab.command('exec <host> [command...]').description('run a command on a host: weir lab exec client -- curl http://192.168.1.10/'))
    .passThroughOptions()
    .action(verb<[string, string[]]>(async (config, _options, host, command) => (await load()).exec(config, host, command)));
  shared(lab.command('start <host>').description('start the web server of a host')).action(
    verb<[string]>(async (config, _options, host) => (await load()).start(config, host)),
  );
  shared(lab.command('stop <host>').description('stop the web server of a host')).action(
    verb<[string]>(async (config, _options, host) => (await load()).stop(config, host)),
  );
  formatted(lab.command('gateways').description('OpenWrt gateways that are not there: they answer on loopback until Ctrl-C, and are printed first'))
    .option('--count <number>', 'how many', '1')
    .option('--base-port <port>', 'port of the first, the others follow; 0: any that are free', '0')
    .option('--release <name>', '19.07, 21.02, 22.03, 23.05, 24.10 or 25.12', '24.10')
    .option('--packages <names>', 'what is installed beyond the image, with commas between', 'haproxy,keepalived')
    .option('--lan <address>', 'address of each on its LAN, with prefix length', '192.168.1.1/24')
    .option('--latency <ms>', 'milliseconds before each answer', '0')
    .option('--loss <percent>', 'of a hundred requests, those that are never answered', '0')
    .action(verb(async (_config, options) => (await import('./lab-gateways.ts')).labGateways(options as unknown as LabGatewayOptions)));
  return lab;
}

function configCommands(): Command {
  const config = new Command('config').description('the configuration').enablePositionalOptions();
  config
    .command('sample')
    .description('print a configuration with every option, its help and default')
    .action(async () => (await import('./config.ts')).printSample());
  shared(config.command('show').description('print the configuration in force, without secrets')).action(
    verb(async (loaded) => (await import('./config.ts')).printConfig(loaded)),
  );
  return config;
}

function keyCommands(): Command {
  const keys = new Command('keys').description('the keys of secrets at rest').enablePositionalOptions();
  shared(keys.command('rotate').description('encrypt all secrets with a new key; the server must be stopped')).action(
    verb(async (config) => (await import('./rotate-keys.ts')).rotateKeys(config)),
  );
  return keys;
}

function apiCommands(): Command {
  const api = new Command('api').description('the load-balancing API itself, as reference').enablePositionalOptions();
  const load = (): Promise<typeof import('./api/documents.ts')> => import('./api/documents.ts');
  formatted(api.command('docs [resource]').description('print what attributes there are, of one resource or of all')).action(
    async (resource: string | undefined, _options: unknown, command: Command) => (await load()).printReference(resource, command.optsWithGlobals()),
  );
  api
    .command('openapi')
    .description('print the OpenAPI document')
    .action(async () => (await load()).printOpenapi());
  return api;
}

const apiHost: Host = {
  formatted,
  statePath: (options: SharedOptions) => statePathOf(configOf(options), options.configFile !== undefined || options.set !== undefined),
};

/** `words`: the command line; nouns of the API that it does not name stay without their verbs. */
export function program(words: readonly string[] = []): Command {
  const weir = formatted(new Command('weir').description("One load-balancing API, OpenStack Octavia's: the server, and what an operator does with it."))
    .enablePositionalOptions()
    .exitOverride();
  shared(weir.command('serve').description('run the server in the foreground')).action(verb(async (config) => (await import('./serve.ts')).serve(config)));
  shared(weir.command('quickstart').description('run the server with the lab and a load balancer to look at; Ctrl-C removes all of it')).action(
    verb(async (config) => (await import('./quickstart.ts')).quickstart(config)),
  );
  shared(weir.command('agent').description('carry load balancers on this host for a server elsewhere, in the foreground'))
    .option('--server <host:port>', 'where the server waits for agents, instead of [agent] server')
    .option('--join <token>', 'join it first, with the token that `weir host create` printed; - reads it from standard input')
    .action(verb(async (config, options) => (await import('./agent.ts')).agent(config, options)));
  formatted(weir.command('doctor').description('check this host, and say what to do')).action(
    verb(async (config, options) => (await import('./doctor.ts')).doctor(config, options)),
  );
  weir.addCommand(configCommands());
  weir.addCommand(keyCommands());
  weir.addCommand(labCommands());
  weir.addCommand(apiCommands());
  for (const flag of CLOUD_FLAGS.filter(({ name }) => name === 'os-cloud')) weir.addOption(optionOf(flag));
  addNouns(weir, words, apiHost);
  for (const command of everyCommand(weir)) command.exitOverride();
  return weir;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Resolves to the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    await program(words).parseAsync([...words], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has said it already, except for what our own parser threw.
    if (error instanceof InvalidArgumentError) process.stderr.write(`${describe(error)}\n`);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${describe(error)}\n`);
    return exitCodeOf(error);
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
