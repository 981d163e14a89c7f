import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { capabilitiesOf, checkProfileData, parseProfileData } from './capability.ts';
import { Fault } from './fault.ts';

function refusal(text: string, engine: 'haproxy' | 'anything' = 'anything', kind: 'flavor' | 'availability_zone' = 'flavor'): [number, string] {
  try {
    checkProfileData(parseProfileData(text, kind, 'p'), engine, kind, 'p');
    return [0, ''];
  } catch (error) {
    assert.ok(error instanceof Fault);
    return [error.status, error.message];
  }
}

test('data that says nothing is accepted everywhere', () => {
  for (const engine of ['haproxy', 'anything'] as const)
    for (const kind of ['flavor', 'availability_zone'] as const) assert.deepEqual(refusal('{}', engine, kind), [0, '']);
});

test('what is no JSON is no option; what is no object is not supported', () => {
  assert.deepEqual(refusal('{'), [400, '{ is not a valid option for flavor_data']);
  assert.deepEqual(refusal('nonsense', 'anything', 'availability_zone'), [400, 'nonsense is not a valid option for availability_zone_data']);
  for (const text of ['[]', '1', 'null', '"x"'])
    assert.deepEqual(refusal(text), [501, `Provider 'p' does not support a requested option: ${text} is not of type 'object'`]);
});

test('unknown keys, wrong types and values out of range are named', () => {
  const message = (text: string, engine: 'haproxy' | 'anything' = 'anything'): string =>
    refusal(text, engine)[1].replace("Provider 'p' does not support a requested option: ", '');
  assert.equal(message('{"colour": "red"}', 'haproxy'), "Additional properties are not allowed ('colour' was unexpected)");
  assert.equal(message('{"a": 1, "b": 2}', 'haproxy'), "Additional properties are not allowed ('a', 'b' were unexpected)");
  assert.equal(message('{"sriov_vip": "yes"}'), "sriov_vip 'yes' is not of type 'boolean'");
  assert.equal(message('{"loadbalancer_topology": "TRIPLE"}'), "loadbalancer_topology 'TRIPLE' is not one of ['SINGLE', 'ACTIVE_STANDBY', 'ACTIVE_ACTIVE']");
  assert.equal(
    message('{"loadbalancer_topology": "active_active"}', 'haproxy'),
    "loadbalancer_topology 'active_active' is not one of ['SINGLE', 'ACTIVE_STANDBY', 'ACTIVE_ACTIVE']",
  );
  assert.equal(message('{"valid_vip_networks": []}', 'haproxy'), "Additional properties are not allowed ('valid_vip_networks' was unexpected)");
  assert.match(refusal('{"valid_vip_networks": [1]}', 'anything', 'availability_zone')[1], /valid_vip_networks \[1\] is not of type 'array'$/);
});

test('what carries nothing takes any key', () => {
  assert.deepEqual(refusal('{"hello": "world", "image": 1}'), [0, '']);
});

test('keys that objects have by themselves are keys like any other', () => {
  for (const key of ['__proto__', 'constructor', 'toString']) assert.equal(refusal(`{"${key}": "x"}`, 'haproxy')[0], 501);
});

test('whatever JSON comes is accepted or refused with a fault', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const [status] = refusal(text);
      assert.ok([0, 400, 501].includes(status));
    }),
  );
});

test('every capability says what it is', () => {
  for (const engine of ['haproxy', 'anything'] as const)
    for (const kind of ['flavor', 'availability_zone'] as const)
      for (const { name, description } of capabilitiesOf(engine, kind)) assert.ok(name !== '' && description !== '');
});
