/** What end-to-end tests of TLS share: certificates put into the key manager, a client that speaks TLS, members that do. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Openssl, openssl } from '../src/api/key-manager/openssl.fixture.ts';
import { Balancers, type Row } from './balancers.fixture.ts';
import type { Echo, EchoOptions } from './echo-program.fixture.ts';
import { Playground, type Ran, command, until } from './playground.fixture.ts';

const MEMBER = fileURLToPath(new URL('echo-program.fixture.ts', import.meta.url));
export const CA = 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n';
export const WEB1 = '192.168.1.10';

export class TlsCloud {
  readonly cloud: Playground;
  readonly lbaas: Balancers;

  private constructor(cloud: Playground, lbaas: Balancers) {
    this.cloud = cloud;
    this.lbaas = lbaas;
  }

  static async start(settings = ''): Promise<TlsCloud> {
    const cloud = await Playground.create(settings);
    try {
      await cloud.serve();
      const { code, stderr } = await cloud.weir('lab', 'up');
      assert.equal(code, 0, stderr);
      return new TlsCloud(cloud, new Balancers(cloud, await cloud.api()));
    } catch (error) {
      await cloud.destroy();
      throw error;
    }
  }

  /** Puts a secret into the key manager; its reference. */
  async store(payload: string | Buffer): Promise<string> {
    const body = typeof payload === 'string' ? { payload, payload_content_type: 'text/plain' } : octets(payload);
    return (await this.lbaas.api.request<{ secret_ref: string }>('POST', '/key-manager/v1/secrets', body)).secret_ref;
  }

  async contain(parts: Readonly<Record<string, string>>): Promise<string> {
    const secret_refs = Object.entries(parts).map(([name, secret_ref]) => ({ name, secret_ref }));
    const body = { type: 'certificate', name: 'c', secret_refs };
    return (await this.lbaas.api.request<{ container_ref: string }>('POST', '/key-manager/v1/containers', body)).container_ref;
  }

  async forget(ref: string): Promise<void> {
    await this.lbaas.api.request('DELETE', new URL(ref).pathname);
  }

  /** A balancer whose listener ends TLS on port 443, with web1 behind it on `port`. */
  async site(listener: Record<string, unknown>, pool: Record<string, unknown> = {}, port = 80): Promise<Site> {
    const subnet_id = await this.lbaas.subnet('private-subnet');
    const balancer = await this.lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id: subnet_id });
    const made = await this.lbaas.make('listeners', 'listener', {
      protocol: 'TERMINATED_HTTPS',
      protocol_port: 443,
      loadbalancer_id: balancer.id,
      ...listener,
    });
    const behind = await this.lbaas.make('pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: made.id, ...pool });
    await this.lbaas.make(`pools/${behind.id}/members`, 'member', { address: WEB1, protocol_port: port, subnet_id });
    await this.lbaas.settled();
    return { address: balancer.vip_address, balancer, listener: made, pool: behind };
  }

  /** curl on the lab's client, asking for a name at the balancer's address. */
  async curl({ address }: Pick<Site, 'address'>, name: string, ...options: string[]): Promise<Ran> {
    const words = ['curl', '-sS', '--max-time', '5', '--resolve', `${name}:443:${address}`, ...options, `https://${name}/`];
    return this.#onClient(...words);
  }

  /** The body of what curl got; fails where it failed. */
  async page(site: Pick<Site, 'address'>, name: string, ...options: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.curl(site, name, ...options);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  async echo(site: Pick<Site, 'address'>, name: string, ...options: string[]): Promise<Echo> {
    return JSON.parse(await this.page(site, name, ...options)) as Echo;
  }

  /** What openssl's client says of a handshake. */
  async handshake({ address }: Pick<Site, 'address'>, ...options: string[]): Promise<string> {
    const { stdout, stderr } = await this.#onClient('sh', '-c', 'exec openssl s_client "$@" </dev/null', 'sh', '-connect', `${address}:443`, ...options);
    return stdout + stderr;
  }

  /** Common name of the certificate that is shown; `name` asks for one by SNI. */
  async shown(site: Pick<Site, 'address'>, name?: string): Promise<string> {
    const said = await this.handshake(site, ...(name === undefined ? ['-noservername'] : ['-servername', name]));
    return /^subject=CN = (\S+)$/m.exec(said)?.[1] ?? '';
  }

  #onClient(...words: string[]): Promise<Ran> {
    return command('nsenter', [`--net=/run/netns/weir-${this.cloud.instance}-lab-client`, ...words]);
  }

  async answers(site: Pick<Site, 'address'>, name: string, ...options: string[]): Promise<void> {
    await until(`${name} answers`, async () => (await this.curl(site, name, '-k', ...options)).code === 0);
  }

  /** Starts a member on web1 that tells what reached it; it ends with the test. */
  member(t: TestContext, options: EchoOptions): Promise<void> {
    return this.program(t, MEMBER, JSON.stringify(options));
  }

  /** Starts a program on web1 that says when it is ready; it ends with the test. */
  async program(t: TestContext, file: string, argument: string): Promise<void> {
    const words = [`--net=/run/netns/weir-${this.cloud.instance}-lab-web1`, process.execPath, file, argument];
    const child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    const ready = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => null)]);
    assert.ok(ready, 'the member did not start');
  }
}

export interface Site {
  readonly address: string;
  readonly balancer: Row;
  readonly listener: Row;
  readonly pool: Row;
}

function octets(payload: Buffer): Record<string, string> {
  return { payload: payload.toString('base64'), payload_content_type: 'application/octet-stream', payload_content_encoding: 'base64' };
}

export interface Papers extends Openssl {
  /** Where curl finds the file. */
  path(name: string): Promise<string>;
  /** curl's options to show a certificate. */
  showing(name: string): Promise<string[]>;
  /** Revokes a certificate that `root` signed; the list. */
  revoke(name: string): string;
}

/** openssl in a directory of its own, with an authority `root`, a site `a` and a site `b` that it signed. */
export async function papers(t: TestContext): Promise<Papers> {
  const ssl = await openssl(t);
  const directory = await mkdtemp('/tmp/weir-papers-');
  t.after(() => rm(directory, { recursive: true }));
  ssl.selfSigned('root', undefined, ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']);
  for (const name of ['a', 'b']) ssl.signed(name, 'root', `subjectAltName=DNS:${name}.example,DNS:*.${name}.example\n`);
  const path = async (name: string): Promise<string> => {
    await writeFile(join(directory, name), ssl.read(name), { mode: 0o600 });
    return join(directory, name);
  };
  const showing = async (name: string): Promise<string[]> => ['--cert', await path(`${name}.pem`), '--key', await path(`${name}.key`)];
  const revoke = (name: string): string => {
    ssl.revocations('root');
    ssl.run('ca', '-config', 'root.cnf', '-revoke', `${name}.pem`, '-keyfile', 'root.key', '-cert', 'root.pem');
    ssl.run('ca', '-config', 'root.cnf', '-gencrl', '-keyfile', 'root.key', '-cert', 'root.pem', '-out', 'root.crl');
    return ssl.text('root.crl');
  };
  return { ...ssl, path, showing, revoke };
}
