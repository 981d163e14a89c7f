import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { heldBytes } from './memory.fixture.ts';
import { bodyIn } from './read-body.ts';

function sent(announced?: number): IncomingMessage {
  const headers = announced === undefined ? {} : { 'content-length': String(announced) };
  return Object.assign(new Readable({ read() {} }), { headers }) as unknown as IncomingMessage;
}

const STATUS_413 = { statusCode: 413, code: 'FST_ERR_CTP_BODY_TOO_LARGE' };

test('however a body is cut, its bytes come back as they were, up to the very last that is allowed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })), fc.boolean(), async (pieces, announces) => {
      const whole = Buffer.concat(pieces);
      const payload = sent(announces ? whole.length : undefined);
      const body = bodyIn(payload, whole.length);
      for (const piece of [...pieces, null]) payload.push(piece);
      assert.deepEqual(await body, whole);
    }),
  );
});

test('a byte too many is refused: when it is announced, and when it comes', async () => {
  await assert.rejects(bodyIn(sent(11), 10), STATUS_413);
  for (const pieces of [[11], [10, 1], [1, 2, 3, 4, 5]]) {
    const payload = sent();
    const body = bodyIn(payload, 10);
    for (const length of pieces) payload.push(Buffer.alloc(length));
    await assert.rejects(body, STATUS_413);
  }
});

test('a sender that goes away is no failure of the server', async () => {
  const payload = sent();
  const body = bodyIn(payload, 10);
  payload.push(Buffer.alloc(1));
  payload.destroy(new Error('aborted'));
  await assert.rejects(body, { statusCode: 400 });
});

test('pieces of one byte each take no more than the bytes', async () => {
  const most = 65_536;
  const before = await heldBytes();
  const bodies = Array.from({ length: 10 }, () => {
    const payload = sent();
    return { payload, body: bodyIn(payload, most) };
  });
  for (let count = 0; count < most - 1; count++) {
    for (const { payload } of bodies) payload.push(Buffer.alloc(1));
    if (count % 1000 === 0) await new Promise(setImmediate);
  }
  const each = ((await heldBytes()) - before) / bodies.length;
  // Objects for the pieces would be some 10 MiB.
  assert.ok(each < 4 * most, `${each} bytes for a body of ${most}`);
  for (const { payload, body } of bodies) {
    payload.push(Buffer.alloc(1));
    payload.push(null);
    assert.equal((await body).length, most);
  }
});
