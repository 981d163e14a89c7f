/** The configuration as text: the annotated sample, and what is in force. */
import { type Config, type DeclaredOption, GROUP_HELP, type GroupName, allOptions } from './options.ts';

const WIDTH = 100;

/** Every option with its help, range and default, commented out as oslo's generator does it. */
export function sampleConfig(): string {
  const header = [
    '# Edgeweir: configuration in the style of oslo.config. Every option is shown with its default.',
    `# Put what you change into /etc/edgeweir/edgeweir.conf.`,
  ].join('\n');
  return byGroup((group, options) => `${comment(GROUP_HELP[group])}\n[${group}]\n\n${options.map(sampleOption).join('\n\n')}`, header);
}

function byGroup(print: (group: GroupName, options: DeclaredOption[]) => string, ...before: string[]): string {
  const groups = Map.groupBy(allOptions(), (declared) => declared.group);
  return `${[...before, ...[...groups].map(([group, options]) => print(group, options))].join('\n\n')}\n`;
}

function sampleOption({ name, option }: DeclaredOption): string {
  const range = option.type.range === '' ? '' : `; ${option.type.range}`;
  return `${comment(`${option.help} (${option.type.name}${range})`)}\n#${`${name} = ${escape(option.type.format(option.initial))}`.trimEnd()}`;
}

/** What `config` holds, in the same form, without secrets. Options at their default are commented out. */
export function shownConfig(config: Config): string {
  return byGroup((group, options) => `[${group}]\n${options.map((declared) => shownOption(declared, config)).join('\n')}`);
}

function shownOption({ group, name, option }: DeclaredOption, config: Config): string {
  const value = (config[group] as Readonly<Record<string, unknown>>)[name];
  const text = option.type.format(value);
  const same = text === option.type.format(option.initial);
  return `${same ? '#' : ''}${name} = ${option.secret && !same ? '********' : escape(text)}`.trimEnd();
}

function escape(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** Words broken into comment lines. */
function comment(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length >= WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join('\n');
}
