import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DirectoryError, makeDirectory } from './make-directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgeweir-directory-'));
after(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('every missing level is made, private; what exists is left as it is', () => {
  const open = join(folder, 'open');
  mkdirSync(open, { mode: 0o755 });
  const deep = join(open, 'a', 'b');
  makeDirectory(deep);
  makeDirectory(deep);
  makeDirectory(open);
  assert.deepEqual([modeOf(open), modeOf(join(open, 'a')), modeOf(deep)], [0o755, 0o700, 0o700]);
});

test('a link to a directory is one', () => {
  const link = join(folder, 'link');
  mkdirSync(join(folder, 'target'));
  symlinkSync(join(folder, 'target'), link);
  makeDirectory(link);
  makeDirectory(join(link, 'below'));
  assert.ok(statSync(join(folder, 'target', 'below')).isDirectory());
});

test('what cannot be made is refused with path and code, however the file system answers', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  for (const [path, named, code] of [
    ['/proc/edgeweir/state', '/proc/edgeweir', 'ENOENT'],
    [file, file, 'EEXIST'],
    [join(file, 'below', 'it'), join(file, 'below'), 'ENOTDIR'],
    [join(folder, 'dangling'), join(folder, 'dangling'), 'EEXIST'],
  ] as const) {
    assert.throws(
      () => makeDirectory(path),
      (error) => error instanceof DirectoryError && error.code === code && error.message.startsWith(`Cannot make the directory ${named}: ${code}`),
      path,
    );
  }
});
