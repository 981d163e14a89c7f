import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway, site } from '../model/gateway.ts';
import { insert } from '../store/rows.ts';
import { gatewayRow, siteRow, temporaryStore } from '../store/store.fixture.ts';
import { gatewayServers } from './gateway-servers.ts';

const SITE = siteRow();
const FACTS = {
  hostname: 'gw',
  release: '24.10.8',
  board: 'x86/64',
  memory_kib: '262144',
  address_lan: '192.168.1.1/24 fd00::1/60',
  address_loopback: '127.0.0.1/8',
};

test('without gateways there are no servers', async (t) => {
  assert.deepEqual(await gatewayServers(await temporaryStore(t)).servers(), []);
});

test('each gateway is a server: its state, its addresses, and what it is', async (t) => {
  const store = await temporaryStore(t);
  const rows = [
    gatewayRow(SITE.id, { facts: FACTS, tags: ['edge'], updated_at: '2026-11-23T00:00:00', description: 'Hall 3' }),
    gatewayRow(SITE.id, { name: 'gw-2', status: 'OFFLINE' }),
    gatewayRow(SITE.id, { name: 'gw-3', status: 'ERROR' }),
    gatewayRow(SITE.id, { name: 'gw-4', status: 'CHECKING' }),
  ];
  await store.transaction(async (tx) => {
    await insert(tx.db, site, SITE);
    for (const row of rows) await insert(tx.db, gateway, row);
  });
  const servers = await gatewayServers(store).servers();
  assert.deepEqual(
    servers.map(({ id, name, status, isOperators }) => [id, name, status, isOperators]),
    [
      [rows[0]?.id, 'gw-1', 'ACTIVE', true],
      [rows[1]?.id, 'gw-2', 'SHUTOFF', true],
      [rows[2]?.id, 'gw-3', 'ERROR', true],
      [rows[3]?.id, 'gw-4', 'BUILD', true],
    ],
  );
  const [known, unknown] = servers;
  assert.deepEqual(
    known?.addresses.map(({ network, address }) => `${network} ${address}`),
    ['lan 192.168.1.1', 'lan fd00::1'],
  );
  assert.deepEqual([known?.metadata, known?.tags, known?.flavor.ram], [{ site: 'plant-7', release: '24.10.8', board: 'x86/64' }, ['edge'], 256]);
  assert.deepEqual([known?.created, known?.updated, known?.availabilityZone], ['2026-11-22T17:51:50Z', '2026-11-23T00:00:00Z', 'plant-7']);
  assert.deepEqual([unknown?.addresses, unknown?.metadata], [[], { site: 'plant-7' }]);
});
