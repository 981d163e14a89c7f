/** docs/api/octavia.md: every attribute of every resource, from the declarations. */
import type { JsonSchema } from '../../src/model/field.ts';
import { type Field, type Resource, shownFields } from '../../src/model/resource.ts';
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
      rows.map(([name, field]) => row(resource, name, field, shown.has(name))),
    ),
  ].join('\n\n');
}

function row(resource: Resource, name: string, field: Field, shown: boolean): string[] {
  const meaning = shown ? field.doc : `${field.doc} (not in answers)`;
  return [code(name), typeText(field.type.schema), field.required ? 'yes' : '', defaultText(field), SETTABLE[field.settable], field.since ?? '', meaning];
}

function defaultText({ settable, required, initial }: Field): string {
  if (settable === 'never' || required) return '';
  return code(JSON.stringify(initial));
}

/** A type as a person reads it: `integer 1–65535`, `one of A, B`. */
export function typeText(schema: JsonSchema): string {
  const { type, enum: choices, format } = schema as { type?: string; enum?: unknown[]; format?: string };
  if (choices) return `one of ${choices.map((choice) => code(String(choice))).join(', ')}`;
  if (schema['anyOf']) return 'IPv4 or IPv6 address';
  if (type === 'array') return `list of ${typeText(schema['items'] as JsonSchema)}`;
  if (type === 'object') return objectText(schema);
  if (type === 'integer' || type === 'number') return `${type}${rangeText(schema)}`;
  if (type === 'string') return format ?? (schema['description'] as string | undefined) ?? `string${lengthText(schema)}`;
  return type ?? 'any';
}

function rangeText({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined && maximum === undefined) return '';
  if (maximum === undefined) return ` ≥ ${String(minimum)}`;
  return ` ${String(minimum)}–${String(maximum)}`;
}

function lengthText({ minLength, maxLength }: JsonSchema): string {
  return maxLength === undefined ? '' : `, ${String(minLength ?? 0)}–${String(maxLength)} characters`;
}

function objectText(schema: JsonSchema): string {
  const properties = schema['properties'] as Record<string, JsonSchema> | undefined;
  if (!properties) return 'object of strings';
  const required = (schema['required'] as string[] | undefined) ?? [];
  return `{${Object.keys(properties)
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .join(', ')}}`;
}
