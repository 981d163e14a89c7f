/** Types as they are told at a terminal, spelled the way the options take their values. */
import { type Schema, type TypeWords, typeText } from '../../model/type-text.ts';

export type { Schema } from '../../model/type-text.ts';

const WORDS: TypeWords = {
  text: 'text',
  map: 'KEY=VALUE,…',
  choice: (value) => value,
  parts: (names, required) => names.map((name) => (required.includes(name) ? `${name}=…` : `[${name}=…]`)).join(','),
  nested: (name) => `a ${name} as JSON`,
};

export function schemaText(schema: Schema): string {
  return typeText(schema, WORDS);
}
