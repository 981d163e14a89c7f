/** An answer of megabytes as JSON, written in short stretches: JSON.stringify would keep everybody waiting for all of it. */
import { isPlainObject } from '../../model/field.ts';
import { pauses } from './pause.ts';

/** Lists of this many and more are written item by item. */
const LONG = 20;
/** Characters that are turned into bytes at once. */
const CHUNK = 65_536;

/** What `JSON.stringify(value)` gives for parsed JSON and for views, which may have undefined attributes. */
export async function longJson(value: Record<string, unknown>): Promise<Buffer> {
  const written: Buffer[] = [];
  const pause = pauses();
  let text = '';
  for (const piece of piecesOf(value)) {
    text += piece;
    if (text.length < CHUNK) continue;
    written.push(Buffer.from(text));
    text = '';
    await pause();
  }
  return Buffer.concat([...written, Buffer.from(text)]);
}

function* piecesOf(value: unknown): Generator<string> {
  if (Array.isArray(value) && holdsLong(value)) yield* listed(value);
  else if (isPlainObject(value) && holdsLong(value)) yield* attributes(value);
  else yield JSON.stringify(value ?? null);
}

/** Long itself, or something in it is: one look into each level, and everything is looked at once. */
function holdsLong(value: unknown): boolean {
  if (Array.isArray(value)) return value.length >= LONG || value.some(holdsLong);
  return isPlainObject(value) && Object.values(value).some(holdsLong);
}

function* listed(items: readonly unknown[]): Generator<string> {
  yield '[';
  for (const [index, item] of items.entries()) {
    if (index > 0) yield ',';
    yield* piecesOf(item);
  }
  yield ']';
}

function* attributes(object: Record<string, unknown>): Generator<string> {
  const present = Object.entries(object).filter(([, item]) => item !== undefined);
  yield '{';
  for (const [index, [name, item]] of present.entries()) {
    yield `${index > 0 ? ',' : ''}${JSON.stringify(name)}:`;
    yield* piecesOf(item);
  }
  yield '}';
}
