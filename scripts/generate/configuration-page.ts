/** docs/configuration.md: every option, from the declarations. */
import { type DeclaredOption, GROUP_HELP, type GroupName, allOptions } from '../../src/config/options.ts';
import { NOTICE, code, table } from './markdown.ts';

const INTRODUCTION = `Edgeweir reads one file in the style of oslo.config: the one named by \`--config-file\`, else by the environment variable
\`EDGEWEIR_CONF\`, else \`/etc/edgeweir/edgeweir.conf\` if that exists. Every option has a default, so no file is needed.
[edgeweir.conf.sample](../edgeweir.conf.sample) is a file with all of them; \`weir config sample\` prints the same. An option
that does not exist is reported and ignored; a value that cannot be used stops the start with file, line and reason.

In a value, \`$name\` and \`\${group.name}\` stand for another option's value; \`$$\` is a dollar sign. A \`#\` or \`;\` starts a
comment only at the beginning of a line.`;

export function configurationPage(): string {
  const groups = Map.groupBy(allOptions(), ({ group }) => group);
  return `${[NOTICE, '# Configuration', INTRODUCTION, ...[...groups].map(([group, options]) => section(group, options))].join('\n\n')}\n`;
}

function section(group: GroupName, options: readonly DeclaredOption[]): string {
  return [`## [${group}]`, GROUP_HELP[group], table(['option', 'value', 'default', 'meaning'], options.map(row))].join('\n\n');
}

function row({ name, option }: DeclaredOption): string[] {
  const { name: kind, range } = option.type;
  return [code(name), range === '' ? kind : `${kind}: ${range}`, code(option.type.format(option.initial)), option.help];
}
