import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertAccepted } from './check-config.fixture.ts';
import { renderProxy } from './compile.ts';
import { encodeWords } from './directive.ts';
import { flowLogDirectives } from './flow-log.ts';
import { listenerOf, topologyOf } from './topology.fixture.ts';

const formatOf = (projectId: string, id = 'balancer-1'): string => encodeWords(flowLogDirectives({ id, projectId }, listenerOf())[2] ?? []);

test('a topology that is not logged renders as if there were no logs', () => {
  assert.equal(renderProxy(topologyOf(), null, false)?.text, renderProxy(topologyOf())?.text);
  assert.notEqual(renderProxy(topologyOf(), null, true)?.structure, renderProxy(topologyOf())?.structure);
});

test('a process that was started without the pipe takes the configuration, and ignores what is about logs', async () => {
  await assertAccepted(renderProxy(topologyOf(), null, true)?.text ?? '', [], {});
});

test('whatever a project is called is one field, and neither a variable nor a quote', () => {
  assert.match(formatOf('project-1'), /^log-format 'weir1 project-1 balancer-1 %/);
  assert.match(formatOf(''), /^log-format 'weir1 - balancer-1 %/);
  assert.match(formatOf('-'), /^log-format 'weir1 %%2D balancer-1 %/);
  const expected = formatOf('project-1').split(' ').slice(3).join(' ');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (project) => {
      const [, , field = '', ...rest] = formatOf(project).split(' ');
      assert.match(field, /^(?:%%[0-9A-F]{2}|[^%'"\s\\])+$/);
      assert.equal(rest.join(' '), expected);
    }),
  );
});

test('the longest ids leave room', () => {
  assert.ok(formatOf('p'.repeat(128), 'b'.repeat(128)).length < 1024);
  assert.ok(formatOf('\u4e00'.repeat(500), 'b'.repeat(36)).length < 1024);
});
