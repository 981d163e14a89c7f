/** Pairs of files: a topology and the table it renders to. WEIR_GOLDEN=1 writes the latter anew. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Topology } from '../../model/topology.ts';
import { assertAccepted } from './check-table.fixture.ts';
import { renderPackets } from './compile.ts';

const directory = new URL('golden/', import.meta.url);
const SUFFIX = '.topology.json';
const cases = readdirSync(directory)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

test('there are golden cases', () => assert.ok(cases.length >= 6));

for (const name of cases) {
  test(`golden: ${name}`, async () => {
    const topology = JSON.parse(readFileSync(new URL(name + SUFFIX, directory), 'utf8')) as Topology;
    const text = renderPackets(topology)?.text ?? '';
    const golden = new URL(`${name}.nft`, directory);
    if (process.env['WEIR_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
    await assertAccepted(text);
  });
}
