import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { macOf } from '../model/mac.ts';
import { switchNamespace } from '../nodes/local/names.ts';
import { namespaceExists, namespaceNames } from '../nodes/local/namespace.ts';
import { captureInLab, execInLab } from './exec.ts';
import { LAB_HOSTS } from './hosts.ts';
import { labDown, labStatus, labUp } from './lab.ts';
import { LabError } from './lab-error.ts';
import { labHost, labNamespace } from './names.ts';
import { startWebServer, stopWebServer } from './web-servers.ts';

const instance = randomBytes(3).toString('hex');
const networks = ['private', 'public'].map((name) => ({ id: randomUUID(), name, mtu: 1500, prefixLength: 24 }));
const curl = (path: string): Promise<string> => captureInLab(instance, 'client', ['curl', '--silent', '--fail', '--max-time', '10', path]);

describe('the lab', () => {
  before(() => labUp(instance, networks));
  after(() => labDown(instance));

  test('the client reaches both web servers, and they say who they are', async () => {
    assert.equal(await curl('http://192.168.1.10/'), 'web1\n');
    assert.equal(await curl('http://192.168.1.11:8080/anything'), 'web2\n');
    assert.equal(await curl('http://192.168.1.10/health'), 'ok\n');
    assert.equal((await curl('http://192.168.1.11/bytes?n=200000')).length, 200_000);
    assert.match(await captureInLab(instance, 'client', ['curl', '-s', '-D', '-', 'http://192.168.1.10/slow?ms=10']), /^x-served-by: web1\r$/im);
  });

  test('every interface has the MAC of its address', async () => {
    const links = await captureInLab(instance, 'client', ['ip', '-o', 'link', 'show']);
    assert.ok(links.includes(macOf('192.168.1.100')) && links.includes(macOf('203.0.113.100')), links);
  });

  test('the networks are apart, and nothing leads out of them', async () => {
    await assert.rejects(captureInLab(instance, 'web1', ['curl', '-s', '--max-time', '2', 'http://203.0.113.100/']));
    assert.doesNotMatch(await captureInLab(instance, 'client', ['ip', 'route']), /default/);
  });

  test('built again it keeps what runs', async () => {
    const earlier = await labStatus(instance);
    await labUp(instance, networks);
    assert.deepEqual(await labStatus(instance), earlier);
    assert.deepEqual(
      earlier.map(({ host, state, pid }) => [host, state, pid !== null]),
      [
        ['client', 'up', false],
        ['web1', 'up', true],
        ['web2', 'up', true],
      ],
    );
  });

  test('networks made anew are plugged anew', async () => {
    const anew = networks.map((network) => ({ ...network, id: randomUUID() }));
    await labUp(instance, anew);
    assert.equal(await curl('http://192.168.1.10/'), 'web1\n');
    await labUp(instance, networks);
    assert.equal(await curl('http://192.168.1.11/'), 'web2\n');
  });

  test('a web server stops and starts alone', async () => {
    const host = labHost('web1');
    await stopWebServer(host, labNamespace(instance, host));
    await assert.rejects(curl('http://192.168.1.10/'));
    assert.equal(await curl('http://192.168.1.11/'), 'web2\n');
    await startWebServer(host, labNamespace(instance, host));
    assert.equal(await curl('http://192.168.1.10/'), 'web1\n');
  });

  test('arguments reach a program as they are, and its exit code comes back', async () => {
    assert.equal(await captureInLab(instance, 'client', ['printf', '%s|', '$HOME', '; true', 'a b']), '$HOME|; true|a b|');
    assert.equal(await execInLab(instance, 'client', ['sh', '-c', 'exit 7']), 7);
    assert.equal(await execInLab(instance, 'client', ['sh', '-c', 'kill -KILL $$']), 137);
    assert.throws(() => execInLab(instance, 'nobody', ['true']), LabError);
  });

  test('torn down, nothing is left, and doing it again is no error', async () => {
    const { pid } = (await labStatus(instance))[1] ?? {};
    await labDown(instance);
    await labDown(instance);
    assert.equal(await namespaceExists(switchNamespace(instance)), false);
    assert.deepEqual(
      (await namespaceNames()).filter((name) => name.includes(instance)),
      [],
    );
    assert.throws(() => process.kill(pid ?? 0, 0), { code: 'ESRCH' });
    assert.deepEqual(
      (await labStatus(instance)).map(({ state }) => state),
      LAB_HOSTS.map(() => 'down'),
    );
  });
});
