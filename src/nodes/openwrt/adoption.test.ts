import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { SetClock } from '../../lab/gateways/clock.ts';
import { Device } from '../../lab/gateways/device.ts';
import { answer } from '../../lab/gateways/rpc.ts';
import { gatewayFacts } from '../../model/gateway-facts.ts';
import { Sealed } from '../../model/sealed.ts';
import { DIRECTORY, shareSection } from '../../render/gateway/names.ts';
import { section } from '../../render/uci/package.ts';
import { adoptionScript } from './adoption.ts';
import { GUARD, applyConfig } from './apply.ts';
import type { DeviceConfig } from './device-config.ts';
import { GatewayDevice } from './gateway-device.ts';
import { lookAt } from './look.ts';
import { GROUP, rightsFile } from './rights.ts';
import { NodeError } from '../node.ts';
import { GatewayClient } from './ubus/client.ts';
import { GatewayFault } from './ubus/fault.ts';
import { Session } from './ubus/session.ts';

type Rights = Record<string, { read: Record<string, unknown>; write: Record<string, unknown> }>;

/** A device with the user that the script makes, and these rights. */
function adopted(rights: string): GatewayClient {
  const names = { hostname: 'gw', lanAddress: '192.168.1.1/24', wanAddress: '198.51.100.2/24', wanGateway: '198.51.100.1', serial: 'one', rootPassword: 'x' };
  const device = new Device({
    ...names,
    release: '24.10',
    packages: ['haproxy', 'keepalived'],
    clock: new SetClock(),
    flash: 200_000,
    programs: new Map([['/usr/sbin/haproxy', () => ({ code: 0 })]]),
  });
  const { files } = device;
  device.adopt();
  files.write('/usr/share/rpcd/acl.d/edgeweir.json', rights);
  files.write(
    '/etc/config/rpcd',
    `\nconfig login 'edgeweir'\n\toption username 'edgeweir'\n\toption password 'plain:p'\n\tlist read '${GROUP}'\n\tlist write '${GROUP}'\n`,
  );
  const post = async (body: string): Promise<string> => (await answer(device, { method: 'POST', path: '/ubus', authorization: undefined, body })).body;
  return new GatewayClient(new Session({ post }, { username: 'edgeweir', password: 'p' }));
}

const cfg = (content: string) => ({ content, mode: 0o640, service: 'haproxy', lint: ['/usr/sbin/haproxy', '-c', '-f'] });

/** Everything that a server does, one after the other. */
async function manage(client: GatewayClient): Promise<void> {
  await lookAt(client);
  await carry(client, 'a');
  await carry(client, 'b');
  const uci = (port: string): DeviceConfig['uci'] => ({
    dhcp: [section('weir_a', 'domain', { name: 'a', ip: '192.0.2.1' })],
    edgeweir: [section('weir_a', 'share', { digest: port })],
    firewall: [section('weir_a', 'rule', { src: 'wan', dest_port: port })],
    keepalived: [section('weir_a', 'ipaddress', { address: '192.0.2.1' })],
    network: [section('weir_a', 'interface', { proto: 'static', device: '@lan' })],
  });
  const files = {
    '/etc/haproxy.cfg': cfg('a'),
    '/etc/hosts.edgeweir': { content: '192.0.2.1 a\n', mode: 0o644 },
    '/etc/nftables.d/edgeweir.nft': { content: '#\n', mode: 0o644 },
  };
  const options = { within: 30, settle: 0 };
  await applyConfig(client, { uci: uci('80'), files, services: ['haproxy'] }, options);
  await applyConfig(client, { uci: uci('81'), files: { ...files, '/etc/haproxy.cfg': cfg('b'), '/etc/hosts.edgeweir': null }, services: ['haproxy'] }, options);
  await applyConfig(client, { uci: { ...uci('81'), firewall: [section('weir_a', 'rule', { src: 'wan' })], dhcp: [] }, files: {}, services: [] }, options);
  const [outcome] = await client.outcomes([{ object: 'session', method: 'destroy', args: {} }]);
  if (!outcome || 'code' in outcome) throw new GatewayFault('denied', 'session destroy');
}

