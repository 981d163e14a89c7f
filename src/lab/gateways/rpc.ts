/** JSON-RPC as uhttpd-mod-ubus speaks it, and its REST form (openwrt reference §1; codes seen on 24.10.8). */
import { type Device, isArgs } from './device.ts';
import { matches, mayDo, NOBODY } from './sessions.ts';

interface Reply {
  readonly status: number;
  /** null: an answer without a body of JSON. */
  readonly body: string;
}

const PARSE_ERROR = { code: -32_700, message: 'Parse error' };
const METHOD_NOT_FOUND = { code: -32_601, message: 'Method not found' };
const INVALID_PARAMETERS = { code: -32_602, message: 'Invalid parameters' };
const OBJECT_NOT_FOUND = { code: -32_000, message: 'Object not found' };
const ACCESS_DENIED = { code: -32_002, message: 'Access denied' };
/** Bytes. */
export const BODY_AT_MOST = 65_536;
/** The statuses that the REST form has words for. */
const WORDS: Readonly<Record<number, string>> = { 2: 'Invalid argument', 3: 'Method not found', 4: 'Not found', 5: 'No data', 6: 'Permission denied' };

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export async function answer(device: Device, { method, path, authorization, body }: HttpRequest): Promise<Reply> {
  if (method === 'GET' && (path === '/ubus/list' || path.startsWith('/ubus/list/')))
    return { status: 200, body: JSON.stringify(signatures(device, path.slice('/ubus/list/'.length))) };
  if (path !== '/ubus' && !path.startsWith('/ubus/call/')) return { status: 404, body: '' };
  if (method !== 'POST') return { status: 400, body: '<h1>Bad Request</h1>Invalid Request' };
  const request = parsed(body);
  if (path !== '/ubus') return { status: 200, body: JSON.stringify(await rest(device, path.slice('/ubus/call/'.length), authorization, request)) };
  if (!Array.isArray(request)) return { status: 200, body: JSON.stringify(await one(device, request)) };
  const replies: unknown[] = [];
  // One after the other, whatever each takes.
  for (const part of request) replies.push(await one(device, part));
  return { status: 200, body: JSON.stringify(replies) };
}

function parsed(body: string): unknown {
  if (Buffer.byteLength(body) > BODY_AT_MOST) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function one(device: Device, request: unknown): Promise<unknown> {
  if (!isArgs(request)) return { jsonrpc: '2.0', id: null, error: PARSE_ERROR };
  const { id = null, method, params } = request;
  const head = { jsonrpc: '2.0', id };
  if (request['jsonrpc'] !== '2.0' || typeof method !== 'string') return { ...head, error: PARSE_ERROR };
  if (method === 'list') return { ...head, result: listed(device, params) };
  if (method !== 'call') return { ...head, error: METHOD_NOT_FOUND };
  const [session, object, name, args] = Array.isArray(params) ? (params as unknown[]) : [];
  if (typeof session !== 'string' || typeof object !== 'string' || typeof name !== 'string' || !isArgs(args)) return { ...head, error: PARSE_ERROR };
  const outcome = await called(device, session, object, name, args);
  return { ...head, ...outcome };
}

type Outcome = { readonly error: { code: number; message: string } } | { readonly result: readonly [number, ...unknown[]] };

async function called(device: Device, sessionId: string, object: string, method: string, args: Readonly<Record<string, unknown>>): Promise<Outcome> {
  if (Object.hasOwn(args, 'ubus_rpc_session')) return { error: INVALID_PARAMETERS };
  // Before anybody's rights.
  if (!device.objects().includes(object)) return { error: OBJECT_NOT_FOUND };
  const session = device.sessions.get(sessionId);
  if (!session || !mayDo(session, 'ubus', object, method)) return { error: ACCESS_DENIED };
  const found = await device.call(session, object, method, args);
  return { result: typeof found === 'number' ? [found] : [0, found] };
}

/** With a bearer in place of the session. */
async function rest(device: Device, object: string, authorization: string | undefined, request: unknown): Promise<unknown> {
  const head = { jsonrpc: '2.0', id: isArgs(request) ? (request['id'] ?? null) : null };
  if (!isArgs(request) || typeof request['method'] !== 'string') return { ...head, error: PARSE_ERROR };
  const session = /^Bearer ([0-9a-f]{32})$/.exec(authorization ?? '')?.[1] ?? NOBODY;
  const { params = {} } = request;
  const outcome = await called(device, session, object, request['method'], isArgs(params) ? params : {});
  if ('error' in outcome) return { ...head, ...outcome };
  const [status, data = {}] = outcome.result;
  return status === 0 ? { ...head, result: data } : { ...head, error: { code: status, message: WORDS[status] ?? 'Unknown error' } };
}

function listed(device: Device, params: unknown): unknown {
  return Array.isArray(params) ? signatures(device, params.map(String)) : device.objects();
}

/** What anybody is told of the objects; their methods only, for the types of arguments differ by release. */
function signatures(device: Device, wanted: string | readonly string[]): Record<string, unknown> {
  const globs = typeof wanted === 'string' ? [wanted === '' ? '*' : wanted] : wanted;
  return Object.fromEntries(
    device
      .objects()
      .filter((object) => globs.some((glob) => matches(glob, object)))
      .map((object) => [object, methodsOf(object)]),
  );
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  uci: ['configs', 'get', 'state', 'add', 'set', 'delete', 'rename', 'order', 'changes', 'revert', 'commit', 'apply', 'confirm', 'rollback'],
  file: ['read', 'write', 'list', 'stat', 'md5', 'remove', 'exec'],
  rc: ['list', 'init'],
  session: ['create', 'list', 'grant', 'access', 'destroy', 'login'],
  service: ['list', 'signal', 'event'],
  system: ['board', 'info'],
  log: ['read'],
};

function methodsOf(object: string): Record<string, unknown> {
  return Object.fromEntries((METHODS[object] ?? ['status', 'dump']).map((method) => [method, {}]));
}
