/**
 * The options of a verb, from the declaration of its resource. Spelled as in `openstack loadbalancer …`: a reference to
 * another object of this API without `-id`, lists in the singular and repeated, `--enable` and `--disable` for the
 * administrative state. What that client spells otherwise is understood too, without being shown.
 */
import { type Field, type Resource, columns } from '../../model/resource.ts';
import { type Flag, type Given, all, has } from './flags.ts';
import type { Noun } from './nouns.ts';
import { readList, readMap, readValue, usage } from './option-value.ts';
import { type Schema, schemaText } from './schema-text.ts';
import { targetOf } from './references.ts';

export interface AttributeOption {
  readonly attribute: string;
  readonly required: boolean;
  readonly flags: readonly Flag[];
  /** The value for the body, undefined when none was given. Throws a usage error for what cannot be read. */
  readonly read: (given: Given) => unknown;
  /** Where the value goes instead when it is a JSON object. */
  readonly inline?: string;
}

/** Attributes that everybody knows by another word. */
const WORDS: Readonly<Record<string, string>> = {
  flavor_profile_id: 'flavorprofile',
  availability_zone_profile_id: 'availabilityzoneprofile',
  provider_name: 'provider',
  site_id: 'site',
};
/** Spellings of the openstack client that follow no rule. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { availability_zone_data: ['availabilityzone-data'], status: ['provisioning-status'] };
/** Switched with --enable and --disable. */
const STATES = ['admin_state_up', 'enabled'];

export function createOptions({ resource, within }: Noun): AttributeOption[] {
  return entries(resource, (name, field) => isCreatable(name, field) && name !== within).flatMap(([name, field]) => {
    // An object in place of an id goes where the id would: --default-pool '{"name": …}'.
    if (Object.hasOwn(resource.fields, `${name}_id`) && resource.fields[`${name}_id`]?.settable !== 'never') return [];
    const inline = name.replace(/_id$/, '');
    const option = optionOf(name, field);
    return inline !== name && resource.fields[inline]?.place === 'input' ? [{ ...option, inline }] : [option];
  });
}

function isCreatable(name: string, { place, settable, accepts }: Field): boolean {
  if (settable === 'never' || name === 'tags') return false;
  return place === 'stored' || place === 'input' || place === 'parent' || accepts !== undefined;
}

export function setOptions({ resource }: Noun): AttributeOption[] {
  return entries(resource, isChangeable).map(([name, field]) => ({ ...optionOf(name, field), required: false }));
}

function isChangeable(name: string, { place, settable }: Field): boolean {
  return settable === 'always' && (place === 'stored' || place === 'input') && name !== 'tags';
}

/** Each is a switch: the attribute is to have its default again. */
export function unsetOptions({ resource }: Noun): AttributeOption[] {
  const resettable = entries(resource, (name, field) => isChangeable(name, field) && !field.required && !STATES.includes(name));
  return resettable.map(([attribute, field]) => {
    const [first = attribute, ...others] = spellings(attribute, field.type.schema);
    const shown: Flag = { name: first, takes: null, doc: `${field.doc}: back to ${defaultText(field)}` };
    return switchOption(attribute, [shown, ...others.map((name) => ({ ...shown, name, hidden: true }))], null);
  });
}

/** What a list can be filtered by: what has a column, and one value in it. */
export function filterOptions({ resource }: Noun): AttributeOption[] {
  const stored = columns(resource);
  const filters = entries(resource, (name, { place, type }) => stored.has(name) && place !== 'internal' && type.storage !== 'json');
  return filters.map(([name, field]) => {
    if (field.type.storage === 'boolean') return { ...booleanOption(name, field), required: false };
    const flags = valueFlags(name, { ...field, accepts: field.type }, `only with this: ${field.doc}`);
    return { attribute: name, required: false, flags, read: (given) => readAll(given, flags, (texts, flag) => readList(field.type.schema, texts, flag)) };
  });
}

function entries(resource: Resource, wanted: (name: string, field: Field) => boolean): [string, Field][] {
  return Object.entries(resource.fields).filter(([name, field]) => wanted(name, field));
}

function optionOf(attribute: string, field: Field): AttributeOption {
  const schema: Schema = (field.accepts ?? field.type).schema;
  if (schema.type === 'boolean') return booleanOption(attribute, field);
  const flags = valueFlags(attribute, field, helpText(field, schema));
  return { attribute, required: field.required, flags, read: (given) => readAll(given, flags, readerOf(schema)) };
}

type Reader = (texts: readonly string[], flag: string) => unknown;

function readerOf(schema: Schema): Reader {
  if (schema.type === 'array') return (texts, flag) => readList(schema.items ?? {}, texts, flag);
  if (schema.type === 'object') return (texts, flag) => (schema.properties ? readValue(schema, texts.at(-1) ?? '', flag) : readMap(schema, texts, flag));
  return (texts, flag) => readValue(schema, texts.at(-1) ?? '', flag);
}

