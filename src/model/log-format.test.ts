import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLogFormat } from './log-format.ts';

test('text, variables, quotes and percent signs', () => {
  assert.deepEqual(parseLogFormat('{{ project_id }} {lb_id}%%: %{+Q}r %{-Q}[ssl_c_verify]!'), [
    { kind: 'variable', variable: 'project_id', quoted: false },
    { kind: 'text', text: ' ' },
    { kind: 'variable', variable: 'lb_id', quoted: false },
    { kind: 'text', text: '%' },
    { kind: 'text', text: ': ' },
    { kind: 'variable', variable: 'r', quoted: true },
    { kind: 'text', text: ' ' },
    { kind: 'variable', variable: '[ssl_c_verify]', quoted: false },
    { kind: 'text', text: '!' },
  ]);
  assert.deepEqual(parseLogFormat(''), []);
});

test('what no line can say is refused by name', () => {
  assert.throws(() => parseLogFormat('%ci %hr'), /'%hr' is not known; known are .*%\[ssl_c_verify\]/);
  assert.throws(() => parseLogFormat('%[req.hdr(Authorization)]'), /'%\[req\.hdr\(Authorization\)\]' is not known/);
  assert.throws(() => parseLogFormat('%lb_id'), /'%lb' is not known/);
  assert.throws(() => parseLogFormat('%{+E}r'), /flags of '%\{\+E\}r'/);
  assert.throws(() => parseLogFormat('%{Q}r'), /flags/);
  assert.throws(() => parseLogFormat('100%'), /written %%/);
});
