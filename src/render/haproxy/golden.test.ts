/**
 * Pairs of files: a topology and the haproxy.cfg it renders to. WEIR_GOLDEN=1 writes the latter anew. What is sealed in a
 * topology is named there, and lies in material/.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Sealed } from '../../model/sealed.ts';
import type { Topology } from '../../model/topology.ts';
import { assertAccepted } from './check-config.fixture.ts';
import { renderProxy } from './compile.ts';
import type { ProxyPair } from './global.ts';

const directory = new URL('golden/', import.meta.url);
const SUFFIX = '.topology.json';
const cases = readdirSync(directory)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

function unsealed(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('sealed' in value) || typeof value.sealed !== 'string') return value;
  return new Sealed(readFileSync(new URL(`material/${value.sealed}`, directory), 'utf8'));
}

/** In a file of its own, where a node is one of a pair. */
function pairOf(name: string): ProxyPair | null {
  const file = new URL(`${name}.pair.json`, directory);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProxyPair) : null;
}

test('there are golden cases', () => assert.ok(cases.length >= 10));

for (const name of cases) {
  test(`golden: ${name}`, async () => {
    const topology = JSON.parse(readFileSync(new URL(name + SUFFIX, directory), 'utf8'), unsealed) as Topology;
    const proxy = renderProxy(topology, pairOf(name), topology.connectionLogging === true);
    const text = proxy?.text ?? '';
    const golden = new URL(`${name}.cfg`, directory);
    if (process.env['WEIR_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
    await assertAccepted(text, proxy?.files);
  });
}
