import assert from 'node:assert/strict';
import { test } from 'node:test';
import { switchIn } from './switch-in.ts';

test('on in every spelling that oslo knows, off in the others and when it is not given', () => {
  for (const on of ['true', 'True', 'TRUE', 't', 'yes', 'y', 'on', '1', ' true', 'On ']) assert.equal(switchIn({ s: on }, 's'), true, on);
  for (const off of ['false', 'F', 'no', 'n', 'off', '0', ' False ']) assert.equal(switchIn({ s: off }, 's'), false, off);
  assert.equal(switchIn({ other: 'true' }, 's'), false);
});

test('what is no boolean is refused, and so is a switch that is given twice', () => {
  for (const value of ['', 'maybe', 'truee', '2', 'null']) assert.throws(() => switchIn({ s: value }, 's'), { status: 400, code: 'invalid_input' });
  for (const values of [
    ['true', 'true'],
    ['True', 'false'],
  ])
    assert.throws(() => switchIn({ s: values }, 's'), { status: 400, code: 'double_parameter' });
});
