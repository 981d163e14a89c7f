/** The table of clients has every endpoint there is, and its proofs exist. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COVERAGE } from '../../test/client-coverage.fixture.ts';
import { readText } from '../repository.ts';
import { octaviaPaths } from './openapi.ts';

const METHODS: readonly string[] = ['get', 'post', 'put', 'delete', 'patch'];

test('the endpoints of the table are those of the API', () => {
  const documented = octaviaPaths().flatMap(([path, item]) =>
    Object.keys(item).flatMap((method) => (METHODS.includes(method) ? [`${method.toUpperCase()} ${path}`] : [])),
  );
  assert.deepEqual(Object.keys(COVERAGE).toSorted(), documented.toSorted());
});

test('every endpoint has a client', () => {
  for (const [endpoint, coverage] of Object.entries(COVERAGE))
    assert.ok(
      Object.values(coverage).some((words) => words.length > 0),
      endpoint,
    );
});

test('tests that the table names speak of the endpoint', () => {
  for (const [endpoint, { other }] of Object.entries(COVERAGE))
    for (const { test: path } of other) assert.ok(readText(path).includes(endpoint.slice(endpoint.lastIndexOf('/') + 1)), `${path}: ${endpoint}`);
});
