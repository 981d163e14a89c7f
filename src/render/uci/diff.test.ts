import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type UciOperation, afterOperation, callOf, diffUci } from './diff.ts';
import { addSection, deleteFrom, order, positionOf, rename, setOptions } from './edit.ts';
import { type UciPackage, type UciSection, section } from './package.ts';
import { UciError, printUci } from './print.ts';

const owns = (name: string): boolean => name.startsWith('weir_');

const value = fc.oneof(fc.string({ minLength: 1, maxLength: 8 }), fc.array(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 3 }));
const options = fc.dictionary(fc.stringMatching(/^[a-z]{1,2}$/), value, { maxKeys: 4 }).map((all) => new Map(Object.entries(all)));
const named = (names: fc.Arbitrary<string | undefined>): fc.Arbitrary<UciSection> =>
  fc.record<UciSection>({ name: names, type: fc.constantFrom('rule', 'redirect', 'zone'), options });
const own = fc.uniqueArray(named(fc.constantFrom('weir_a', 'weir_b', 'weir_c', 'weir_d')), { selector: ({ name }) => name });
const foreign = fc.uniqueArray(named(fc.constantFrom(undefined, 'lan', 'wan', 'weir', 'not_weir_a')), { selector: ({ name }) => name ?? {} });
/** Ours and others' mixed. */
const present: fc.Arbitrary<UciPackage> = fc
  .tuple(own, foreign)
  .chain(([some, others]) => fc.shuffledSubarray([...some, ...others], { minLength: some.length + others.length }))
  .map((sections) => ({ name: 'firewall', sections }));

function carry(one: UciPackage, operations: readonly UciOperation[]): UciPackage {
  return operations.reduce((before, operation) => {
    const after = afterOperation(before, operation);
    assert.ok(typeof after === 'object', `${JSON.stringify(operation)} is refused with ${JSON.stringify(after)}`);
    return after;
  }, one);
}

const byName = (sections: readonly UciSection[]) => new Map(sections.map(({ name, type, options: all }) => [name, [type, Object.fromEntries(all)]]));
const foreignOf = ({ name, sections }: UciPackage) => printUci({ name, sections: sections.filter((one) => one.name === undefined || !owns(one.name)) });

test('what is ours becomes as wanted, and nothing else is touched', () => {
  fc.assert(
    fc.property(present, own, (before, wanted) => {
      const after = carry(before, diffUci(before, wanted, owns));
      assert.deepEqual(byName(after.sections.filter(({ name }) => name !== undefined && owns(name))), byName(wanted));
      assert.equal(foreignOf(after), foreignOf(before));
    }),
  );
});

test('no section that is not ours is ever named', () => {
  fc.assert(
    fc.property(present, own, (before, wanted) => {
      for (const operation of diffUci(before, wanted, owns)) assert.ok(owns(operation.op === 'add' ? operation.name : operation.section));
    }),
  );
});

test('where all is as wanted there is nothing to do', () => {
  fc.assert(
    fc.property(present, (before) => {
      const wanted = before.sections.filter(({ name }) => name !== undefined && owns(name));
      assert.deepEqual(diffUci(before, wanted, owns), []);
    }),
  );
});

const RULE = section('weir_a', 'rule', { src: 'wan', dest_port: '80', proto: ['tcp'], name: undefined });

test('one changed option is one change, in rpcd’s words', () => {
  const before = { name: 'firewall', sections: [RULE] };
  const wanted = section('weir_a', 'rule', { src: 'wan', dest_port: '81', proto: ['tcp'] });
  const [operation, ...others] = diffUci(before, [wanted], owns);
  assert.deepEqual(others, []);
  assert.deepEqual(operation && callOf(operation), { method: 'set', args: { config: 'firewall', section: 'weir_a', values: { dest_port: '81' } } });
});

test('options that go are deleted together; another type is another section', () => {
  const before = { name: 'firewall', sections: [RULE] };
  assert.deepEqual(diffUci(before, [section('weir_a', 'rule', { src: 'wan' })], owns), [
    { op: 'delete', config: 'firewall', section: 'weir_a', options: ['dest_port', 'proto'] },
  ]);
  assert.deepEqual(
    diffUci(before, [section('weir_a', 'redirect', { src: 'wan' })], owns).map(({ op }) => op),
    ['delete', 'add'],
  );
});

test('what is not ours cannot be wanted', () => {
  const before = { name: 'firewall', sections: [] };
  for (const wanted of [[section('lan', 'zone', {})], [{ ...RULE, name: undefined }], [{ ...RULE, name: 'weir_a-b' }], [RULE, RULE]])
    assert.throws(() => diffUci(before, wanted, owns), UciError);
});

test('changes as rpcd makes them', () => {
  const one: UciPackage = { name: 'firewall', sections: [section('a', 'zone', { x: '1' }), { name: undefined, type: 'rule', options: new Map([['y', '2']]) }] };
  assert.equal(setOptions(one, 'nosuch', { a: 'b' }), 4);
  assert.equal(setOptions(one, 'a', { k: [] }), 2);
  assert.equal(addSection(one, { type: 'a b' }), 2);
  assert.equal(deleteFrom(one, 'a', ['nosuch']), 4);
  assert.equal(rename(one, '@rule[-1]', 'b'), one);
  assert.equal(rename(one, 'nosuch', 'b'), 4);
  assert.equal(rename(one, 'a', 'b-c'), 2);
  assert.equal(order(one, ['nosuch']), 4);
  assert.deepEqual([positionOf(one, '@rule[0]'), positionOf(one, '@rule[-1]'), positionOf(one, '@rule[1]'), positionOf(one, 'a')], [1, 1, -1, 0]);
  const names = (edited: unknown) => (edited as UciPackage).sections.map(({ name, type }) => `${name} ${type}`);
  assert.deepEqual(names(addSection(one, { name: 'a', type: 'other', values: { z: '3' } })), ['a other', 'undefined rule']);
  assert.deepEqual(names(order(one, ['@rule[0]', 'nosuch'])), ['undefined rule', 'a zone']);
  assert.deepEqual([...((setOptions(one, 'a', { x: '' }) as UciPackage).sections[0]?.options ?? [])], []);
});
