/** An answer of megabytes as JSON, written in short stretches: JSON.stringify would keep everybody waiting for all of it. */
import { isPlainObject } from '../../model/field.ts';
import { turns } from '../http/turns.ts';

/** Values written by one JSON.stringify: about a millisecond's work. */
const STRETCH = 8000;
/** Characters of a text that take as long as one value. */
const CHARACTERS = 64;

/** What `JSON.stringify(value)` gives for parsed JSON and for views, which may have undefined attributes. */
export async function longJson(value: Record<string, unknown>): Promise<Buffer> {
  const written: Buffer[] = [];
  const turn = turns();
  for (const piece of piecesOf(value)) {
    written.push(Buffer.from(piece));
    await turn();
  }
  return written.length === 1 ? (written[0] as Buffer) : Buffer.concat(written);
}

function* piecesOf(value: unknown): Generator<string> {
  const whole = weightOf(value, STRETCH) < STRETCH;
  if (!whole && Array.isArray(value)) yield* listed(value);
  else if (!whole && isPlainObject(value)) yield* attributes(value);
  else yield JSON.stringify(value ?? null);
}

/** How many values it is made of; no more are counted than `most`. */
function weightOf(value: unknown, most: number): number {
  if (typeof value === 'string') return 1 + value.length / CHARACTERS;
  if (typeof value !== 'object' || value === null) return 1;
  let weight = 1;
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    weight += weightOf(item, most - weight);
    if (weight >= most) break;
  }
  return weight;
}

function* listed(items: readonly unknown[]): Generator<string> {
  yield '[';
  let separator = '';
  for (const group of groupsOf(items)) {
    if (separator) yield separator;
    if (group.length === 1) yield* piecesOf(group[0]);
    else yield JSON.stringify(group).slice(1, -1);
    separator = ',';
  }
  yield ']';
}

/** Neighbours that are written at once. */
function* groupsOf(items: readonly unknown[]): Generator<unknown[]> {
  let group: unknown[] = [];
  let weight = 0;
  for (const item of items) {
    const own = weightOf(item, STRETCH);
    if (group.length > 0 && weight + own >= STRETCH) {
      yield group;
      [group, weight] = [[], 0];
    }
    group.push(item);
    weight += own;
  }
  if (group.length > 0) yield group;
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
