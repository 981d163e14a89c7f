import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../../model/fault.ts';
import { checkJsonBounds } from './json-bounds.ts';

function refused(detail: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.status === 400 && detail.test(error.message);
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(namesIn)];
}

test('what any JSON of ordinary shape says is let through', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
      fc.pre(depthOf(value) <= 64 && new Set(namesIn(value)).size <= 1000);
      checkJsonBounds(JSON.stringify(value));
      checkJsonBounds(JSON.stringify(value, null, 2));
    }),
  );
});

test('brackets, colons and quotes within texts are text', () => {
  checkJsonBounds(JSON.stringify({ name: `${'['.repeat(100)}"\\"{:` }));
  checkJsonBounds(JSON.stringify(Array.from({ length: 2000 }, (_, index) => `":"${index}\\`)));
});

test('depth is bounded, and so are names, wherever they are', () => {
  checkJsonBounds('['.repeat(64) + ']'.repeat(64));
  assert.throws(() => checkJsonBounds('['.repeat(65)), refused(/64 lists or objects within each other/));
  assert.throws(() => checkJsonBounds('{"a":'.repeat(65)), refused(/within each other/));
  const many = (count: number): Record<string, number>[] => Array.from({ length: count }, (_, index) => ({ [`k${index}`]: index }));
  checkJsonBounds(JSON.stringify(many(1000)));
  assert.throws(() => checkJsonBounds(JSON.stringify(many(1001))), refused(/1000 different names/));
  assert.throws(() => checkJsonBounds(JSON.stringify(Object.assign({}, ...many(1001)))), refused(/different names/));
});

test('the same names may come as often as a body has room for', () => {
  checkJsonBounds(JSON.stringify(Array.from({ length: 20_000 }, () => ({ address: '192.0.2.1', protocol_port: 80 }))));
});

test('what is no JSON is left to the parser', () => {
  for (const text of ['', '"', '"\\', ']]]]', ':::', '{"a', 'no']) checkJsonBounds(text);
});