const NODE = '0b0b0b0b-0000-4000-8000-000000000001';

/** As a process does that has just begun. */
async function carry(client: GatewayClient, text: string): Promise<void> {
  const facts = gatewayFacts({ id: 'g', name: 'gw', facts: { programs: 'haproxy' } });
  const device = new GatewayDevice({ name: 'gw', identity: null, facts: async () => facts, client, within: 30, settle: 0, turn: (work) => work() });
  const mark = { config: 'edgeweir', name: shareSection(NODE), type: 'share', options: { node: NODE, file: [`${DIRECTORY}/tls/${text}.pem`] } };
  await device.set(NODE, {
    packets: `@table ip weir_${text}\n`,
    proxy: `# ${text}\n`,
    sections: [mark],
    files: [{ path: `tls/${text}.pem`, content: new Sealed(text) }],
  });
  assert.equal((await device.present(NODE))?.proxy, `# ${text}\n`);
  await device.read();
}

test('the rights are enough for all that a server does', async () => {
  await manage(adopted(rightsFile()));
});

/** Every right alone, with the file as it is without it. */
function eachLess(): [string, string][] {
  const { [GROUP]: group } = JSON.parse(rightsFile()) as Rights;
  assert.ok(group);
  return (['read', 'write'] as const).flatMap((block) =>
    Object.entries(group[block]).flatMap(([scope, objects]) => {
      const without = (changed: unknown): string => JSON.stringify({ [GROUP]: { ...group, [block]: { ...group[block], [scope]: changed } } });
      if (Array.isArray(objects))
        return objects.map((name): [string, string] => [`${block} ${scope} ${name}`, without(objects.filter((other) => other !== name))]);
      return Object.entries(objects as Record<string, string[]>).flatMap(([name, functions]) =>
        functions.map((one): [string, string] => [
          `${block} ${scope} ${name} ${one}`,
          without({ ...(objects as object), [name]: functions.filter((other) => other !== one) }),
        ]),
      );
    }),
  );
}

/** Rights whose lack is not noticed: reading what may be written comes with writing, and programs that are elsewhere are not missed. */
const NOT_MISSED = /^read uci |^read file \/(?:usr\/sbin|usr\/bin|sbin|bin)/;

for (const [right, rights] of eachLess()) {
  test(`without “${right}” ${NOT_MISSED.test(right) ? 'it still works' : 'it does not work'}`, async () => {
    const managing = manage(adopted(rights));
    if (NOT_MISSED.test(right)) await managing.catch((error: unknown) => assert.ok(error instanceof NodeError));
    else await assert.rejects(managing, NodeError);
  });
}

test('no right is for everything, and no program may be run with whatever arguments but our own', () => {
  const { [GROUP]: group } = JSON.parse(rightsFile()) as Rights;
  const text = JSON.stringify(group);
  assert.ok(!text.includes('"*"'));
  const files = group?.read['file'] as Record<string, string[]>;
  const run = Object.entries(files).filter(([, rights]) => rights.includes('exec'));
  assert.deepEqual(
    run.filter(([path]) => path.includes('*')).map(([path]) => path),
    [`${GUARD} *`],
  );
});

test('the script is good shell, carries its files whole, and takes no name that is more than a name', () => {
  const script = adoptionScript({ username: 'edgeweir' });
  execFileSync('sh', ['-n'], { input: script });
  assert.ok(script.includes(rightsFile()) && script.includes('edgeweir-guard arm SECONDS'));
  for (const username of ['', "a'b", 'a b', '$(id)', 'a\nb', 'x'.repeat(33)]) assert.throws(() => adoptionScript({ username }), RangeError);
});
