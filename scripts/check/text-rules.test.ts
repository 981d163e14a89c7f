import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkManifest } from './manifest.ts';
import { checkText } from './text-rules.ts';

test('text: what must not stand in code is found with its line', () => {
  // Put together, so that this file does not break the rules itself.
  const bad = [
    `spawn('ls', { ${'shell'}: true })`,
    `// ${'TO'}DO later`,
    `// ${'@ts-'}ignore`,
    `const path = '/${'home'}/me/x';`,
    `// ${'ox'}lint-disable-next-line eqeqeq`,
  ];
  for (const line of bad) assert.match(checkText('src/x.ts', `\n${line}\n`)[0] ?? '', /^src\/x\.ts:2: /, line);
});

test('text: what only looks alike is fine', () => {
  const good = ['// without a shell: arguments are an array', "url('/api/home/x')", `// ${'ox'}lint-disable-next-line eqeqeq -- null and undefined alike`];
  for (const line of good) assert.deepEqual(checkText('src/x.ts', line), [], line);
});

test('text: a file that has grown too long is found', () => {
  assert.match(checkText('src/x.ts', 'x\n'.repeat(401)).join('\n'), /has 401 lines/);
});

test('manifest: ranges, versions that differ from the lock, and foreign sources are found', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.2.3', integrity: 'x' },
      'node_modules/b': { version: '2.0.0', integrity: 'x', resolved: 'https://example.org/b.tgz' },
      'node_modules/c': { version: '7.0.0' },
    },
  };
  assert.deepEqual(checkManifest({ dependencies: { a: '1.2.3' } }, { packages: { '': {}, 'node_modules/a': { version: '1.2.3', integrity: 'x' } } }), []);
  assert.match(checkManifest({ dependencies: { a: '^1.2.3' } }, lock)[0] ?? '', /not an exact version/);
  const found = checkManifest({ dependencies: { a: '1.2.4' }, devDependencies: { c: 'npm:d@7.0.0' } }, lock);
  assert.equal(found.length, 3, found.join('\n'));
});
