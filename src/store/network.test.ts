import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { macOf } from '../model/mac.ts';
import type { Port, Subnet } from '../model/network.ts';
import { isInside } from './address-range.ts';
import { addNetwork, addSubnet } from './network.fixture.ts';
import { allocateAddress, createPort, deletePort, findSubnet, freeAddresses, hasFreeAddress, portById, subnetById, subnetIdsOf, subnetsOf } from './network.ts';
import { temporaryStore } from './store.fixture.ts';
import type { Store } from './store.ts';

async function subnetOf(
  t: TestContext,
  cidr: string,
  changes: Partial<Subnet> = {},
): Promise<{ store: Store; row: Subnet; take: (address?: string) => Promise<Port> }> {
  const store = await temporaryStore(t);
  const row = await store.transaction(async ({ db }) => addSubnet(db, (await addNetwork(db)).id, cidr, changes));
  const take = (address?: string): Promise<Port> => store.transaction((tx) => createPort(tx, newPort(row, address)));
  return { store, row, take };
}

function newPort(row: Subnet, address?: string): Parameters<typeof createPort>[1] {
  const fixedIps = [{ subnetId: row.id, ...(address === undefined ? {} : { address }) }];
  return { networkId: row.network_id, projectId: 'p1', name: '', deviceOwner: '', deviceId: '', fixedIps };
}

function addressOf(made: Port): string {
  return made.fixed_ips[0]?.ip_address ?? assert.fail('no address');
}

test('a small subnet is handed out whole, each address once, then there is none', async (t) => {
  const { store, row, take } = await subnetOf(t, '192.0.2.0/28');
  const taken: string[] = [];
  for (let index = 0; index < 13; index++) taken.push(addressOf(await take()));
  assert.deepEqual(
    taken,
    Array.from({ length: 13 }, (_, index) => `192.0.2.${index + 2}`),
  );
  assert.equal(await freeAddresses(store.db, row), 0);
  assert.equal(await hasFreeAddress(store.db, row), false);
  await assert.rejects(take(), { code: 'no_address_left', status: 409 });
});

test('a returned address comes back last, after the search went round', async (t) => {
  const { store, take } = await subnetOf(t, '192.0.2.0/29');
  const first = await take();
  await take();
  await store.transaction((tx) => deletePort(tx, first.id));
  const rest = [addressOf(await take()), addressOf(await take()), addressOf(await take()), addressOf(await take())];
  assert.deepEqual(rest, ['192.0.2.4', '192.0.2.5', '192.0.2.6', '192.0.2.2']);
  await assert.rejects(take(), { code: 'no_address_left' });
});

test('whatever is taken, returned and asked for by name: never twice, never outside, never the gateway', async (t) => {
  const { store, row, take } = await subnetOf(t, '198.51.100.0/27', { gateway_ip: '198.51.100.7' });
  const held = new Map<string, Port>();
  const step = fc.oneof(
    fc.constant('take' as const),
    fc.nat(31).map((host) => `198.51.100.${host}`),
    fc.nat(40),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      for (const what of steps) {
        if (typeof what === 'number') {
          const [address, made] = [...held][what] ?? [];
          if (address !== undefined && made) await store.transaction((tx) => deletePort(tx, made.id));
          held.delete(address ?? '');
          continue;
        }
        const made = await take(what === 'take' ? undefined : what).catch((error: { code: string }) => error.code);
        if (typeof made === 'string') {
          const expected = what === 'take' ? 'no_address_left' : held.has(what) || what === '198.51.100.7' ? 'address_in_use' : 'invalid_input';
          assert.equal(made, expected, what);
          continue;
        }
        const address = addressOf(made);
        assert.ok(!held.has(address) && isInside(row.cidr, address) && !/\.(0|7|31)$/.test(address), address);
        held.set(address, made);
      }
      assert.equal(await freeAddresses(store.db, row), 29 - held.size);
    }),
    { numRuns: 15 },
  );
});

