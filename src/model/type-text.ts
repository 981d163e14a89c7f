/** Types of attributes as a person reads them: `integer 1–65535`, `one of TCP, HTTP`. */
import { type FieldType, uuidOrName } from './field.ts';
import type { Field } from './resource.ts';

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

/** What a page and a terminal say each in their own way. */
export interface TypeWords {
  /** Any text at all. */
  readonly text: string;
  /** An object from text to text. */
  readonly map: string;
  choice(value: string): string;
  /** An object with named parts. */
  parts(names: readonly string[], required: readonly string[]): string;
  /** A whole object of another resource, by that one's name. */
  nested(name: string): string;
}

/** What a reader is told of an attribute's type: of a name in the place of an id, because clients may send one. */
export function shownType({ accepts, type }: Field): FieldType<unknown> {
  return accepts === uuidOrName ? accepts : type;
}

export function typeText(schema: Schema, words: TypeWords): string {
  if (schema.enum) return `one of ${schema.enum.map((value) => words.choice(String(value))).join(', ')}`;
  if (schema.$ref !== undefined) return words.nested(schema.$ref.replace(/^.*\//, '').replace(/Nested$/, ''));
  if (schema.anyOf) return schema.description ?? 'IPv4 or IPv6 address';
  if (schema.items) return `list of ${typeText(schema.items, words)}`;
  if (schema.type === 'object') return schema.properties ? words.parts(Object.keys(schema.properties), schema.required ?? []) : words.map;
  if (schema.type === 'string') return schema.format ?? schema.description ?? `${words.text}${lengthText(schema)}`;
  return `${schema.type ?? 'any'}${rangeText(schema)}`;
}

function rangeText({ minimum, maximum }: Schema): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` ≤ ${maximum}`;
  return maximum === undefined ? ` ≥ ${minimum}` : ` ${minimum}–${maximum}`;
}

function lengthText({ minLength = 0, maxLength }: Schema): string {
  return maxLength === undefined ? '' : `, ${minLength}–${maxLength} characters`;
}
