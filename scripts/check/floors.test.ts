import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readText } from '../repository.ts';
import { checkFloors, readFloors } from './floors.ts';
import { moduleOf } from './module.ts';

const FLOORS = ['src/model/', 'src/store/', 'src/nodes/', 'src/cli/'];

/** Checks a repository made of these files. */
function check(files: Record<string, string>): string[] {
  const modules = Object.entries(files).map(([path, text]) => moduleOf(path, text));
  return checkFloors(modules, FLOORS, ['ipaddr.js', 'kysely']);
}

describe('floors', () => {
  test('imports from above, tests and declared packages are fine', () => {
    const files = {
      'src/model/pool.ts': "import ipaddr from 'ipaddr.js';\nimport { createHash } from 'node:crypto';\nexport const a = 1;",
      'src/store/rows.ts': "import { a } from '../model/pool.ts';\nimport { sql } from 'kysely/helpers';\nimport 'node:sqlite';",
      'src/model/pool.test.ts': "import { x } from '../cli/main.ts';\nimport fc from 'fast-check';\nimport { spawn } from 'node:child_process';",
      'src/cli/main.ts': "import { spawn } from 'node:child_process';\nexport * from '../store/rows.ts';",
      'test/all.test.ts': "import { a } from '../src/cli/main.ts';",
    };
    assert.deepEqual(check(files), []);
  });

  const VIOLATIONS: readonly { name: string; files: Record<string, string>; found: RegExp }[] = [
    {
      name: 'an import from below',
      files: { 'src/model/a.ts': "\nimport type { b } from '../store/b.ts';", 'src/store/b.ts': '' },
      found: /^src\/model\/a\.ts:2: src\/model\/ must not import src\/store\//,
    },
    {
      name: 'a dynamic import from below',
      files: { 'src/store/a.ts': "const b = await import('../cli/b.ts');", 'src/cli/b.ts': '' },
      found: /src\/store\/ must not import src\/cli\//,
    },
    {
      name: 'an import type from below',
      files: { 'src/store/a.ts': "let b: import('../cli/b.ts').B;", 'src/cli/b.ts': '' },
      found: /src\/store\/ must not import src\/cli\//,
    },
    {
      name: 'a re-export from below',
      files: { 'src/store/a.ts': "export { b } from '../cli/b.ts';", 'src/cli/b.ts': '' },
      found: /src\/store\/ must not import src\/cli\//,
    },
    { name: 'SQL outside the store', files: { 'src/nodes/a.ts': "import { Kysely } from 'kysely';" }, found: /kysely, which only src\/store\/ may/ },
    {
      name: 'a process outside its folders',
      files: { 'src/store/a.ts': "import { spawn } from 'node:child_process';" },
      found: /node:child_process, which only/,
    },
    {
      name: 'I/O in pure code',
      files: { 'src/model/a.ts': "import { readFileSync } from 'node:fs';" },
      found: /is pure and must not import node:fs \(readFileSync\)/,
    },
    {
      name: 'a connection in pure code',
      files: { 'src/model/a.ts': "import { isIP, connect } from 'node:net';" },
      found: /is pure and must not import node:net/,
    },
    { name: 'a whole module in pure code', files: { 'src/model/a.ts': "import * as net from 'node:net';" }, found: /is pure and must not import node:net/ },
    { name: 'a package that is not declared', files: { 'src/cli/a.ts': "import x from 'left-pad';" }, found: /left-pad, which is not in package\.json/ },
    {
      name: 'a test as part of the product',
      files: { 'src/cli/a.ts': "import '../store/x.test.ts';", 'src/store/x.test.ts': '' },
      found: /x\.test\.ts, which is no part of the product/,
    },
    { name: 'a file that is not there', files: { 'src/cli/a.ts': "import '../store/gone.ts';" }, found: /gone\.ts, which is not there/ },
    {
      name: 'a circle',
      files: { 'src/cli/a.ts': "import './b.ts';", 'src/cli/b.ts': "import './c.ts';", 'src/cli/c.ts': "import './a.ts';" },
      found: /circle: src\/cli\/a\.ts → src\/cli\/b\.ts → src\/cli\/c\.ts → src\/cli\/a\.ts/,
    },
    { name: 'a folder without a floor', files: { 'src/attic/a.ts': '' }, found: /src\/attic\/a\.ts: its folder is not in/ },
    { name: 'having read nothing', files: {}, found: /this check saw nothing/ },
    { name: 'having read tests alone', files: { 'test/a.test.ts': '', 'src/cli/a.test.ts': '' }, found: /this check saw nothing/ },
  ];
  for (const { name, files, found } of VIOLATIONS) {
    test(`finds ${name}`, () => {
      const problems = check(files);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', found);
    });
  }

  test('a circle of types alone is none', () => {
    assert.deepEqual(check({ 'src/cli/a.ts': "import type { B } from './b.ts';", 'src/cli/b.ts': "import './a.ts';" }), []);
  });

  test('the list is read from ARCHITECTURE.md, and its absence is an error', () => {
    const floors = readFloors(readText('ARCHITECTURE.md'));
    assert.equal(floors[0], 'src/model/');
    assert.equal(floors.at(-1), 'src/cli/');
    assert.throws(() => readFloors('# Architecture\n```\nsrc/model/ x\n```\n'), /no list of floors/);
  });
});
