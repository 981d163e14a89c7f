/** The lab's networks as a tutorial expects them: a floating IP for a VIP by OpenStack's own command, while traffic stays where it is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { LAB_NETWORKS } from '../src/lab/hosts.ts';
import { Playground } from './playground.fixture.ts';

const hasCommand = spawnSync('/usr/bin/openstack', ['loadbalancer', '--help']).status === 0;

type Shown = Record<string, string>;

describe('floating IPs in the lab', { skip: !hasCommand && 'no openstack command', timeout: 300_000 }, () => {
  let cloud: Playground;
  before(async () => {
    cloud = await Playground.create();
    await cloud.serve();
    await weir('lab', 'up');
  });
  after(() => cloud.destroy());

  async function weir(...words: string[]): Promise<void> {
    const { code, stderr } = await cloud.weir(...words);
    assert.equal(code, 0, stderr);
  }

  async function openstack(...words: string[]): Promise<void> {
    const { code, stderr } = await cloud.openstack(...words);
    assert.equal(code, 0, `openstack ${words.join(' ')}: ${stderr}`);
  }

  const show = (...words: string[]): Promise<Shown> => cloud.json<Shown>(...words);
  const namesOf = async (kind: string, ...words: string[]): Promise<string[]> =>
    (await cloud.json<Shown[]>(kind, 'list', ...words)).map((row) => row['Name'] ?? '').toSorted();

  test("the tutorial's commands give a VIP its floating IP and take it away", async () => {
    assert.deepEqual(await namesOf('network', '--external'), ['public']);
    await openstack('loadbalancer', 'create', '--name', 'web', '--vip-subnet-id', 'private-subnet', '--wait');
    const { vip_address: vip = '', vip_port_id: port = '' } = await show('loadbalancer', 'show', 'web');
    const { id = '', floating_ip_address: outside = '' } = await show('floating', 'ip', 'create', 'public');
    assert.match(outside, /^203\.0\.113\./);
    await openstack('floating', 'ip', 'set', '--port', port, id);
    const set = await show('floating', 'ip', 'show', outside);
    assert.deepEqual([set['port_id'], set['fixed_ip_address'], set['status']], [port, vip, 'ACTIVE']);
    await openstack('floating', 'ip', 'unset', '--port', id);
    await openstack('floating', 'ip', 'delete', id);
    const direct = await show('floating', 'ip', 'create', '--port', port, 'public');
    assert.equal(direct['fixed_ip_address'], vip);
  });

  test('traffic goes as before: over the VIP, inside the lab, and nowhere else', async () => {
    await openstack('loadbalancer', 'listener', 'create', '--name', 'front', '--protocol', 'HTTP', '--protocol-port', '80', 'web');
    await openstack('loadbalancer', 'pool', 'create', '--name', 'back', '--protocol', 'HTTP', '--lb-algorithm', 'ROUND_ROBIN', '--listener', 'front');
    const member = ['--address', '192.168.1.10', '--protocol-port', '80', '--subnet-id', 'private-subnet'];
    await openstack('loadbalancer', 'member', 'create', '--wait', ...member, 'back');
    assert.equal(await cloud.ask((await show('loadbalancer', 'show', 'web'))['vip_address'] ?? ''), 'web1');
    for (const host of ['client', 'web1', 'web2']) assert.doesNotMatch(await cloud.inLab(host, 'ip', 'route'), /via/);
    const hosts = LAB_NETWORKS.map(({ gateway }) => gateway).filter((gateway) => gateway !== null);
    for (const gateway of [...hosts, '203.0.113.1']) await assert.rejects(cloud.ask(gateway, '/', 1));
  });

  test('the lab is registered again without doubling, and keeps its router while a floating IP needs it', async () => {
    await weir('lab', 'up');
    assert.deepEqual(await namesOf('router'), ['router']);
    await weir('lab', 'down');
    assert.deepEqual(await namesOf('router'), ['router']);
    await openstack('loadbalancer', 'delete', '--cascade', '--wait', 'web');
    const left = await cloud.json<Shown[]>('floating', 'ip', 'list');
    for (const row of left) await openstack('floating', 'ip', 'delete', row['ID'] ?? '');
    await weir('lab', 'up');
    await weir('lab', 'down');
    assert.deepEqual([await namesOf('router'), await namesOf('network'), await cloud.json('port', 'list')], [[], [], []]);
  });

  test('a lab of before routers is brought up to it', async () => {
    const api = await cloud.api();
    const description = 'Made by the lab';
    for (const { name, subnet, cidr, pools } of LAB_NETWORKS) {
      const { network } = await api.request<{ network: Shown }>('POST', '/network/v2.0/networks', { network: { name, description, shared: true } });
      const old = { name: subnet, description, network_id: network['id'], ip_version: 4, cidr, gateway_ip: null, allocation_pools: pools };
      await api.request('POST', '/network/v2.0/subnets', { subnet: old });
    }
    await weir('lab', 'up');
    assert.equal((await show('subnet', 'show', 'private-subnet'))['gateway_ip'], '192.168.1.1');
    assert.deepEqual(await namesOf('network', '--external'), ['public']);
    assert.deepEqual(await namesOf('router'), ['router']);
  });
});
