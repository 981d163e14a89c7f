/** Every list by every filter, in every order, in pages of every size, against a model in memory. */
import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Octavia, octavia } from '../src/api/octavia/octavia.fixture.ts';
import {
  type Key,
  type Listed,
  type TagFilter,
  type View,
  everything,
  fill,
  hasTags,
  idOf,
  listOf,
  page,
  plainAttributes,
  sorted,
} from './contract-lists.fixture.ts';

const SEED = fc.readConfigureGlobal().seed ?? Math.floor(Math.random() * 2 ** 31);
const TAG_FILTERS: readonly TagFilter[] = ['tags', 'tags-any', 'not-tags', 'not-tags-any'];

async function filled(t: TestContext): Promise<{ api: Octavia; lists: Listed[] }> {
  t.diagnostic(`TEST_SEED=${SEED}`);
  const api = await octavia(t);
  await fill(api);
  return { api, lists: await everything(api) };
}

function query(...pairs: readonly (readonly [string, unknown])[]): string {
  return new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

const ids = (views: readonly View[]): string[] => views.map(idOf);

async function agrees(api: Octavia, { resource, path }: Listed, asked: string, expected: readonly View[]): Promise<void> {
  assert.deepEqual(ids(await listOf(api, resource, path, asked)), ids(expected), `${path}?${asked}`);
}

/** Different values of an attribute, those that are one at all. */
function valuesOf(views: readonly View[], name: string): unknown[] {
  return [...new Set(views.map((view) => view[name]))].filter((value) => value !== null && value !== undefined);
}

describe('lists', () => {
  test('by every attribute: one value, several, and one that nothing has', async (t) => {
    const { api, lists } = await filled(t);
    let asked = 0;
    for (const list of lists) {
      for (const name of plainAttributes(list.resource)) {
        const values = valuesOf(list.views, name);
        for (const value of values.slice(0, 4)) {
          asked += 1;
          await agrees(api, list, query([name, value]), project(list, name, [value]));
        }
        const some = values.slice(0, 2);
        await agrees(api, list, query(...some.map((value) => [name, value] as const)), some.length === 0 ? list.views : project(list, name, some));
        if (list.resource.fields[name]?.type.storage === 'text') await agrees(api, list, query([name, 'nothing has this']), []);
      }
    }
    assert.ok(asked > 200, String(asked));
  });

  /** Rows with one of the values; an administrator who names projects gets the first one's. */
  function project({ views }: Listed, name: string, values: readonly unknown[]): View[] {
    const wanted = name === 'project_id' ? values.slice(0, 1) : values;
    return views.filter((view) => wanted.includes(view[name]));
  }

  test('by every other attribute: found by, or refused in the words for what is no filter', async (t) => {
    const { api, lists } = await filled(t);
    const found: string[] = [];
    for (const { resource, path, views } of lists) {
      const plain = plainAttributes(resource);
      const others = Object.keys(Object.assign({}, ...views) as View).filter((name) => !plain.includes(name) && name !== 'tags');
      for (const name of others) {
        const values = valuesOf(views, name);
        const value = values[0] ?? 'x';
        const answer = await api.send('GET', `${path.replace('/v2.0', '/..')}?${query([name, typeof value === 'object' ? JSON.stringify(value) : value])}`);
        if (answer.statusCode === 400) {
          assert.equal(answer.json<View>()['faultstring'], 'One or more arguments are either duplicate or invalid', `${path} ${name}`);
          continue;
        }
        assert.equal(answer.statusCode, 200, `${path} ${name}`);
        found.push(`${resource.name} ${name}`);
        const matching = typeof value === 'string' ? views.filter((view) => view[name] === value) : [];
        if (matching.length > 0) assert.deepEqual(ids(answer.json<Record<string, View[]>>()[resource.collection] ?? []), ids(matching), `${path} ${name}`);
      }
    }
    // The old name of the project comes with every object that has one; of an amphora everything is a filter.
    const rest = found.filter((one) => !one.endsWith(' tenant_id') && !one.startsWith('amphora '));
    assert.deepEqual(rest, ['pool healthmonitor_id']);
    assert.ok(found.includes('pool tenant_id') && found.includes('amphora image_id'), found.join(', '));
  });

  test('by tags in four forms, as a comma list and repeated', async (t) => {
    const { api, lists } = await filled(t);
    for (const list of lists.filter(({ resource }) => 'tags' in resource.fields)) {
      for (const form of TAG_FILTERS) {
        for (const wanted of [['red'], ['red', 'blue'], ['blue', 'nothing'], ['a b']]) {
          const expected = list.views.filter((view) => hasTags(view, form, wanted));
          await agrees(api, list, query([form, wanted.join(',')]), expected);
          await agrees(api, list, query(...wanted.map((tag) => [form, tag] as const)), expected);
        }
      }
    }
    const without = lists.filter(({ resource }) => !('tags' in resource.fields));
    for (const { path } of without) assert.equal((await api.send('GET', `${path.replace('/v2.0', '/..')}?tags=red`)).statusCode, 400, path);
  });

  test('in the order of every attribute, both ways, in both spellings', async (t) => {
    const { api, lists } = await filled(t);
    for (const list of lists) {
      for (const name of plainAttributes(list.resource)) {
        for (const descending of [false, true]) {
          const expected = sorted(list.views, [{ name, descending }]);
          const direction = descending ? 'desc' : 'asc';
          await agrees(api, list, query(['sort', `${name}:${direction}`]), expected);
          await agrees(api, list, query(['sort_key', name], ['sort_dir', direction]), expected);
        }
      }
    }
  });

  test('in pages of every size, to the end and back', async (t) => {
    const { api, lists } = await filled(t);
    for (const list of lists) {
      for (let size = 1; size <= list.views.length + 1; size++) {
        for (const key of [null, { name: plainAttributes(list.resource)[1] ?? 'id', descending: true }]) await turnPages(api, list, size, key);
      }
    }
  });

  async function turnPages(api: Octavia, list: Listed, size: number, key: Key | null): Promise<void> {
    const { resource, path } = list;
    const order: [string, unknown][] = key === null ? [] : [['sort', `${key.name}:desc`]];
    const all = key === null ? list.views : sorted(list.views, [key]);
    const seen: View[] = [];
    for (let asked = query(['limit', size], ...order); ;) {
      const body = await page(api, path, asked);
      const views = body[resource.collection] as View[];
      const links = linksOf(body, resource.links);
      assert.equal(links.has('next'), views.length === size, asked);
      assert.equal(links.has('previous'), seen.length > 0 && views.length > 0, asked);
      if (links.has('previous')) await turnBack(api, list, links.get('previous') ?? '', all.slice(0, seen.length).slice(0, size));
      seen.push(...views);
      if (!links.has('next')) break;
      asked = links.get('next') ?? '';
    }
    assert.deepEqual(ids(seen), ids(all), `${path} by ${size}`);
  }

  /** Octavia's page_reverse: what lies before the marker, in the same order, from its beginning. */
  async function turnBack(api: Octavia, list: Listed, asked: string, expected: readonly View[]): Promise<void> {
    await agrees(api, list, asked, expected);
  }

  function linksOf(body: Readonly<Record<string, unknown>>, name: string): Map<string, string> {
    const links = body[name] as { rel: string; href: string }[];
    return new Map(links.map(({ rel, href }) => [rel, href.slice(href.indexOf('?') + 1)]));
  }

  test('with any filters, orders and pages at once', async (t) => {
    const { api, lists } = await filled(t);
    const asked = fc.constantFrom(...lists).chain((list) => {
      const names = plainAttributes(list.resource).filter((name) => name !== 'project_id');
      const filter = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), fc.subarray(valuesOf(list.views, name).slice(0, 3))));
      return fc.record({
        list: fc.constant(list),
        filters: fc.uniqueArray(filter, { maxLength: 2, selector: ([name]) => name }),
        tags:
          'tags' in list.resource.fields
            ? fc.option(fc.tuple(fc.constantFrom(...TAG_FILTERS), fc.subarray(['red', 'blue', 'x'], { minLength: 1 })))
            : fc.constant(null),
        keys: fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), descending: fc.boolean() }), { maxLength: 3, selector: ({ name }) => name }),
        limit: fc.option(fc.integer({ min: 1, max: 12 })),
        marker: fc.option(fc.constantFrom(...list.views)),
        reverse: fc.boolean(),
      });
    });
    const property = fc.asyncProperty(asked, async ({ list, filters, tags, keys, limit, marker, reverse }) => {
      const matching = list.views.filter(
        (view) => filters.every(([name, values]) => values.length === 0 || values.includes(view[name])) && (tags === null || hasTags(view, ...tags)),
      );
      const whole = keys.length === 0 ? [...list.views] : sorted(list.views, keys);
      const place = marker === null ? -1 : whole.indexOf(marker);
      const beyond = marker === null ? whole : reverse ? whole.slice(0, place) : whole.slice(place + 1);
      const pairs = [
        ...filters.flatMap(([name, values]) => values.map((value) => [name, value] as const)),
        ...(tags === null ? [] : [[tags[0], tags[1].join(',')] as const]),
        ...(keys.length === 0 ? [] : [['sort', keys.map(({ name, descending }) => `${name}:${descending ? 'desc' : 'asc'}`).join(',')] as const]),
        ...(limit === null ? [] : [['limit', limit] as const]),
        ...(marker === null ? [] : [['marker', idOf(marker)] as const, ['page_reverse', reverse] as const]),
      ];
      await agrees(api, list, query(...pairs), beyond.filter((view) => matching.includes(view)).slice(0, limit ?? undefined));
    });
    await fc.assert(property, { seed: SEED, numRuns: 1000 });
  });
});
