/**
 * Machines for end-to-end tests, each a network namespace: a server without any privilege, hosts with an agent each, web
 * servers and a client. They share two networks: one that the server and the agents talk over, and one (`physnet1`) that
 * balancers are on, of which each host has a bridge.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ipBatch } from '../src/nodes/local/ip.ts';
import { createNamespace, deleteNamespace, end, namespaceNames, processesAt, processesIn } from '../src/nodes/local/namespace.ts';
import { nodeSysctls } from '../src/nodes/local/node-sysctls.ts';
import { instanceOf } from '../src/store/instance.ts';
import { proxiesBelow } from './footprint.fixture.ts';
import { until } from './playground.fixture.ts';

const run = promisify(execFile);
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const MAIN = file('../src/cli/main.ts');
const PROGRAM = ['--disable-warning=ExperimentalWarning', MAIN];

const API = 'http://127.0.0.1:9876';
const AGENTS_PORT = '9879';
const SERVER_ADDRESS = '10.77.0.1';
const BRIDGE_SYSCTLS = { 'net.bridge.bridge-nf-call-iptables': '0', 'net.bridge.bridge-nf-call-ip6tables': '0', 'net.bridge.bridge-nf-call-arptables': '0' };
/** Of the network that balancers are on. */
export const CIDR = '198.51.100.0/24';
export const WEB = { web1: '198.51.100.21', web2: '198.51.100.22' } as const;
const CLIENT = '198.51.100.200';

export interface Rack {
  readonly name: string;
  readonly namespace: string;
  readonly state: string;
  readonly runPath: string;
  readonly instance: string;
}

type Body = Record<string, unknown>;

/** A process that asks the server from where it can be reached. */
interface Questions {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
}

export class Racks {
  readonly directory: string;
  readonly racks: readonly Rack[];
  readonly #tag: string;
  readonly #processes = new Map<string, ChildProcess>();
  #questions: Questions | null = null;
  #token = '';

  private constructor(directory: string, tag: string, count: number) {
    this.directory = directory;
    this.#tag = tag;
    this.racks = Array.from({ length: count }, (_, index): Rack => {
      const state = join(directory, `h${index + 1}`);
      return {
        name: `rack-${index + 1}`,
        namespace: this.#namespace(`h${index + 1}`),
        state,
        runPath: join(directory, `r${index + 1}`),
        instance: instanceOf(state),
      };
    });
  }

  static async create(count: number): Promise<Racks> {
    // Short, because sockets lie below it.
    const racks = new Racks(await mkdtemp('/tmp/weir-'), randomBytes(3).toString('hex'), count);
    await racks.#cable();
    return racks;
  }

