import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { packetsOf } from '../sample-node.fixture.ts';
import { FiledPackets } from './filed-packets.ts';
import { writeWhole } from './files.ts';

const CONFIG = packetsOf([{ id: 'one' }]);
let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-packets-'));
  path = join(directory, 'packets.json');
});
afterEach(() => rm(directory, { recursive: true }));

test('a file is read once, however often it is asked for, and again when it is another', async () => {
  const filed = new FiledPackets();
  assert.equal(await filed.read(path), null);
  await writeWhole(path, JSON.stringify(CONFIG));
  const first = await filed.read(path);
  assert.deepEqual(first?.config, CONFIG);
  assert.equal(await filed.read(path), first);
  const other = packetsOf([{ id: 'two' }]);
  await writeWhole(path, JSON.stringify(other));
  assert.deepEqual((await filed.read(path))?.config, other);
  await rm(path);
  assert.equal(await filed.read(path), null);
});

test('what a hand wrote into it is seen, though it is as long and said to be as old', async () => {
  const filed = new FiledPackets();
  await writeWhole(path, JSON.stringify(CONFIG));
  const moment = new Date(1_700_000_000_000);
  await utimes(path, moment, moment);
  assert.deepEqual((await filed.read(path))?.config, CONFIG);
  await writeFile(path, ' '.repeat(JSON.stringify(CONFIG).length));
  await utimes(path, moment, moment);
  assert.equal((await filed.read(path))?.config, null);
});

test('what is no config is told as such', async () => {
  for (const text of ['', '{"half', 'null', '7', '{}', '{"digest":"x"}']) {
    await writeWhole(path, text);
    const read = await new FiledPackets().read(path);
    assert.deepEqual([read !== null, read?.config], [true, null], text);
  }
});
