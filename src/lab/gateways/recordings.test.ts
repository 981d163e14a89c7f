/** A virtual gateway answers each recorded exchange as the real one did. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isPlainObject } from '../../model/field.ts';
import type { Device } from './device.ts';
import { type Exchange, RECORDINGS, exchangesOf, recordedDevice } from './recording.fixture.ts';
import { answer } from './rpc.ts';

/** Milliseconds that passed before an exchange, where its label says that some did. */
const PASSED: Readonly<Record<string, number>> = {
  'touch at 1.2 s (extends idle timer)': 1200,
  'still alive at 2.4 s': 1200,
  'expired after idle > timeout': 2500,
  'after 6 s still new': 6000,
  'B: old value after timeout': 3500,
  'C expired -> denied': 2500,
  'rolled back': 4000,
  'after timer: NOT rolled back': 5000,
  'after timer': 4000,
};

/** What is about the machine and not about ubus: only that it is answered, and with what names. */
const OF_THE_MACHINE = new Set(['board', 'info', 'dump', 'status', 'read', 'validate_firmware_image', 'packagelist', 'configs', 'stat']);
/** Services that were on the machine. */
const OF_SERVICES = new Set(['rc', 'service']);
/** What a virtual gateway does not have. */
const NOT_HERE = new Set([
  'rpc-sys.packagelist',
  'validate_firmware_image',
  'list (names)',
  'list (signatures uci,file,rc,session)',
  'list wildcard',
  'GET /ubus/list',
  'GET /ubus/list/uci',
]);

for (const name of RECORDINGS) {
  suite(`recorded: ${name}`, () => {
    const { device, clock } = recordedDevice();
    const sessions = new Map<string, string>();
    for (const exchange of exchangesOf(name).filter(({ label }) => !NOT_HERE.has(label))) {
      test(exchange.label, async () => {
        clock.advance(PASSED[exchange.label] ?? 0);
        const got = await replay(device, exchange, sessions);
        assert.equal(got.status, exchange.status);
        if (typeof exchange.response === 'string') return assert.equal(got.text, exchange.response);
        const reply: unknown = JSON.parse(got.text);
        learnSessions(exchange.response, reply, sessions);
        assert.deepEqual(comparable(reply, exchange), comparable(exchange.response, exchange));
      });
    }
  });
}

test('what a virtual gateway does not have is not much', () => assert.ok(NOT_HERE.size < 8));

async function replay(device: Device, { label, request }: Exchange, sessions: ReadonlyMap<string, string>): Promise<{ status: number; text: string }> {
  let body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body ?? '');
  // Abbreviated in the recording.
  if (label.startsWith('body '))
    body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'call',
      params: [lastOf(sessions), 'file', 'write', { path: '/tmp/x', data: 'A'.repeat(label.includes('>') ? 66_000 : 65_000) }],
    });
  for (const [recorded, own] of sessions) body = body.replaceAll(recorded, own);
  const header = request.headers['Authorization'];
  const authorization = header === undefined ? undefined : [...sessions].reduce((text, [recorded, own]) => text.replaceAll(recorded, own), header);
  const { status, body: text } = await answer(device, { method: request.method, path: request.path, authorization, body });
  return { status, text };
}

function lastOf(sessions: ReadonlyMap<string, string>): string {
  return [...sessions.values()].at(-1) ?? '';
}

function sessionIn(reply: unknown): string | null {
  const result: unknown = isPlainObject(reply) ? reply['result'] : undefined;
  const data: unknown = Array.isArray(result) ? result[1] : undefined;
  return isPlainObject(data) && typeof data['ubus_rpc_session'] === 'string' ? data['ubus_rpc_session'] : null;
}

/** Also that one which was told twice in the recording is told twice here. */
function learnSessions(recorded: unknown, own: unknown, sessions: Map<string, string>): void {
  const [then, now] = [sessionIn(recorded), sessionIn(own)];
  if (then === null || now === null) return;
  assert.equal(sessions.get(then) ?? now, now, 'the same session');
  sessions.set(then, now);
}

/** Without what differs between any two machines. */
function comparable(reply: unknown, { label, request }: Exchange): unknown {
  if (Array.isArray(reply)) return reply.map((one) => comparable(one, { label, request } as Exchange));
  if (!isPlainObject(reply)) return reply;
  const { id, error, result } = reply;
  const call = isPlainObject(request.body) && Array.isArray(request.body['params']) ? (request.body['params'] as unknown[]) : [];
  const [object, method] = [String(call[1]), String(call[2])];
  if (error !== undefined)
    return {
      id:
        label.startsWith('body') || request.path !== '/ubus' || label === 'malformed JSON' || label === 'empty body' || label === 'missing jsonrpc' ? null : id,
      error,
    };
  if (!Array.isArray(result)) return { result: request.path === '/ubus' ? result : typeof result };
  const [status, data] = result as [number, unknown];
  return { id, status, data: dataOf(data, object, method, label) };
}

function dataOf(data: unknown, object: string, method: string, label: string): unknown {
  if (!isPlainObject(data)) return data;
  if (method === 'login' || (object === 'session' && method === 'list') || method === 'create')
    return { keys: Object.keys(data).toSorted(), timeout: data['timeout'], acls: label.includes('ctl') ? data['acls'] : null, data: data['data'] };
  if (label === 'exec exact cmdline') return Object.keys(data);
  if (method === 'state') return Object.keys(data);
  if (object === 'session' && method === 'access' && label.includes('dump')) return data;
  if (label === 'file.read' || label.startsWith('file.read')) return data;
  if (OF_SERVICES.has(object)) return typeof data;
  if (label === 'file.list') return ((data['entries'] ?? []) as { name: string; size: number }[]).map(({ name, size }) => [name, size]);
  if (label === 'batch array') return typeof data;
  return OF_THE_MACHINE.has(method) ? typeof data : data;
}
