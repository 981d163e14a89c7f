import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { type FaceOptions, octaviaFace } from '../../src/api/octavia/face.ts';
import { openApi } from './openapi.ts';

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
  const documented = Object.entries(openApi().paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => operation(method, path)),
  );
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
