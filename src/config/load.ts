/** The configuration in force: command line over file over defaults, every value checked, every error with its place. */
import { existsSync, readFileSync } from 'node:fs';
import { type Assignment, IniError, parseIni } from './ini.ts';
import { nearest } from './nearest.ts';
import { type Config, type DeclaredOption, type GroupName, allOptions, configOf } from './options.ts';
import { substitute } from './substitute.ts';

export const DEFAULT_FILE = '/etc/edgeweir/edgeweir.conf';
const COMMAND_LINE = 'command line';

/** A configuration that cannot be used; the message names file, line, option and reason. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigError';
  }
}

/** Texts as they would stand in the file: `{api_settings: {bind_port: '9877'}}`. */
export type Overrides = { readonly [G in GroupName]?: { readonly [O in keyof Config[G]]?: string } };

export interface LoadOptions {
  /** Must exist. If not given: EDGEWEIR_CONF, else /etc/edgeweir/edgeweir.conf if that exists. */
  readonly file?: string | undefined;
  readonly overrides?: Overrides;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Gets one line for each thing in the file that is not an error but will surprise. */
  readonly warn?: (message: string) => void;
}

/** Where a text came from, for messages: `/etc/edgeweir/edgeweir.conf:12` or `command line`. */
interface Source {
  readonly text: string;
  readonly place: string;
}
type Sources = Map<string, Source>;

export function loadConfig(options: LoadOptions = {}): Config {
  const sources: Sources = new Map();
  const file = configFile(options);
  if (file !== null) addFile(sources, file, options.warn ?? (() => {}));
  addOverrides(sources, options.overrides ?? {});
  return configOf((declared) => valueOf(declared, sources));
}

/** The file that `loadConfig` would read; null is none. */
export function configFile({ file, env = process.env }: Pick<LoadOptions, 'file' | 'env'>): string | null {
  const named = file ?? env['EDGEWEIR_CONF'];
  if (named !== undefined && named !== '') return named;
  return existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null;
}

function addFile(sources: Sources, file: string, warn: (message: string) => void): void {
  for (const assignment of readFile(file)) {
    const place = `${file}:${assignment.line}`;
    const key = `${assignment.section}.${assignment.key}`;
    const known = find(assignment.section, assignment.key);
    if (!known) {
      warn(`${place}: ${unknownOption(assignment.section, assignment.key)} and is ignored${suggestion(assignment.section, assignment.key)}`);
      continue;
    }
    const earlier = sources.get(key);
    if (earlier && !known.option.adds) warn(`${place}: [${assignment.section}] ${assignment.key} was given before, at ${earlier.place}; the last one counts`);
    sources.set(key, { text: earlier && known.option.adds ? `${earlier.text},${assignment.value}` : assignment.value, place });
  }
}

function readFile(file: string): Assignment[] {
  try {
    return parseIni(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof IniError) throw new ConfigError(`${file}:${error.line}: ${error.message}`);
    throw new ConfigError(`Cannot read the configuration ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function find(section: string, key: string): DeclaredOption | undefined {
  return allOptions().find(({ group, name }) => group === section && name === key);
}

function unknownOption(section: string, key: string): string {
  return `[${section}] ${key} is no option of Edgeweir`;
}

/** The option that was probably meant: one of that name in another section, or one that is spelt nearly so. */
function suggestion(section: string, key: string): string {
  const known = allOptions();
  const meant = known.find(({ name }) => name === key) ?? nearest(`${section}.${key}`, known, ({ group, name }) => `${group}.${name}`);
  return meant ? `; did you mean [${meant.group}] ${meant.name}?` : '';
}

/** Unlike in a file, which may be shared with a newer version, a mistyped name here is an error. */
function addOverrides(sources: Sources, overrides: Overrides): void {
  for (const [group, values] of Object.entries(overrides)) {
    for (const [name, text] of Object.entries(values as Record<string, string>)) {
      if (!find(group, name)) throw new ConfigError(`${COMMAND_LINE}: ${unknownOption(group, name)}${suggestion(group, name)}`);
      sources.set(`${group}.${name}`, { text, place: COMMAND_LINE });
    }
  }
}

function valueOf({ group, name, option }: DeclaredOption, sources: Sources): unknown {
  const source = sources.get(`${group}.${name}`);
  if (!source) return option.initial;
  try {
    return option.type.parse(substitute(source.text, (reference) => lookup(reference, group, sources)));
  } catch (error) {
    // The text of a secret must not get into a log.
    const reason = option.secret ? 'the value is not usable (a dollar sign is written $$)' : (error as Error).message;
    throw new ConfigError(`${source.place}: [${group}] ${name}: ${reason}`, { cause: error });
  }
}

/** `name` is looked for in the option's own group first, then in [DEFAULT]; `group.name` in that group. */
function lookup(reference: string, group: GroupName, sources: Sources): string | undefined {
  const wanted = reference.includes('.') ? [reference] : [`${group}.${reference}`, `DEFAULT.${reference}`];
  const found = allOptions().find((declared) => wanted.includes(`${declared.group}.${declared.name}`));
  if (!found) return undefined;
  return sources.get(`${found.group}.${found.name}`)?.text ?? found.option.type.format(found.option.initial);
}
