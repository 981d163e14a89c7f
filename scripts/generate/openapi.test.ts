import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { type FaceOptions, octaviaFace } from '../../src/api/octavia/face.ts';
import { octaviaPaths, openApi } from './openapi.ts';

const METHODS = ['get', 'post', 'put', 'delete'];
/** Answers with plain text; for people who try it in a browser. */
const UNDOCUMENTED = ['get /v2.0', 'get /v2.0/'];

/** `get /v2.0/lbaas/pools/{}`: parameters by place, since documents and routers name them differently. */
function operation(method: string, path: string): string {
  return `${method.toLowerCase()} ${path.replaceAll(/\{\w+\}|:\w+/g, '{}')}`;
}

test('the document has the operations that the server has, no more and no fewer', async () => {
  const app = fastify();
  const routed = new Set<string>();
  app.addHook('onRoute', ({ method, url }) => {
    // Nothing serves PATCH: a route with it is the one that answers 405 to every method a path does not have.
    if ([method].flat().includes('PATCH')) return;
    for (const one of [method].flat()) if (METHODS.includes(one.toLowerCase())) routed.add(operation(one, url));
  });
  // Registering routes takes nothing else of the options.
  await app.register(octaviaFace({ healthcheckEnabled: false, authenticate: async () => {} } as unknown as FaceOptions));
  await app.ready();
  await app.close();
  const documented = octaviaPaths().flatMap(([path, item]) => METHODS.filter((method) => method in item).map((method) => operation(method, path)));
  assert.deepEqual(documented.toSorted(), [...routed].filter((one) => !UNDOCUMENTED.includes(one)).toSorted());
});

test('every reference leads somewhere', () => {
  const document = openApi();
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  for (const [, path = ''] of references) {
    const target = path.split('/').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
    assert.notEqual(target, undefined, path);
  }
});

test('operations have names of their own', () => {
  const names = Object.values(openApi().paths).flatMap((item) => Object.values(item).flatMap((one) => ('operationId' in one ? [String(one.operationId)] : [])));
  assert.equal(new Set(names).size, names.length);
});

type Json = Readonly<Record<string, unknown>>;

function everyOperation(): { path: string; item: Json; operation: Json }[] {
  return Object.entries(openApi().paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({ path, item, operation: (item as Json)[method] as Json })),
  );
}

test('every parameter of a path is declared, required and declared once', () => {
  for (const { path, item, operation } of everyOperation()) {
    const parameters = [...((item['parameters'] ?? []) as Json[]), ...((operation['parameters'] ?? []) as Json[])];
    const names = parameters.map((one) => `${String(one['in'])} ${String(one['name'])}`);
    assert.equal(new Set(names).size, names.length, `${String(operation['operationId'])}: ${names.join(', ')}`);
    const inPath = parameters.filter((one) => one['in'] === 'path');
    assert.deepEqual(
      inPath.map(({ name }) => name),
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    );
    for (const one of inPath) assert.equal(one['required'], true);
    for (const one of parameters) assert.ok(one['schema'] && one['in'], path);
  }
});

test('every answer has words, every failure has a body, every tag is declared', () => {
  const { tags, components } = openApi() as unknown as { tags: { name: string }[]; components: { responses: Record<string, Json> } };
  const known = new Set(tags.map(({ name }) => name));
  assert.equal(known.size, tags.length);
  for (const [status, answer] of Object.entries(components.responses)) assert.ok(answer['description'] && answer['content'], status);
  for (const { operation } of everyOperation()) {
    const name = String(operation['operationId']);
    for (const tag of operation['tags'] as string[]) assert.ok(known.has(tag), `${name}: ${tag}`);
    const responses = operation['responses'] as Record<string, Json>;
    assert.ok(
      Object.keys(responses).some((status) => status.startsWith('2')),
      name,
    );
    for (const [status, answer] of Object.entries(responses)) assert.ok(answer['$ref'] ?? answer['description'], `${name} ${status}`);
  }
});

test('every schema is used', () => {
  const document = openApi() as unknown as { components: { schemas: Json } };
  const text = JSON.stringify(document);
  const unused = Object.keys(document.components.schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
  assert.deepEqual(unused, []);
});
