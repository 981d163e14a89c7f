/** docs/api/octavia.md: every attribute of every resource, from the declarations. */
import { type Field, shownFields } from '../../src/model/resource.ts';
import { type TypeWords, shownType, typeText } from '../../src/model/type-text.ts';
import { NOTICE, code, table } from './markdown.ts';
import { type Documented, EDGE_PREFIX, EDGE_RESOURCES, PREFIX, RESOURCES } from './resources.ts';

const SETTABLE = { never: 'no', create: 'on create', always: 'yes' } as const;

export function attributePage(): string {
  return pageOf('# Load balancing API: attributes', INTRODUCTION, RESOURCES, PREFIX);
}

/** docs/api/edge.md: what Octavia's API has no words for. */
export function edgePage(): string {
  return pageOf('# Edge API: attributes', EDGE_INTRODUCTION, EDGE_RESOURCES, EDGE_PREFIX);
}

function pageOf(title: string, introduction: string, resources: readonly Documented[], prefix: string): string {
  return `${[NOTICE, title, introduction, ...resources.map((resource) => section(resource, prefix))].join('\n\n')}\n`;
}

const EDGE_INTRODUCTION = `For administrators. Lists, filters, pages, ETags, plans and errors are those of the [load balancing API](octavia.md); the catalogue names the service
\`edge\`. What it is for: [other hosts](../hosts.md), [gateways](../gateways.md).`;

const INTRODUCTION = `The paths, names and meanings are OpenStack Octavia's (API v2). The same declarations check every request, so this page cannot
differ from what the server does. As a machine-readable document: [openapi.json](openapi.json). Errors: [errors](../errors.md).

**Settable** says who may set an attribute: *on create* means that an update naming it is refused with 400; *no* means the server sets
it. **Since** is the first Octavia API version that has the attribute. A null in an update resets an attribute to its default.`;

function section({ resource, path }: Documented, prefix: string): string {
  const shown = new Set(shownFields(resource));
  const rows = Object.entries(resource.fields).filter(([name, field]) => shown.has(name) || field.settable !== 'never');
  return [
    `## ${resource.title}`,
    resource.doc,
    `Path: \`${prefix}${path}\`. A body holds one object under \`${resource.name}\`; a list comes under \`${resource.collection}\`.`,
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
    typeText(shownType(field).schema, WORDS),
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

const WORDS: TypeWords = {
  text: 'string',
  map: 'object of strings',
  choice: code,
  parts: (names, required) => `{${names.map((name) => (required.includes(name) ? name : `${name}?`)).join(', ')}}`,
  nested: (name) => `a ${name}`,
};