function readAll(given: Given, flags: readonly Flag[], reader: Reader): unknown {
  const names = flags.map(({ name }) => name);
  const used = names.find((name) => has(given, name));
  return used === undefined ? undefined : reader(all(given, ...names), used);
}

function valueFlags(attribute: string, field: Field, doc: string): Flag[] {
  const schema: Schema = (field.accepts ?? field.type).schema;
  const [first = attribute, ...others] = spellings(attribute, schema);
  const takes = placeholder(attribute, schema);
  const plural = dashed(attribute);
  return [{ name: first, takes, doc }, ...others.map((name) => ({ name, takes, doc, hidden: true, several: schema.type === 'array' && name === plural }))];
}

function placeholder(attribute: string, schema: Schema): string {
  if (targetOf(attribute)) return '<name or id>';
  if (schema.enum) return '<choice>';
  if (schema.type === 'integer' || schema.type === 'number') return '<number>';
  const item = schema.items ?? schema;
  if (item.type === 'object') return '<key=value,…>';
  return item.$ref === undefined ? '<text>' : '<json>';
}

/** All names of an option; the first is the one that is shown. */
function spellings(attribute: string, schema: Schema): string[] {
  const target = targetOf(attribute);
  const short = target && (target.kind === 'noun' || target.service === 'identity') ? attribute.replace(/_id$/, '') : attribute;
  const word = WORDS[attribute] ?? (schema.type === 'array' ? singular(short) : short);
  return [...new Set([dashed(word), dashed(attribute), ...(ALIASES[attribute] ?? [])])];
}

function singular(name: string): string {
  return name.endsWith('ies') ? `${name.slice(0, -3)}y` : name.replace(/s$/, '');
}

function dashed(name: string): string {
  return name.replaceAll('_', '-');
}

/** `--enable`, `--disable` for the administrative state; otherwise `--x`, `--no-x`, and the client's `--enable-x`, `--disable-x`. */
function booleanOption(attribute: string, { doc, initial }: Field): AttributeOption {
  const name = dashed(attribute);
  const short = name.replace(/-enabled$/, '');
  const state = STATES.includes(attribute);
  const yes = state ? 'enable' : name;
  const no = state ? 'disable' : `no-${name}`;
  const on: Flag[] = [{ name: yes, takes: null, doc: state ? 'the opposite of --disable (default)' : doc }];
  const off: Flag[] = [{ name: no, takes: null, doc: state ? doc.replace(/^False:? /, '') : `not so${initial === false ? ' (default)' : ''}` }];
  const more = state ? [] : [hidden(`enable-${short}`)];
  const less = state ? [] : [hidden(`disable-${short}`)];
  return switchOption(attribute, [...on, ...more], true, [...off, ...less]);
}

function hidden(name: string): Flag {
  return { name, takes: null, doc: '', hidden: true };
}

function switchOption(attribute: string, on: readonly Flag[], value: true | null, off: readonly Flag[] = []): AttributeOption {
  return {
    attribute,
    required: false,
    flags: [...on, ...off],
    read(given) {
      const [yes, no] = [on, off].map((flags) => flags.find(({ name }) => has(given, name)));
      if (yes && no) throw usage(`--${yes.name} and --${no.name} are opposites`);
      if (yes) return value;
      return no ? false : undefined;
    },
  };
}

function helpText(field: Field, schema: Schema): string {
  const type = schemaText(schema.items ?? schema);
  const facts = [
    ...(type.startsWith('uuid') || type.startsWith('text') ? [] : [type]),
    ...(schema.items ? ['may be repeated'] : []),
    ...(field.required ? ['required'] : []),
    ...(field.initial === null || field.initial === '' || isEmpty(field.initial) ? [] : [`default ${JSON.stringify(field.initial)}`]),
    ...(field.since === undefined ? [] : [`since ${field.since}`]),
  ];
  return facts.length === 0 ? field.doc : `${field.doc} (${facts.join('; ')})`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function defaultText({ initial }: Field): string {
  return initial === null || initial === '' || isEmpty(initial) ? 'nothing' : JSON.stringify(initial);
}

/** Attribute → value, of all that was given. Throws a usage error naming what is required and missing. */
export function readAttributes(options: readonly AttributeOption[], given: Given): Record<string, unknown> {
  const missing = options.filter(({ required, flags }) => required && !flags.some(({ name }) => has(given, name)));
  if (missing.length > 0) throw usage(`Required and not given: ${missing.map(({ flags }) => `--${flags[0]?.name}`).join(', ')}`);
  const values = options.map((option): [string, unknown] => placed(option, given));
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

function placed({ attribute, inline, flags, read }: AttributeOption, given: Given): [string, unknown] {
  const value = read(given);
  if (inline === undefined || typeof value !== 'string' || !value.startsWith('{')) return [attribute, value];
  return [inline, readValue({ type: 'object' }, value, flags[0]?.name ?? attribute)];
}
