/** The API's nouns and verbs as commander commands. */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Config } from '../../config/options.ts';
import type { OutputOptions } from '../output.ts';
import type { Wish } from './cloud.ts';
import { type Flag, type Given, flag } from './flags.ts';
import type { Session } from './session.ts';
import { NOUN_COMMANDS, type NounCommand } from './verbs.ts';
import type { Verb } from './verb.ts';
import { waitSeconds } from './wait.ts';

/** What the rest of the command line lends. */
export interface Host {
  /** Adds the options for output and configuration. */
  formatted(command: Command): Command;
  /** Where the server of this host writes its clouds.yaml. */
  statePath(options: Record<string, unknown>): Promise<string>;
}

export const CLOUD_FLAGS: readonly Flag[] = [
  flag('os-cloud', 'cloud to use, from a clouds.yaml (also: OS_CLOUD); otherwise that of OS_* variables, or the server of this host', '<name>'),
  flag('os-region-name', 'region (also: OS_REGION_NAME)', '<name>'),
  flag('os-interface', 'public, internal or admin (also: OS_INTERFACE)', '<name>'),
  flag('os-cacert', 'certificates to trust besides the usual ones (also: OS_CACERT)', '<file>'),
  flag('insecure', 'trust any certificate'),
];

/** `words`: the command line; only nouns that stand in it get their verbs. */
export function addNouns(weir: Command, words: readonly string[], host: Host): void {
  for (const noun of NOUN_COMMANDS) weir.addCommand(nounCommand(noun, words, host));
  const balancers = weir.commands.find((command) => command.name() === 'loadbalancer');
  // Whoever is used to `openstack loadbalancer listener list` need not think.
  const others = NOUN_COMMANDS.filter(({ word }) => word !== 'loadbalancer' && words.includes(word));
  for (const noun of others) balancers?.addCommand(nounCommand(noun, words, host), { hidden: true });
  hint(weir);
}

function nounCommand({ word, doc, verbs }: NounCommand, words: readonly string[], host: Host): Command {
  const known = words.includes(word) ? verbs() : [];
  const alone = known.find((verb) => verb.words.length === 0);
  const command = alone ? verbCommand(word, alone, host) : new Command(word).description(doc).enablePositionalOptions();
  if (!alone) for (const verb of known) addVerb(command, verb, host);
  return (alone ? command : hint(command)).helpGroup('Load balancing, as in openstack loadbalancer …:');
}

/** An unknown word is answered with those there are. */
function hint(command: Command): Command {
  return command.showHelpAfterError(`There are: ${command.commands.map((sub) => sub.name()).join(', ')}`);
}

function addVerb(noun: Command, verb: Verb, host: Host): void {
  const [first = '', ...rest] = verb.words;
  if (rest.length === 0) return void noun.addCommand(verbCommand(first, verb, host));
  const group = new Command(first).description(verb.doc);
  noun.addCommand(group.addCommand(verbCommand(rest.join(' '), verb, host), { isDefault: true }));
}

function verbCommand(name: string, verb: Verb, host: Host): Command {
  const command = new Command(name).description(`${verb.doc[0]?.toUpperCase()}${verb.doc.slice(1)}.`);
  for (const argument of verb.args) command.argument(`<${argument}>`);
  for (const one of verb.flags) command.addOption(optionOf(one));
  host.formatted(command);
  for (const option of command.options) if (option.long === '--config-file' || option.long === '--set') option.hideHelp();
  for (const one of CLOUD_FLAGS) command.addOption(optionOf(one));
  return command.action(async (...parameters: unknown[]) => run(verb, parameters, host));
}

export function optionOf({ name, takes, several, doc, hidden }: Flag): Option {
  const value = takes === null ? '' : ` ${several ? takes.replace('>', '...>') : takes}`;
  const option = new Option(`--${name}${value}`, doc).hideHelp(hidden ?? false);
  // --no-x is a flag like another here, not the opposite that commander would make of it.
  option.negate = false;
  return takes === null ? option : option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
}

async function run(verb: Verb, parameters: readonly unknown[], host: Host): Promise<void> {
  const command = parameters.at(-1) as Command;
  const options = command.optsWithGlobals<OutputOptions & Record<string, unknown>>();
  const given = givenIn(verb.flags, options);
  // Said before anything is done rather than when the waiting begins.
  waitSeconds(given);
  const args = parameters.slice(0, -2) as string[];
  await verb.run({ args, given, output: options, connect: () => connect(options, host), print: (text) => void process.stdout.write(text) });
}

function givenIn(flags: readonly Flag[], options: Readonly<Record<string, unknown>>): Given {
  return new Map(
    flags.flatMap((one): [string, readonly string[]][] => {
      const value = options[optionOf(one).attributeName()];
      if (value === undefined) return [];
      return [[one.name, Array.isArray(value) ? (value as string[]) : []]];
    }),
  );
}

async function connect(options: Readonly<Record<string, unknown>>, host: Host): Promise<Session> {
  const [{ findCloud }, { logIn }] = await Promise.all([import('./cloud.ts'), import('./session.ts')]);
  return logIn(findCloud(wishIn(options), process.env, join(await host.statePath(options), 'clouds.yaml')));
}

function wishIn(options: Readonly<Record<string, unknown>>): Wish {
  const given = givenIn(CLOUD_FLAGS, options);
  const text = (name: string): string | undefined => given.get(name)?.at(-1);
  const insecure = given.has('insecure') ? true : undefined;
  return { cloud: text('os-cloud'), region: text('os-region-name'), interface: text('os-interface'), cacert: text('os-cacert'), insecure };
}

/** The state path of a configuration; empty when it is not readable for everybody and nobody asked for it. */
export async function statePathOf(config: Promise<Config>, isExplicit: boolean): Promise<string> {
  try {
    return (await config).DEFAULT.state_path;
  } catch (error) {
    if (isExplicit) throw error;
    return '';
  }
}
