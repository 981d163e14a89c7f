/** What only some objects can do: status trees, counters, failover. */
import { CliError } from '../cli-error.ts';
import { type Row, formatRecord, formatRows, formatTree } from '../output.ts';
import { type Place, actRequest, objectPath, showRequest } from './api-request.ts';
import { type Flag, flag, has, last } from './flags.ts';
import { rowsIn } from './list-verb.ts';
import { type Extra, type Noun, isDelivered, nounNamed } from './nouns.ts';
import { deleteVerb } from './object-verbs.ts';
import { resolveName } from './resolve.ts';
import type { Session } from './session.ts';
import { type Call, DRY_RUN, type Verb, WAIT_FLAGS, keyOf, objectArgs, objectIn, placeOf, write } from './verb.ts';
import { waitFor, waitSeconds } from './wait.ts';

export function extraVerb(noun: Noun, extra: Extra): Verb {
  const { words, doc, does } = extra;
  if (does === 'delete') return deleteVerb(noun, words, doc);
  const args = extra.object === false ? [] : objectArgs(noun);
  return { words, doc, args, flags: flagsOf(extra), run: (call) => (does === 'act' ? act(call, noun, extra) : tell(call, noun, extra)) };
}

function flagsOf({ does, waits }: Extra): readonly Flag[] {
  if (does === 'sum') return [flag('listener', 'of this listener alone', '<name or id>')];
  if (does !== 'act') return [];
  return [...(waits ? WAIT_FLAGS : []), DRY_RUN];
}

async function tell(call: Call, noun: Noun, extra: Extra): Promise<void> {
  const session = await call.connect();
  const place = await placeOf(session, noun, call.args);
  const path = extra.object === false ? `${noun.path}/${extra.path}` : objectPath(place, await keyOf(session, place, call.args), extra.path);
  const { body } = await session.send({ method: 'GET', path });
  const root = extra.root ?? noun.resource.name;
  if (extra.does === 'record') return call.print(formatRecord(objectIn(body, root), call.output));
  if (extra.does === 'tree') return call.print(formatTree(objectIn(body, root), call.output.format === 'yaml' ? 'yaml' : 'json'));
  call.print(formatRecord(sum(await ofListener(call, session, rowsIn(body, root))), call.output));
}

async function ofListener({ given }: Call, session: Session, rows: readonly Row[]): Promise<readonly Row[]> {
  const listener = last(given, 'listener');
  if (listener === undefined) return rows;
  const id = await resolveName(session, { kind: 'noun', noun: 'listener' }, listener);
  return rows.filter((row) => row['listener_id'] === id);
}

const COUNTERS = ['active_connections', 'bytes_in', 'bytes_out', 'request_errors', 'total_connections'];

export function sum(rows: readonly Row[]): Row {
  return Object.fromEntries(COUNTERS.map((name) => [name, rows.reduce((total, row) => total + Number(row[name] ?? 0), 0)]));
}

async function act(call: Call, noun: Noun, { path, shows, lists }: Extra): Promise<void> {
  const session = await call.connect();
  const place = await placeOf(session, noun, call.args);
  const key = await keyOf(session, place, call.args);
  const watched = has(call.given, 'wait') ? await watchedPlace(session, place, key) : null;
  const answer = await write(call, session, actRequest(place, key, path));
  if (answer && shows) call.print(formatRecord(objectIn(answer.body, noun.resource.name), call.output));
  if (answer && lists) call.print(formatRows(rowsIn(answer.body, lists.root), lists.columns, call.output));
  if (!answer || !watched) return;
  await waitFor(session, showRequest(watched.place, watched.key), watched.place.noun.resource.name, 'active', waitSeconds(call.given));
}

/** A node has no status of delivery: its load balancer has. */
async function watchedPlace(session: Session, place: Place, key: string): Promise<{ place: Place; key: string }> {
  if (isDelivered(place.noun)) return { place, key };
  const { loadbalancer_id: id } = objectIn((await session.send(showRequest(place, key))).body, place.noun.resource.name);
  if (typeof id !== 'string') throw new CliError(`It carries no load balancer to wait for: ${key}`);
  return { place: { noun: nounNamed('loadbalancer'), parent: null }, key: id };
}
