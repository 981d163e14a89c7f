/** docs/api/octavia.md: every attribute of every resource, from the declarations. */
import { uuidOrName } from '../../src/model/field.ts';
import { type Field, shownFields } from '../../src/model/resource.ts';
import { NOTICE, code, table } from './markdown.ts';
import { type Documented, PREFIX, RESOURCES } from './resources.ts';

const SETTABLE = { never: 'no', create: 'on create', always: 'yes' } as const;

export function attributePage(): string {
  return `${[NOTICE, '# Load balancing API: attributes', INTRODUCTION, ...RESOURCES.map(section)].join('\n\n')}\n`;
}

const INTRODUCTION = `The paths, names and meanings are OpenStack Octavia's (API v2). The same declarations check every request, so this page cannot
differ from what the server does. As a machine-readable document: [openapi.json](openapi.json). Errors: [errors](../errors.md).

**Settable** says who may set an attribute: *on create* means that an update naming it is refused with 400; *no* means the server sets
it. **Since** is the first Octavia API version that has the attribute. A null in an update resets an attribute to its default.`;

function section({ resource, path }: Documented): string {
  const shown = new Set(shownFields(resource));
  const rows = Object.entries(resource.fields).filter(([name, field]) => shown.has(name) || field.settable !== 'never');
  return [
    `## ${resource.title}`,
    resource.doc,
    `Path: \`${PREFIX}${path}\`. A body holds one object under \`${resource.name}\`; a list comes under \`${resource.collection}\`.`,
    table(
      ['name', 'type', 'required', 'default', 'settable', 'since', 'meaning'],
      rows.map(([name, field]) => row(name, field, shown.has(name))),
    ),
  ].join('\n\n');
}

function row(name: string, field: Field, shown: boolean): string[] {
  const meaning = shown ? field.doc : `${field.doc} (not in answers)`;
  return [
    code(name),
    typeText((field.accepts === uuidOrName ? field.accepts : field.type).schema),
    field.required ? 'yes' : '',
    defaultText(field),
    SETTABLE[field.settable],
    field.since ?? '',
    meaning,
  ];
}

function defaultText({ settable, required, initial }: Field): string {
  if (settable === 'never' || required) return '';
  return code(JSON.stringify(initial));
}

/** As much of JSON Schema as field types use. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly (string | number)[];
  readonly format?: string;
  readonly description?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** A type as a person reads it: `integer 1–65535`, `one of A, B`. */
export function typeText(schema: Schema): string {
  if (schema.enum) return `one of ${schema.enum.map((choice) => code(String(choice))).join(', ')}`;
  if (schema.anyOf) return schema.description ?? 'IPv4 or IPv6 address';
  if (schema.items) return `list of ${typeText(schema.items)}`;
  if (schema.type === 'object') return objectText(schema);
  if (schema.type === 'string') return schema.format ?? schema.description ?? `string${lengthText(schema)}`;
  return `${schema.type ?? 'any'}${rangeText(schema)}`;
}

function rangeText({ minimum, maximum }: Schema): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` ≤ ${maximum}`;
  return maximum === undefined ? ` ≥ ${minimum}` : ` ${minimum}–${maximum}`;
}

function lengthText({ minLength = 0, maxLength }: Schema): string {
  return maxLength === undefined ? '' : `, ${minLength}–${maxLength} characters`;
}

function objectText({ properties, required = [] }: Schema): string {
  if (!properties) return 'object of strings';
  const names = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`));
  return `{${names.join(', ')}}`;
}