  #namespace(name: string): string {
    return `weir-${this.#tag}-t-${name}`;
  }

  /** The fabric has a bridge for each of the networks; a host's own bridge hangs on the one of the balancers. */
  async #cable(): Promise<void> {
    const fabric = this.#namespace('net');
    await createNamespace(fabric, BRIDGE_SYSCTLS);
    const bridge = (name: string): string[] => [
      'link',
      'add',
      'name',
      name,
      'up',
      'type',
      'bridge',
      'forward_delay',
      '0',
      'stp_state',
      '0',
      'mcast_snooping',
      '0',
    ];
    await ipBatch(fabric, [bridge('brm'), bridge('brp')]);
    await this.#machine('ctl', [['brm', `${SERVER_ADDRESS}/24`]]);
    for (const [index, { namespace }] of this.racks.entries()) {
      await this.#machine(`h${index + 1}`, [
        ['brm', `10.77.0.${index + 11}/24`],
        ['brp', null],
      ]);
      await ipBatch(namespace, [bridge('brphys'), ['link', 'set', 'dev', 'eth1', 'master', 'brphys']]);
    }
    await this.#machine('cli', [['brp', `${CLIENT}/24`]]);
    for (const [name, address] of Object.entries(WEB)) {
      await this.#machine(name, [['brp', `${address}/24`]]);
      await this.#web(name);
    }
  }

  async #machine(name: string, links: readonly (readonly [bridge: string, address: string | null])[]): Promise<void> {
    const [namespace, fabric] = [this.#namespace(name), this.#namespace('net')];
    await createNamespace(namespace, { ...nodeSysctls(), ...BRIDGE_SYSCTLS });
    await ipBatch(namespace, [['link', 'set', 'dev', 'lo', 'up']]);
    for (const [index, [bridge, address]] of links.entries()) {
      const outer = ['name', `${name}.${index}`, 'master', bridge, 'up'];
      await ipBatch(fabric, [['link', 'add', ...outer, 'type', 'veth', 'peer', 'name', `eth${index}`, 'netns', namespace]]);
      await ipBatch(namespace, [['link', 'set', 'dev', `eth${index}`, 'up'], ...(address === null ? [] : [['address', 'add', address, 'dev', `eth${index}`]])]);
    }
  }

  async #web(name: string): Promise<void> {
    const child = spawn('nsenter', [`--net=/run/netns/${this.#namespace(name)}`, process.execPath, file('../src/lab/web-server.ts'), name, '80'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#processes.set(name, child);
    await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  }

  /** The server, as root without a single capability: no namespace, no route, no packet filter is its to touch. */
  async serve(): Promise<void> {
    const settings = {
      'DEFAULT.state_path': join(this.directory, 'ctl'),
      'DEFAULT.run_path': join(this.directory, 'rc'),
      'local_node.enabled': 'false',
      'agents.bind_port': AGENTS_PORT,
      'identity.admin_password': 'secret',
    };
    const bare = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
    this.#start('ctl', this.#namespace('ctl'), [...bare, process.execPath, ...PROGRAM, 'serve', ...sets(settings)]);
    await until('the server answers', async () => (await this.#send('GET', '/')).status === 200);
    await this.#logIn();
  }

  agent({ name, namespace, state, runPath }: Rack, ...words: string[]): ChildProcess {
    const settings = { 'DEFAULT.state_path': state, 'DEFAULT.run_path': runPath, 'local_node.bridge_mappings': 'physnet1:brphys' };
    return this.#start(name, namespace, [process.execPath, ...PROGRAM, 'agent', '--server', `${SERVER_ADDRESS}:${AGENTS_PORT}`, ...words, ...sets(settings)]);
  }

  #start(name: string, namespace: string, command: readonly string[]): ChildProcess {
    const log = openSync(this.logOf(name), 'a');
    const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, ...command], { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#processes.set(name, child);
    return child;
  }

  logOf(name: string): string {
    return join(this.directory, `${name}.log`);
  }

  pidOf(name: string): number {
    return this.#processes.get(name)?.pid ?? 0;
  }

  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#processes.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async #logIn(): Promise<void> {
    const password = { user: { name: 'admin', domain: { id: 'default' }, password: 'secret' } };
    const auth = { identity: { methods: ['password'], password }, scope: { project: { name: 'admin', domain: { id: 'default' } } } };
    const { token, body } = await this.#send('POST', '/identity/v3/auth/tokens', { auth });
    if (token === null) throw new Error(body);
    this.#token = token;
  }

  /** As administrator; throws unless it succeeds. */
  async call<T = Body>(method: string, path: string, body?: Body): Promise<T> {
    const { status, body: text } = await this.#send(method, path, body);
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  async #send(method: string, path: string, body?: Body): Promise<{ status: number; token: string | null; body: string }> {
    this.#questions ??= this.#openQuestions();
    const { child, lines } = this.#questions;
    const headers = { 'content-type': 'application/json', ...(this.#token === '' ? {} : { 'x-auth-token': this.#token }) };
    child.stdin?.write(`${JSON.stringify({ method, url: `${API}${path}`, headers, body: body === undefined ? null : JSON.stringify(body) })}\n`);
    const { value } = (await lines.next()) as IteratorYieldResult<string>;
    return JSON.parse(value) as { status: number; token: string | null; body: string };
  }

  #openQuestions(): Questions {
    const words = [`--net=/run/netns/${this.#namespace('ctl')}`, process.execPath, file('fetch-program.fixture.ts')];
    const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#processes.set('questions', child);
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  }

  /** Who answers the client; empty when nobody does. */
  async ask(address: string, seconds = 1): Promise<string> {
    const words = [`--net=/run/netns/${this.#namespace('cli')}`, 'curl', '-s', '--max-time', String(seconds), `http://${address}/`];
    return run('nsenter', words).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  }

  /** Ids of the nodes that are there on a host, by their namespaces. */
  async nodesOn({ instance }: Rack): Promise<string[]> {
    return (await namespaceNames()).filter((name) => name.startsWith(`weir-${instance}-`)).map((name) => name.slice(`weir-${instance}-`.length));
  }

  /** Master processes of the proxies of a host. */
  async proxies({ runPath }: Rack): Promise<number[]> {
    return (await proxiesBelow(runPath)).map(({ pid }) => pid);
  }

  /** All that ran on the host is gone, as after a power failure: its agent, its nodes, what was in /run. */
  async powerOff(rack: Rack): Promise<void> {
    await this.kill(rack.name);
    for (const node of await this.nodesOn(rack)) {
      const namespace = `weir-${rack.instance}-${node}`;
      await end(await processesIn(namespace), 0);
      await deleteNamespace(namespace);
    }
    await end(processesAt(rack.runPath), 0);
    await rm(rack.runPath, { recursive: true, force: true });
  }

  /** Takes a host's cables out, or puts them in again. */
  async cables(rack: Rack, state: 'up' | 'down', links: readonly number[] = [0, 1]): Promise<void> {
    const index = this.racks.indexOf(rack) + 1;
    await ipBatch(
      this.#namespace('net'),
      links.map((link) => ['link', 'set', 'dev', `h${index}.${link}`, state]),
    );
  }

  logged(name: string): Promise<string> {
    return readFile(this.logOf(name), 'utf8').catch(() => '');
  }

  async destroy(): Promise<void> {
    for (const child of this.#processes.values()) child.kill('SIGKILL');
    for (const rack of this.racks) await this.powerOff(rack);
    const prefixes = [`weir-${this.#tag}-`, ...this.racks.map(({ instance }) => `weir-${instance}-`)];
    for (const name of (await namespaceNames()).filter((one) => prefixes.some((prefix) => one.startsWith(prefix)))) {
      await end(await processesIn(name), 0);
      await deleteNamespace(name);
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

function sets(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
}
