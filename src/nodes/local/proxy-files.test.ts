import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { ProxyFile } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import { type NodeFiles, nodeFiles } from './names.ts';
import { presentFiles, removeUnnamed, writeProxyFiles } from './proxy-files.ts';

let files: NodeFiles;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-files-'));
  files = { ...nodeFiles(directory, '0'.repeat(32)), directory, config: join(directory, 'haproxy.cfg') };
});
afterEach(() => rm(files.directory, { recursive: true }));

const fileOf = (path: string, text: string): ProxyFile => ({ path, content: new Sealed(text) });
const secret = fileOf('tls/a1.pem', 'a key');
const program: ProxyFile = { ...fileOf('checks/b2', '#!/bin/sh\n'), program: true };

async function modeOf(path: string): Promise<string> {
  return ((await stat(join(files.directory, path))).mode & 0o777).toString(8);
}

test('a secret is for root alone; a program can be run by everybody', async () => {
  await writeProxyFiles(files, [secret, program]);
  assert.equal(await readFile(join(files.directory, secret.path), 'utf8'), 'a key');
  assert.deepEqual(await Promise.all(['tls', secret.path, 'checks', program.path].map(modeOf)), ['700', '600', '711', '755']);
});

test('what is right is not written again; what is damaged is', async () => {
  const path = join(files.directory, secret.path);
  await writeProxyFiles(files, [secret]);
  const before = (await stat(path)).ino;
  await writeProxyFiles(files, [secret]);
  assert.equal((await stat(path)).ino, before);
  await writeFile(path, 'half a k');
  await writeProxyFiles(files, [secret]);
  assert.equal(await readFile(path, 'utf8'), 'a key');
});

test('present is what the configuration names, as it is on disk', async () => {
  await writeProxyFiles(files, [secret, program]);
  assert.deepEqual(await presentFiles(files, 'nothing'), []);
  const present = await presentFiles(files, `crt ${secret.path}\nexternal-check command ./${program.path}`);
  assert.deepEqual(
    present.map(({ path, content, program: runs }) => [path, content.open(), runs ?? false]),
    [
      ['tls/a1.pem', 'a key', false],
      ['checks/b2', '#!/bin/sh\n', true],
    ],
  );
});

test('files that the configuration on disk does not name are removed, and those of an interrupted write', async () => {
  await writeProxyFiles(files, [secret, program, fileOf('tls/old.pem', 'old')]);
  await writeFile(join(files.directory, 'tls', 'a1.pem.new'), 'half');
  await removeUnnamed(files);
  assert.equal((await readdir(join(files.directory, 'tls'))).length, 3);
  await writeFile(files.config, `bind 192.0.2.1:443 ssl crt ${secret.path}\n`);
  await removeUnnamed(files);
  assert.deepEqual([await readdir(join(files.directory, 'tls')), await readdir(join(files.directory, 'checks'))], [['a1.pem'], []]);
});

test('what a named list names is named too', async () => {
  const list = fileOf('tls/c3.list', `${secret.path}\n`);
  await writeProxyFiles(files, [secret, list, fileOf('tls/old.pem', 'old'), fileOf('tls/old.list', 'tls/old.pem\n')]);
  await writeFile(files.config, `bind 192.0.2.1:443 ssl crt-list ${list.path}\n`);
  assert.deepEqual((await presentFiles(files, await readFile(files.config, 'utf8'))).map(({ path }) => path).toSorted(), [secret.path, list.path]);
  await removeUnnamed(files);
  assert.deepEqual((await readdir(join(files.directory, 'tls'))).toSorted(), ['a1.pem', 'c3.list']);
});

test('a path that leads elsewhere is refused', async () => {
  for (const path of ['../x', 'tls/../../x', 'tls/a/b', '/etc/passwd', 'other/x', 'tls/.hidden', 'x']) {
    await assert.rejects(writeProxyFiles(files, [fileOf(path, '')]), { name: 'NodeError' }, path);
  }
});
