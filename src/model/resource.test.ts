import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from './fault.ts';
import { cidr, ipAddress, uuid } from './field.ts';
import { healthMonitor } from './health-monitor.ts';
import { listener } from './listener.ts';
import { loadBalancer } from './load-balancer.ts';
import { member } from './member.ts';
import { network, port, subnet } from './network.ts';
import { pool } from './pool.ts';
import { type Resource, columns, objectSchema, parseCreate, parseUpdate, shownFields } from './resource.ts';

const ALL: readonly Resource[] = [loadBalancer, listener, pool, member, healthMonitor, network, subnet, port];
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error.message;
  }
  return 'accepted';
};

test('defaults are filled in, numeric strings and other spellings of booleans are taken', () => {
  const body = parseCreate(member, { member: { address: '192.0.2.1', protocol_port: '80', backup: 'True', admin_state_up: 0, name: null } });
  assert.deepEqual([body.protocol_port, body.backup, body.admin_state_up, body.name, body.weight, body.monitor_port], [80, true, false, '', 1, null]);
});

test('null on an update resets, and what has no default cannot be reset', () => {
  assert.deepEqual(parseUpdate(member, { member: { weight: null, admin_state_up: null, tags: null } }), { weight: 1, admin_state_up: false, tags: [] });
  assert.match(
    refusal(() => parseUpdate(pool, { pool: { lb_algorithm: null } })),
    /^Invalid input for field\/attribute lb_algorithm\. Value: 'null'\. Mandatory field missing\.$/,
  );
});

test('what only the server writes, and what only the creator writes, is unknown elsewhere', () => {
  for (const name of ['id', 'provisioning_status', 'generation', 'deleting', 'pool_id', 'constructor', '__proto__']) {
    const object = JSON.parse(`{"address":"192.0.2.1","protocol_port":80,"${name}":1}`) as object;
    assert.equal(
      refusal(() => parseCreate(member, { member: object })),
      `Unknown attribute(s) for argument member: ${name}`,
    );
  }
  assert.equal(
    refusal(() => parseUpdate(member, { member: { address: '192.0.2.2' } })),
    'Unknown attribute(s) for argument member: address',
  );
});

test('addresses, networks and identifiers are normalised', () => {
  assert.equal(ipAddress.parse('2001:DB8::0:1'), '2001:db8::1');
  assert.equal(cidr.parse('192.0.2.77/24'), '192.0.2.0/24');
  assert.equal(cidr.parse('2001:db8::77/64'), '2001:db8::/64');
  assert.equal(cidr.parse('192.0.2.1'), '192.0.2.1/32');
  assert.equal(uuid.parse('6DC0A7F512224F41B70BF9700378EC85'), '6dc0a7f5-1222-4f41-b70b-f9700378ec85');
  for (const value of ['192.0.2.256', '::ffff:192.0.2.1', 'fe80::1%eth0', '', ' 192.0.2.1', '192.0.2.1\n', 7, null])
    assert.throws(() => ipAddress.parse(value));
  for (const value of ['192.0.2.0/33', '192.0.2.0/-1', '192.0.2.0/24/8', '192.0.2.0/', '/24', 'x/8']) assert.throws(() => cidr.parse(value), value);
});

test('property: any JSON is either taken or refused with a 400, for every resource', () => {
  for (const resource of ALL) {
    const attributes = fc.dictionary(
      fc.constantFrom(...Object.keys(resource.fields), 'colour'),
      fc.oneof(fc.jsonValue(), fc.string(), fc.integer(), fc.ipV4(), fc.uuid()),
      { maxKeys: 6 },
    );
    fc.assert(
      fc.property(fc.oneof(attributes, fc.jsonValue()), (object) => {
        for (const parse of [parseCreate, parseUpdate]) {
          try {
            const parsed = parse(resource, { [resource.name]: object });
            assert.ok(Object.values(parsed).every((value) => value !== undefined));
          } catch (error) {
            assert.ok(error instanceof Fault && error.status === 400, String(error));
            assert.ok(error.message.length < 2000, 'a message does not echo everything back');
          }
        }
      }),
      { numRuns: 500 },
    );
  }
});

test('responses are described with exactly the declared attributes', () => {
  for (const resource of ALL) {
    const { properties } = objectSchema(resource, 'response') as { properties: object };
    assert.deepEqual(Object.keys(properties), shownFields(resource));
    assert.ok(shownFields(resource).includes('id') && columns(resource).has('id'), resource.name);
  }
});