test('many at once: each gets another address, the ones too many are told so', async (t) => {
  const { take } = await subnetOf(t, '192.0.2.0/26');
  const results = await Promise.allSettled(Array.from({ length: 80 }, () => take()));
  const addresses = results.flatMap((result) => (result.status === 'fulfilled' ? [addressOf(result.value)] : []));
  assert.equal(addresses.length, 61);
  assert.equal(new Set(addresses).size, 61);
  const refusals = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as { code: string }).code] : []));
  assert.deepEqual(
    refusals,
    Array.from({ length: 19 }, () => 'no_address_left'),
  );
});

test('a transaction that fails gives its address back', async (t) => {
  const { store, row } = await subnetOf(t, '192.0.2.0/30');
  const failing = store.transaction(async (tx) => {
    await createPort(tx, newPort(row));
    throw new Error('no');
  });
  await assert.rejects(failing, /no/);
  assert.equal(await freeAddresses(store.db, row), 1);
  assert.equal(await store.transaction((tx) => allocateAddress(tx, row)), '192.0.2.2');
});

test('IPv6: a /64 has room, counts no further than numbers go, and takes written forms as one', async (t) => {
  const { store, row, take } = await subnetOf(t, 'fd00:1::/64');
  assert.equal(addressOf(await take()), 'fd00:1::1');
  assert.equal(addressOf(await take('fd00:1:0:0:0:0:0:2')), 'fd00:1::2');
  assert.equal(addressOf(await take()), 'fd00:1::3');
  assert.equal(addressOf(await take('fd00:1::ffff:ffff:ffff:ffff')), 'fd00:1::ffff:ffff:ffff:ffff');
  await assert.rejects(take('FD00:1::0002'), { code: 'address_in_use' });
  await assert.rejects(take('fd00:2::1'), { code: 'invalid_input' });
  assert.equal(await freeAddresses(store.db, row), Number.MAX_SAFE_INTEGER);
});

test('a crowded stretch is passed, however long', async (t) => {
  const { store, row, take } = await subnetOf(t, '10.0.0.0/20', { allocation_cursor: '10.0.0.1' });
  const crowd = await take('10.0.15.254');
  await store.transaction(async ({ db }) => {
    const rows = Array.from({ length: 4000 }, (_, index) => ({
      subnet_id: row.id,
      ip_address: `10.0.${(index + 2) >> 8}.${(index + 2) & 255}`,
      port_id: crowd.id,
    }));
    for (let from = 0; from < rows.length; from += 1000)
      await db
        .insertInto('address')
        .values(rows.slice(from, from + 1000))
        .execute();
  });
  assert.equal(addressOf(await take()), '10.0.15.162');
  assert.equal((await subnetById(store.db, row.id))?.allocation_cursor, '10.0.15.162');
});

test('only pools are handed out; outside them an address must be asked for', async (t) => {
  const { take } = await subnetOf(t, '192.0.2.0/24', { allocation_pools: [{ start: '192.0.2.100', end: '192.0.2.101' }] });
  assert.deepEqual([addressOf(await take()), addressOf(await take('192.0.2.5')), addressOf(await take())], ['192.0.2.100', '192.0.2.5', '192.0.2.101']);
  await assert.rejects(take(), { code: 'no_address_left' });
});

for (const wanted of ['', 'x', '192.0.2', '192.0.2.256', '192.0.2.0', '192.0.2.255', '192.0.3.1', '::1', '192.0.2.5 ', '192.0.2.5\n', '1'.repeat(300)]) {
  test(`no address: ${JSON.stringify(wanted.slice(0, 20))}`, async (t) => {
    const { take } = await subnetOf(t, '192.0.2.0/24');
    await assert.rejects(take(wanted), { code: 'invalid_input', status: 400 });
  });
}

test('a port has a MAC from its first address, its addresses, and gives both back', async (t) => {
  const { store, row } = await subnetOf(t, '192.0.2.0/24');
  const other = await store.transaction(({ db }) => addSubnet(db, row.network_id, 'fd00::/64'));
  const wanted = { ...newPort(row), fixedIps: [{ subnetId: row.id }, { subnetId: row.id }, { subnetId: other.id }] };
  const made = await store.transaction((tx) => createPort(tx, wanted));
  assert.deepEqual(
    made.fixed_ips.map(({ ip_address }) => ip_address),
    ['192.0.2.2', '192.0.2.3', 'fd00::1'],
  );
  assert.equal(made.mac_address, macOf('192.0.2.2'));
  assert.deepEqual(await portById(store.db, made.id), made);
  await store.transaction((tx) => deletePort(tx, made.id));
  assert.equal(await portById(store.db, made.id), undefined);
  assert.deepEqual(await store.db.selectFrom('address').selectAll().execute(), []);
});

