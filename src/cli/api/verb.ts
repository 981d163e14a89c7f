/** What a verb is, to the command line: its words, its arguments, its options and what it does. */
import { isPlainObject } from '../../model/field.ts';
import { CliError } from '../cli-error.ts';
import { type OutputOptions, type Row, formatTree } from '../output.ts';
import type { ApiRequest, Place } from './api-request.ts';
import { type Flag, type Given, flag, has, last } from './flags.ts';
import type { Answer } from './http.ts';
import type { Noun } from './nouns.ts';
import { planIn, planText } from './plan-text.ts';
import { PROJECT } from './references.ts';
import { resolveName } from './resolve.ts';
import type { Session } from './session.ts';

export interface Call {
  /** In the order of the verb's arguments. */
  readonly args: readonly string[];
  readonly given: Given;
  readonly output: OutputOptions;
  /** Logs in. Usage errors come before it. */
  connect(): Promise<Session>;
  print(text: string): void;
}

export interface Verb {
  /** None: the noun alone says it (`weir export SITE`). */
  readonly words: readonly string[];
  readonly doc: string;
  /** Names of the arguments. */
  readonly args: readonly string[];
  readonly flags: readonly Flag[];
  run(call: Call): Promise<void>;
}

export const WAIT_FLAGS: readonly Flag[] = [
  flag('wait', 'wait until it is carried out'),
  flag('wait-timeout', 'how long to wait at most, seconds (default 300)', '<seconds>'),
];
export const DRY_RUN: Flag = flag('dry-run', 'change nothing; show what would change, down to the nodes');
export const IF_MATCH: Flag = flag('if-match', 'only if it has not changed since it had this ETag (show --etag prints it)', '<etag>');

/** Where an object is. `args` begin with what it hangs below, if anything. */
export async function placeOf(session: Session, noun: Noun, args: readonly string[]): Promise<Place> {
  if (noun.parent === null) return { noun, parent: null };
  return { noun, parent: await resolveName(session, { kind: 'noun', noun: noun.parent }, args[0] ?? '') };
}

/** What names the object in paths, from the name or id in the last argument. */
export async function keyOf(session: Session, { noun, parent }: Place, args: readonly string[]): Promise<string> {
  const text = args.at(-1) ?? '';
  if (noun.key === 'name') return text;
  return resolveName(session, noun.key === 'project_id' ? PROJECT : { kind: 'noun', noun: noun.noun }, text, parent);
}

/** Names of the arguments of a verb about one object. */
export function objectArgs({ noun, parent, key }: Noun): string[] {
  return [...(parent === null ? [] : [parent]), key === 'project_id' ? 'project' : noun];
}

/** The object in an answer, by the name its kind has there. */
export function objectIn(body: unknown, root: string): Row {
  const object = isPlainObject(body) ? body[root] : undefined;
  if (!isPlainObject(object)) throw new CliError(`The answer has no ${root}`);
  return object as Row;
}

/** Sends a write, or only rehearses it: then the plan is printed, and the answer is null. */
export async function write(call: Call, session: Session, request: ApiRequest): Promise<Answer | null> {
  const match = last(call.given, 'if-match');
  const headers = { ...request.headers, ...(match === undefined ? {} : { 'If-Match': match }) };
  if (!has(call.given, DRY_RUN.name)) return session.send({ ...request, headers });
  if (!(await session.canPlan())) throw new CliError(`The server at ${session.endpoint} is no Edgeweir: it would not rehearse the write but do it`);
  const plan = planIn((await session.send({ ...request, headers: { ...headers, 'X-Weir-Dry-Run': 'true' } })).body);
  if (!plan) throw new CliError('The server has not answered with a plan', { detail: 'The write may have been carried out.' });
  const { format = 'table' } = call.output;
  call.print(format === 'json' || format === 'yaml' ? formatTree(plan, format) : planText(plan));
  return null;
}
