import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLogFormat } from '../../model/log-format.ts';
import { FLOW_FIELDS } from '../../render/haproxy/flow-log.ts';
import { ecsLine } from './ecs-line.ts';
import { decodeRequest, isFlowLine, numberIn, parseFlow, wordIn } from './flow.ts';
import { lineOf, said } from './flow.fixture.ts';
import { octaviaLine } from './octavia-line.ts';

const FORMAT = parseLogFormat('{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc');

test('a whole line is read', () => {
  const flow = parseFlow(lineOf()) ?? assert.fail();
  assert.equal(flow.request, 'GET / HTTP/1.1');
  assert.equal(flow.accepted, 1_560_300_253_030);
  assert.deepEqual([numberIn(flow, 'bytesIn'), numberIn(flow, 'verify'), wordIn(flow, 'tlsVersion')], [73, null, null]);
  assert.deepEqual([flow.said.host, flow.said.alpn], ['shop.example', null]);
  assert.equal(numberIn(parseFlow(lineOf({ connectTime: '-1' })) ?? assert.fail(), 'connectTime'), null);
});

test("HAProxy's own messages are none of ours, and what is not whole is refused", () => {
  assert.equal(isFlowLine('Proxy l1 stopped (cumulated conns: FE: 8, BE: 0).'), false);
  for (const line of ['', 'weir1', 'weir1 ', 'weir2 x', lineOf().slice(0, 200), lineOf({ bytesIn: 'many' }), lineOf({ host: 'a b' }), lineOf({ host: '<>' })])
    assert.equal(parseFlow(line), null, line);
  assert.equal(parseFlow(lineOf({ request: 'GET' })), null);
  assert.equal(parseFlow(lineOf({ request: '"GET / HTTP/1.1" x' })), null);
  assert.equal(parseFlow(lineOf({ seconds: '-' })), null);
  assert.equal(parseFlow(lineOf({ seconds: '99999999999999' })), null);
  assert.equal(parseFlow(lineOf({ request: '"GET /\u0007"' })), null);
});

test('a request line that was cut off is taken as far as it goes', () => {
  assert.equal(parseFlow(lineOf({ request: '"GET /aaaa' }))?.request, 'GET /aaaa');
});

test('what HAProxy encodes is told as it was sent', () => {
  assert.equal(decodeRequest('GET /#22#23 HTTP/1.1'), 'GET /"# HTTP/1.1');
  assert.equal(decodeRequest('GET /#C3#A4 HTTP/1.1'), 'GET /ä HTTP/1.1');
  assert.equal(decodeRequest('GET /#FF HTTP/1.1'), 'GET /\ufffd HTTP/1.1');
});

const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\n', '\r\n', '" 200 0 0', '\\', '\u2028', '{"a":1}', ' ', '%n', '-'));
/** The way HAProxy writes a request line (url_encode_map of its log.c): quotes, number signs and what is not printable. */
const requestBy = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => (byte < 32 || byte > 126 || byte === 34 || byte === 35 ? `#${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCodePoint(byte))).join('')}"`;

test('whatever a client says stays what it is, and each output is one line', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (request, subject, host, userAgent) => {
      const line = lineOf({ request: requestBy(request), subject: said(subject), host: said(host), userAgent: said(userAgent) });
      assert.ok(!line.includes('\n'));
      const flow = parseFlow(line) ?? assert.fail(line);
      const whole = (text: string): string => Buffer.from(text).toString();
      assert.equal(decodeRequest(flow.request ?? ''), whole(request));
      assert.deepEqual([flow.said.subject ?? '', flow.said.host ?? ''], [whole(subject), whole(host)]);
      const octavia = octaviaLine(flow, FORMAT);
      assert.doesNotMatch(octavia, /[\p{Cc}\p{Zl}\p{Zp}]/u);
      assert.equal(octavia.split('"').length, 5, octavia);
      const json = ecsLine(flow, 'host-1');
      assert.ok(!json.includes('\n'));
      const document = JSON.parse(json) as { user_agent?: { original: string }; edgeweir: { loadbalancer: { id: string } } };
      assert.equal(document.user_agent?.original ?? '', whole(userAgent));
      assert.equal(document.edgeweir.loadbalancer.id, 'fd8f23df-960b-4b12-ba62-2b1dff661ee7');
    }),
    { numRuns: 1000 },
  );
});

test('garbage is refused or read, and never does harm', () => {
  const broken = fc
    .tuple(fc.nat(FLOW_FIELDS.length - 1), fc.string({ unit: 'binary' }))
    .map(([index, value]) => lineOf({ [FLOW_FIELDS[index] ?? 'tag']: value }));
  const cutOff = fc.nat(lineOf().length).map((length) => lineOf().slice(0, length));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), broken, cutOff), (line) => {
      const flow = parseFlow(line);
      if (!flow) return;
      assert.doesNotMatch(octaviaLine(flow, FORMAT), /\p{Cc}/u);
      JSON.parse(ecsLine(flow, 'host-1'));
    }),
    { numRuns: 2000 },
  );
});