test('a MAC exists once per network; one chosen by hand does not stand in the way of a derived one', async (t) => {
  const { store, row, take } = await subnetOf(t, '192.0.2.0/24');
  const make = (mac: string): Promise<Port> => store.transaction((tx) => createPort(tx, { ...newPort(row, '192.0.2.50'), fixedIps: [], mac }));
  assert.equal((await make(macOf('192.0.2.2').toUpperCase())).mac_address, macOf('192.0.2.2'));
  await assert.rejects(make(macOf('192.0.2.2')), { code: 'in_use', status: 409 });
  const made = await take();
  assert.equal(addressOf(made), '192.0.2.2');
  assert.notEqual(made.mac_address, macOf('192.0.2.2'));
});

test('ports need their network, and subnets of it', async (t) => {
  const { store, row } = await subnetOf(t, '192.0.2.0/24');
  const foreign = await store.transaction(async ({ db }) => addSubnet(db, (await addNetwork(db)).id, '198.51.100.0/24'));
  const make = (changes: object): Promise<Port> => store.transaction((tx) => createPort(tx, { ...newPort(row), ...changes }));
  await assert.rejects(make({ networkId: 'nothing' }), { code: 'not_found' });
  await assert.rejects(make({ fixedIps: [{ subnetId: foreign.id }] }), { code: 'invalid_input' });
  await assert.rejects(make({ fixedIps: [{ subnetId: 'nothing' }] }), { code: 'invalid_input' });
});

test('subnets by id and by name, among those a project sees', async (t) => {
  const store = await temporaryStore(t);
  const [own, shared, foreign] = [
    await store.transaction(({ db }) => addNetwork(db)),
    await store.transaction(({ db }) => addNetwork(db, { project_id: 'p2', shared: true })),
    await store.transaction(({ db }) => addNetwork(db, { project_id: 'p2' })),
  ];
  const rows = {
    own: await store.transaction(({ db }) => addSubnet(db, own.id, '192.0.2.0/24', { name: 'own' })),
    shared: await store.transaction(({ db }) => addSubnet(db, shared.id, '192.0.2.0/24', { name: 'shared', project_id: 'p2' })),
    foreign: await store.transaction(({ db }) => addSubnet(db, foreign.id, '192.0.2.0/24', { name: 'foreign', project_id: 'p2' })),
  };
  for (const [name, row] of Object.entries(rows)) {
    const expected = name === 'foreign' ? undefined : row;
    for (const text of [name, row.id]) {
      assert.deepEqual(await findSubnet(store.db, text, 'p1'), expected, text);
      assert.deepEqual(await findSubnet(store.db, text, null), row, text);
    }
  }
  await store.transaction(({ db }) => addSubnet(db, own.id, '198.51.100.0/24', { name: 'own' }));
  await assert.rejects(findSubnet(store.db, 'own', 'p1'), { code: 'validation', message: /More than one subnet is named 'own'/ });
  for (const text of ['', "'; drop table subnet; --", '%', 'x'.repeat(10_000)]) assert.equal(await findSubnet(store.db, text, null), undefined);
});

test('subnets of a network in order of creation', async (t) => {
  const { store, row } = await subnetOf(t, '192.0.2.0/24');
  const second = await store.transaction(({ db }) => addSubnet(db, row.network_id, '198.51.100.0/24'));
  assert.deepEqual(
    (await subnetsOf(store.db, row.network_id)).map(({ id }) => id),
    [row.id, second.id],
  );
  assert.deepEqual([...(await subnetIdsOf(store.db, [row.network_id, 'nothing']))], [[row.network_id, [row.id, second.id]]]);
});
