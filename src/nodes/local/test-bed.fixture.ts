/** For tests: an installation of its own, removed whatever happens, and hosts plugged into its networks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { macOf } from '../../model/mac.ts';
import { type Log, silent } from '../../model/log.ts';
import { NETWORK } from '../sample-node.fixture.ts';
import { ipBatch } from './ip.ts';
import { LocalNodes } from './local-nodes.ts';
import { createNamespace, deleteNamespace, end, namespaceNames, processesIn } from './namespace.ts';
import { namespacePath, switchNamespace } from './names.ts';
import { nodeSysctls } from './node-sysctls.ts';
import { type Bridge, plug } from './switch.ts';

const FIXTURES = fileURLToPath(new URL('.', import.meta.url));

export class TestBed {
  readonly instance = randomBytes(3).toString('hex');
  readonly runPath = `/run/weir-test-${this.instance}`;
  readonly bridgeMappings = new Map<string, Bridge>();
  readonly #children: ChildProcess[] = [];

  /** A driver as a new process would make it. */
  driver(log: Log = silent): LocalNodes {
    const { instance, runPath, bridgeMappings } = this;
    return new LocalNodes({ instance, runPath, bridgeMappings, conntrackd: '/usr/sbin/conntrackd', advertMs: 100, log });
  }

  namespace(name: string): string {
    return `weir-${this.instance}-${name}`;
  }

  /** A namespace with one address on the network that sample nodes are on. */
  async addHost(name: string, address: string): Promise<string> {
    const namespace = this.namespace(name);
    await createNamespace(namespace, nodeSysctls());
    const hostLink = `h${this.instance}.${name}`;
    await plug({ instance: this.instance, networkId: NETWORK, namespace, name: 'eth0', mac: macOf(address), mtu: 1500, hostLink });
    await ipBatch(namespace, [
      ['link', 'set', 'dev', 'lo', 'up'],
      ['address', 'replace', `${address}/24`, 'dev', 'eth0'],
    ]);
    return namespace;
  }

  /** A host with a web server on port 8080 that answers with its name. */
  async addMember(name: string, address: string): Promise<ChildProcess> {
    const namespace = await this.addHost(name, address);
    const server = this.run(namespace, 'member.fixture.ts', [address, name]);
    await once(createInterface({ input: server.stdout ?? process.stdin }), 'line');
    return server;
  }

  run(namespace: string, program: string, args: readonly string[]): ChildProcess {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', `${FIXTURES}${program}`, ...args];
    const child = spawn('nsenter', [`--net=${namespacePath(namespace)}`, ...node], { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] } });
    this.#children.push(child);
    return child;
  }

  /** The proxy's processes of a node, and whatever else is in its namespace. */
  async pids(namespace: string): Promise<number[]> {
    return (await processesIn(namespace)).map(({ pid }) => pid);
  }

  /** Names of namespaces of this installation. */
  async namespaces(): Promise<string[]> {
    return (await namespaceNames()).filter((name) => name.startsWith(this.namespace('')));
  }

  async cleanUp(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    const driver = this.driver();
    for (const id of await driver.list()) await driver.remove(id);
    for (const namespace of (await this.namespaces()).toSorted((a) => (a === switchNamespace(this.instance) ? 1 : -1))) {
      await end(await processesIn(namespace), 0);
      await deleteNamespace(namespace);
    }
    await rm(this.runPath, { recursive: true, force: true });
  }
}
