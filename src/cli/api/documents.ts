/** `weir api`: what the API takes and answers, from the declarations that check every request. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Field, shownFields } from '../../model/resource.ts';
import { shownType } from '../../model/type-text.ts';
import { type OutputOptions, formatRows } from '../output.ts';
import { NOUNS, type Noun } from './nouns.ts';
import { usage } from './option-value.ts';
import { schemaText } from './schema-text.ts';

const SETTABLE = { never: 'no', create: 'on create', always: 'yes' } as const;
const COLUMNS = ['name', 'type', 'required', 'default', 'settable', 'since', 'meaning'];

/** The attributes of one kind of object, or of all; for people unless a format is asked for. */
export function printReference(word: string | undefined, output: OutputOptions): void {
  const nouns = word === undefined ? NOUNS : [nounFor(word)];
  process.stdout.write(output.format === undefined && output.column === undefined ? nouns.map(page).join('\n') : rowsOf(nouns, output));
}

function nounFor(word: string): Noun {
  const found = NOUNS.find(({ noun, resource }) => noun === word || resource.name === word || resource.collection === word);
  if (!found) throw usage(`There is no ${word} in the API`, `Choose from: ${NOUNS.map(({ noun }) => noun).join(', ')}.`);
  return found;
}

function rowsOf(nouns: readonly Noun[], output: OutputOptions): string {
  const rows = nouns.flatMap((noun) => attributes(noun).map((row) => (nouns.length === 1 ? { ...row } : { resource: noun.noun, ...row })));
  return formatRows(rows, nouns.length === 1 ? COLUMNS : ['resource', ...COLUMNS], output);
}

/** A row of the reference; empty where there is nothing to say. */
interface Attribute {
  readonly required: boolean;
  readonly name: string;
  readonly type: string;
  readonly default: string;
  readonly settable: string;
  readonly since: string;
  readonly meaning: string;
}

function attributes({ resource }: Noun): Attribute[] {
  const shown = new Set(shownFields(resource));
  const known = Object.entries(resource.fields).filter(([name, { settable }]) => shown.has(name) || settable !== 'never');
  return known.map(([name, field]) => attribute(name, field, shown.has(name)));
}

function attribute(name: string, field: Field, shown: boolean): Attribute {
  const { settable, required, initial } = field;
  return {
    name,
    type: schemaText(shownType(field).schema),
    required,
    default: settable === 'never' || required ? '' : JSON.stringify(initial),
    settable: SETTABLE[settable],
    since: field.since ?? '',
    meaning: shown ? field.doc : `${field.doc} (not in answers)`,
  };
}

/** As docs/api/octavia.md, for a terminal of any width. */
export function page(noun: Noun): string {
  const { resource } = noun;
  const rows = attributes(noun);
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [
    `${resource.title} (weir ${noun.noun})`,
    resource.doc,
    `Path: ${noun.path.replace('{parent}', `{${noun.parent}_id}`)}. One object under "${resource.name}", a list under "${resource.collection}".`,
    '',
    ...rows.flatMap((row) => [`  ${row.name.padEnd(width)}  ${factsOf(row).join('; ')}`, `  ${' '.repeat(width)}  ${row.meaning}`]),
    '',
  ].join('\n');
}

function factsOf(row: Attribute): string[] {
  const { type, required, default: initial, settable, since } = row;
  return [
    type,
    ...(required ? ['required'] : []),
    ...(initial === '' || initial === 'null' ? [] : [`default ${initial}`]),
    ...(settable === 'yes' ? [] : [settable === 'no' ? 'read-only' : 'set on create only']),
    ...(since === '' ? [] : [`since ${since}`]),
  ];
}

const OPENAPI = join(import.meta.dirname, '../../../docs/api/openapi.json');

/** The machine-readable document, as it is shipped. */
export function printOpenapi(): void {
  process.stdout.write(readFileSync(OPENAPI, 'utf8'));
}
