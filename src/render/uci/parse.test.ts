import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type UciPackage, type UciSection, anonymousId } from './package.ts';
import { UciSyntaxError, parseUci, parseUciExport, parseUciLeniently } from './parse.ts';
import { UciError, printUci, printUciExport } from './print.ts';
import { showUci } from './show.ts';

interface Said {
  readonly rc: number;
  readonly out: string;
  readonly err: string;
}

interface Vector {
  readonly case: string;
  readonly input: string;
  readonly show: Said;
  readonly 'show_nonstrict(-S)': Said | null;
  readonly export: Said;
}

/** What uci of OpenWrt 24.10.8 printed of files named `test`. Long values are abbreviated there. */
const long = (text: string): string => text.replace('x*9000', 'x'.repeat(9000));
const VECTORS = (JSON.parse(readFileSync(new URL('testdata/grammar-vectors.json', import.meta.url), 'utf8')) as Vector[]).map((vector) =>
  vector.case === 'long_value'
    ? { ...vector, input: long(vector.input), show: { ...vector.show, out: long(vector.show.out) }, export: { ...vector.export, out: long(vector.export.out) } }
    : vector,
);

test('there are as many vectors as there were', () => assert.equal(VECTORS.length, 57));

for (const { case: name, input, show, export: exported, 'show_nonstrict(-S)': lenient } of VECTORS) {
  test(`as uci of OpenWrt reads and prints it: ${name}`, () => {
    if (show.rc === 0) {
      const parsed = parseUci('test', input);
      assert.equal(
        showUci(parsed)
          .map((line) => `${line}\n`)
          .join(''),
        show.out,
      );
      assert.equal(printUciExport(parsed), exported.out);
    } else {
      assert.throws(
        () => parseUci('test', input),
        (error: unknown) => error instanceof UciSyntaxError && `uci: ${error.message}` === show.err,
      );
    }
    if (lenient) {
      const { package: read, errors } = parseUciLeniently('test', input);
      assert.equal(
        showUci(read)
          .map((line) => `${line}\n`)
          .join(''),
        lenient.out,
      );
      assert.equal(errors.map(({ message }) => message).join('\n'), lenient.err);
    }
  });
}

test('anonymous sections are called what libuci calls them', () => {
  assert.equal(anonymousId(1, 'zone'), 'cfg01dc81');
  assert.equal(anonymousId(3, 'redirect'), 'cfg033837');
});

const name = fc.stringMatching(/^[A-Za-z0-9_]{1,20}$/);
const type = fc.stringMatching(/^[\x21-\x7e]{1,20}$/);
const value = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.stringMatching(/^['"\\#;$\n\r\t {}`%]{1,20}$/),
    fc.constant('x'.repeat(4096)),
    fc.constant('\u2028'),
  )
  .map((text) => text.replaceAll('\0', ''));
const option = fc.oneof(
  value.filter((text) => text !== ''),
  fc.array(value, { minLength: 1, maxLength: 4 }),
);
const sectionOf = fc.record<UciSection>({
  name: fc.option(name, { nil: undefined }),
  type,
  options: fc.dictionary(name, option).map((all) => new Map(Object.entries(all))),
});
const packageOf: fc.Arbitrary<UciPackage> = fc.record({
  name: fc.stringMatching(/^[a-z0-9_-]{1,20}$/),
  sections: fc.uniqueArray(sectionOf, { selector: (one) => one.name ?? {}, maxLength: 6 }) as fc.Arbitrary<UciSection[]>,
});

test('what is printed is read again as it was, whatever it says', () => {
  fc.assert(
    fc.property(packageOf, (one) => {
      const plain = { name: one.name, sections: one.sections.map((each) => ({ ...each })) };
      assert.deepEqual(parseUci(one.name, printUci(one)), plain);
      const other = { name: `${one.name}2`, sections: [] };
      assert.deepEqual(parseUciExport(printUciExport(one) + printUciExport(other)), [plain, other]);
    }),
  );
});

test('any text is read, or refused in words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      try {
        parseUci('x', text);
      } catch (error) {
        assert.ok(error instanceof UciSyntaxError, String(error));
      }
      parseUciLeniently('x', text);
    }),
  );
});

test('what UCI has no words for is refused', () => {
  const write = (one: Partial<UciSection>) => printUci({ name: 'x', sections: [{ name: 'n', type: 't', options: new Map(), ...one }] });
  for (const broken of [
    { name: 'a-b' },
    { name: '' },
    { type: '' },
    { type: 'a b' },
    { type: 'ü' },
    { options: new Map([['a b', 'c']]) },
    { options: new Map([['a', 'b\0']]) },
  ])
    assert.throws(() => write(broken), UciError);
  assert.throws(() => printUciExport({ name: 'a b', sections: [] }), UciError);
});
