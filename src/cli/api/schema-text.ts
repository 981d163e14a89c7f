/** A type as a person at a terminal reads it: `integer 1–65535`, `one of TCP, HTTP`. */

/** As much of JSON Schema as field types use. */
export interface Schema {
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
  readonly $ref?: string;
}

export function schemaText(schema: Schema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  if (schema.$ref !== undefined) return `a ${nestedName(schema.$ref)} as JSON`;
  if (schema.anyOf) return schema.description ?? 'IPv4 or IPv6 address';
  if (schema.items) return `list of ${schemaText(schema.items)}`;
  if (schema.type === 'object') return objectText(schema);
  if (schema.type === 'string') return schema.format ?? schema.description ?? `text${lengthText(schema)}`;
  return `${schema.type ?? 'any'}${rangeText(schema)}`;
}

function nestedName(reference: string): string {
  return reference.replace(/^.*\//, '').replace(/Nested$/, '');
}

function rangeText({ minimum, maximum }: Schema): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` ≤ ${maximum}`;
  return maximum === undefined ? ` ≥ ${minimum}` : ` ${minimum}–${maximum}`;
}

function lengthText({ minLength = 0, maxLength }: Schema): string {
  return maxLength === undefined ? '' : `, ${minLength}–${maxLength} characters`;
}

function objectText({ properties, required = [] }: Schema): string {
  if (!properties) return 'KEY=VALUE,…';
  return Object.keys(properties)
    .map((name) => (required.includes(name) ? `${name}=…` : `[${name}=…]`))
    .join(',');
}
