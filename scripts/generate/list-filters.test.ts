import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListQuery } from '../../src/api/http/list-query.ts';
import { Fault, fault } from '../../src/model/fault.ts';
import { type Resource, columns } from '../../src/model/resource.ts';
import { listFilters } from './list-filters.ts';
import { RESOURCES } from './resources.ts';

/** Whether the parser knows it, whatever it says of the value. */
function takes(resource: Resource, name: string): boolean {
  try {
    parseListQuery(resource, { [name]: 'value' }, 0);
    return true;
  } catch (error) {
    return error instanceof Fault && error.code !== fault.invalidFilter().code;
  }
}

/** Taken for every list, and documented apart. */
const TAGS = 'tags';
/** Pools know it from their monitors. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = { pool: ['healthmonitor_id'] };

test('the document has the filters that a list takes, no more and no fewer', () => {
  for (const { resource } of RESOURCES) {
    const known = [...columns(resource).keys()].filter((name) => name !== TAGS && takes(resource, name));
    assert.deepEqual(listFilters(resource).toSorted(), [...known, ...(ELSEWHERE[resource.name] ?? [])].toSorted(), resource.name);
  }
});
