/** A client and a web server on an IPv6 network of a playground; the lab has IPv4 only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { macOf } from '../src/model/mac.ts';
import { ipBatch } from '../src/nodes/local/ip.ts';
import { createNamespace, deleteNamespace } from '../src/nodes/local/namespace.ts';
import { nodeSysctls } from '../src/nodes/local/node-sysctls.ts';
import { plug } from '../src/nodes/local/switch.ts';
import { type Playground, command } from './playground.fixture.ts';

const WEB_SERVER = fileURLToPath(new URL('../src/lab/web-server.ts', import.meta.url));
const ADDRESSES = { client: 'fd00:77::c', web: 'fd00:77::b' } as const;
const HOSTS = ['client', 'web'] as const;

export class SixHosts {
  readonly web = ADDRESSES.web;
  readonly #cloud: Playground;
  #server: ChildProcess | null = null;

  private constructor(cloud: Playground) {
    this.#cloud = cloud;
  }

  static async create(cloud: Playground, networkId: string): Promise<SixHosts> {
    const hosts = new SixHosts(cloud);
    for (const host of HOSTS) await hosts.#connect(host, networkId);
    await hosts.#serve();
    return hosts;
  }

  #namespace(host: keyof typeof ADDRESSES): string {
    return `weir-${this.#cloud.instance}-six-${host}`;
  }

  async #connect(host: keyof typeof ADDRESSES, networkId: string): Promise<void> {
    const [namespace, address] = [this.#namespace(host), ADDRESSES[host]];
    await createNamespace(namespace, nodeSysctls());
    await plug({ instance: this.#cloud.instance, networkId, namespace, name: 'eth0', mac: macOf(address), mtu: 1500, hostLink: `six-${host}.0` });
    await ipBatch(namespace, [['address', 'add', `${address}/64`, 'dev', 'eth0', 'nodad']]);
  }

  async #serve(): Promise<void> {
    const server = spawn('nsenter', [`--net=/run/netns/${this.#namespace('web')}`, process.execPath, WEB_SERVER, 'six', '80'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#server = server;
    await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
  }

  /** Who answers; empty when nobody does. */
  async ask(address: string): Promise<string> {
    const { stdout } = await command('nsenter', [`--net=/run/netns/${this.#namespace('client')}`, 'curl', '-sS', '--max-time', '1', `http://[${address}]/`]);
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    if (server && server.exitCode === null) {
      const exit = once(server, 'exit');
      server.kill('SIGKILL');
      await exit;
    }
    for (const host of HOSTS) await deleteNamespace(this.#namespace(host));
  }
}
