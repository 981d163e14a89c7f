import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameError, FrameReader, frame } from './frames.ts';

const LONGEST = 1_000_000;

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

test('messages come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (messages, sizes) => {
      const reader = new FrameReader(LONGEST);
      const bytes = Buffer.concat(messages.map((message) => frame(message, LONGEST)));
      const read = cut(bytes, sizes).flatMap((piece) => reader.push(piece));
      assert.equal(JSON.stringify(read), JSON.stringify(messages));
    }),
  );
});

test('a long message in many chunks is copied a few times, not once a chunk', () => {
  const text = 'x'.repeat(LONGEST - 2);
  const reader = new FrameReader(LONGEST);
  const pieces = cut(frame(text, LONGEST), [16]);
  assert.deepEqual(
    pieces.flatMap((piece) => reader.push(piece)),
    [text],
  );
});

test('what is too long is refused before it comes, and before it is sent', () => {
  assert.throws(() => frame('x'.repeat(100), 50), FrameError);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(51);
  assert.throws(() => new FrameReader(50).push(head), { name: 'Error', message: 'a message of 51 bytes was announced, more than 50' });
});

test('what is no JSON is refused without being repeated', () => {
  const body = Buffer.from('{"password": secret');
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  assert.throws(
    () => new FrameReader(50).push(Buffer.concat([head, body])),
    (error) => error instanceof FrameError && !error.message.includes('secret'),
  );
});

test('garbage never does more than end the conversation', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
      const reader = new FrameReader(100);
      try {
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
      } catch (error) {
        assert.ok(error instanceof FrameError);
      }
    }),
  );
});
