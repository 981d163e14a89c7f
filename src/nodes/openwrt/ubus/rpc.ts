/** Calls of ubus as uhttpd-mod-ubus takes them: JSON-RPC 2.0 in batches (openwrt reference §1). Pure. */
import { isPlainObject } from '../../../model/field.ts';
import { GatewayFault } from './fault.ts';

export interface Call {
  readonly object: string;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export type Data = Readonly<Record<string, unknown>>;

/** What became of one call: a status of ubus, with data where there are some; or the gateway's door kept it out. */
export type Outcome = { readonly status: number; readonly data: Data | null } | { readonly code: number; readonly message: string };

/** The session of who has not logged in. */
export const NOBODY = '0'.repeat(32);
/** Who is unknown, whose session is over, and who lacks a right: all the same. */
export const ACCESS_DENIED = -32_002;

/** Bytes of a body; one that is longer is a parse error, and the connection is closed. */
export const BODY_AT_MOST = 65_536;

/** Bodies of batches, as few as hold all calls; each carries what its answer is read with. Throws a RangeError for one that is too long. */
export function bodiesOf(session: string, calls: readonly Call[]): { readonly body: string; readonly calls: readonly Call[] }[] {
  const bodies: { parts: string[]; size: number; calls: Call[] }[] = [];
  for (const call of calls) {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'call', params: [session, call.object, call.method, call.args] });
    // Brackets, commas and the digits of the number.
    const size = Buffer.byteLength(text) + 8;
    if (size + 2 > BODY_AT_MOST) throw new RangeError(`a call of ${call.object}.${call.method} with ${size} bytes is too long`);
    let last = bodies.at(-1);
    if (!last || last.size + size > BODY_AT_MOST) bodies.push((last = { parts: [], size: 2, calls: [] }));
    last.parts.push(text.replace('"id":0', `"id":${last.parts.length + 1}`));
    last.size += size;
    last.calls.push(call);
  }
  return bodies.map(({ parts, calls: some }) => ({ body: `[${parts.join(',')}]`, calls: some }));
}

/** The outcome of each call, in order. Throws a GatewayFault for what is no answer to them. */
export function outcomesOf(text: string, count: number): Outcome[] {
  const replies = parsed(text);
  if (!Array.isArray(replies) || replies.length !== count) throw nonsense('something else than an answer to each call');
  return replies.map((reply, index) => outcomeOf(reply, index + 1));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const found = text.trimStart().slice(0, 1);
    if (found === '<') throw nonsense('a page of HTML: there is no ubus, or a proxy in between');
    throw nonsense(text === '' ? 'nothing' : 'something that is no JSON, or only its beginning');
  }
}

function outcomeOf(reply: unknown, id: number): Outcome {
  if (!isPlainObject(reply) || reply['id'] !== id) throw nonsense('an answer to something else');
  const { result, error } = reply;
  if (Array.isArray(result) && typeof result[0] === 'number') return { status: result[0], data: dataOf(result[1]) };
  if (isPlainObject(error) && typeof error['code'] === 'number') return { code: error['code'], message: String(error['message']).slice(0, 200) };
  throw nonsense('an answer without a result');
}

function dataOf(data: unknown): Data | null {
  if (data === undefined) return null;
  if (!isPlainObject(data)) throw nonsense('data that are no object');
  return data;
}

function nonsense(what: string): GatewayFault {
  return new GatewayFault('nonsense', `it answers with ${what}`);
}
