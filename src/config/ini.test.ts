import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IniError, parseIni } from './ini.ts';

function values(text: string): [string, string, string][] {
  return parseIni(text).map(({ section, key, value }) => [section, key, value]);
}

describe('INI', () => {
  test('both separators, blanks around them, and comments only at the beginning of a line', () => {
    const text = '# one\n; two\n[a]\nx = 1\ny:2\nz = a ; b # c\nurl = http://h:1/?q=1\ntime : 1=2\n';
    assert.deepEqual(values(text), [
      ['a', 'x', '1'],
      ['a', 'y', '2'],
      ['a', 'z', 'a ; b # c'],
      ['a', 'url', 'http://h:1/?q=1'],
      ['a', 'time', '1=2'],
    ]);
  });

  test('an indented line goes on with the value, an empty line ends it', () => {
    assert.deepEqual(values('[a]\nx = 1\n  2\n\t# 3\ny =\n'), [
      ['a', 'x', '1\n2\n# 3'],
      ['a', 'y', ''],
    ]);
    assert.throws(() => parseIni('[a]\nx = 1\n\n  2\n'), new IniError('An indented line goes on with the option above, and there is none', 4));
  });

  test('repeated keys and sections are all kept, with their lines', () => {
    const found = parseIni('[a]\nx = 1\nx = 2\n[b]\n[a]\r\nx = 3');
    assert.deepEqual(
      found.map(({ value, line }) => [value, line]),
      [
        ['1', 2],
        ['2', 3],
        ['3', 6],
      ],
    );
  });

  test('quotes around a value keep its blanks', () => {
    assert.deepEqual(
      values(`[a]\nx = "  1 "\ny = 'b'\nz = "half\nq = "`).map(([, , value]) => value),
      ['  1 ', 'b', '"half', '"'],
    );
  });

  test('errors name the line', () => {
    for (const [text, line] of [
      ['[a\n', 1],
      ['[a]\nx\n', 2],
      ['[]', 1],
      ['\nx = 1', 2],
      ['[a]\n= 1', 2],
      ['  x', 1],
    ] as const) {
      assert.throws(
        () => parseIni(text),
        (error) => error instanceof IniError && error.line === line,
        JSON.stringify(text),
      );
    }
  });
});

const ORACLE = `
import json, sys
from oslo_config import iniparser
class Parser(iniparser.BaseParser):
    def __init__(self): self.section, self.found = None, []
    def new_section(self, section): self.section = section
    def assignment(self, key, value):
        if not self.section: raise iniparser.ParseError('no section', self.lineno, '')
        self.found.append([self.section, key, '\\n'.join(value)])
def parse(text):
    parser = Parser()
    try:
        parser.parse(text.split('\\n'))
        return parser.found
    except iniparser.ParseError:
        return None
json.dump([parse(text) for text in json.load(sys.stdin)], sys.stdout)
`;

function oracle(texts: string[]): unknown[] {
  const run = spawnSync('/usr/bin/python3', ['-c', ORACLE], { input: JSON.stringify(texts), encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as unknown[];
}

const hasOracle = spawnSync('/usr/bin/python3', ['-c', 'import oslo_config']).status === 0;

test('oslo.config reads every file the same way', { skip: hasOracle ? false : 'python3-oslo.config is not installed' }, () => {
  const piece = fc.constantFrom('[', ']', '[a]', '[b c]', '=', ':', ' ', '\t', '#', ';', '"', "'", 'x', 'key', '$y', 'ä', '=1', ' : 2', '"q r"');
  const line = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
  const file = fc.tuple(fc.constantFrom('', '[a]\n'), fc.array(line, { maxLength: 8 })).map(([head, lines]) => head + lines.join('\n'));
  // A lone quote is cut off by oslo.config; here it stays.
  const texts = fc.sample(file, { numRuns: 3000, seed: 7 }).filter((text) => !/[=:]\s*["']\s*$/m.test(text));
  const expected = oracle(texts);
  texts.forEach((text, index) => assert.deepEqual(ours(text), expected[index], JSON.stringify(text)));
});

function ours(text: string): unknown {
  try {
    return values(text);
  } catch (error) {
    assert.ok(error instanceof IniError);
    return null;
  }
}
