/** Balancers that two nodes carry: making them, telling their nodes apart, and watching from outside what clients notice. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Balancers, LBAAS, type Row } from './balancers.fixture.ts';
import { type Playground, until } from './playground.fixture.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('prober-program.fixture.ts', import.meta.url));
export const OCTAVIA = LBAAS.replace('/lbaas', '/octavia');

export interface Node {
  /** The amphora's id. */
  readonly id: string;
  readonly role: string;
  readonly namespace: string;
  readonly directory: string;
}

export interface Noticed {
  readonly answered: number;
  readonly failed: number;
  /** Of these, those that were refused, cut or answered badly; the others were late. */
  readonly refused: number;
  /** The longest time without an answer, ms. */
  readonly outage: number;
}

export class Pairs {
  readonly cloud: Playground;
  readonly lbaas: Balancers;
  #flavor: string | null = null;

  constructor(cloud: Playground, lbaas: Balancers) {
    this.cloud = cloud;
    this.lbaas = lbaas;
  }

  async flavor(): Promise<string> {
    if (this.#flavor !== null) return this.#flavor;
    const profile = { name: 'pair', provider_name: 'octavia', flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY"}' };
    const { id } = await this.lbaas.make('flavorprofiles', 'flavorprofile', profile);
    this.#flavor = (await this.lbaas.make('flavors', 'flavor', { name: 'pair', flavor_profile_id: id })).id;
    return this.#flavor;
  }

  /** A pair that answers on port 80, with the lab's web servers behind it. */
  async whole(
    pool: Record<string, unknown> = {},
    subnet = 'private-subnet',
    more: Record<string, unknown> = {},
  ): Promise<{ balancer: Row; listener: Row; pool: Row; members: Row[] }> {
    const { lbaas } = this;
    const balancer = await lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id: await lbaas.subnet(subnet), flavor_id: await this.flavor(), ...more });
    const listener = await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
    const made = await lbaas.make('pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id, ...pool });
    const subnet_id = await lbaas.subnet('private-subnet');
    const member = (address: string): Promise<Row> => lbaas.make(`pools/${made.id}/members`, 'member', { address, protocol_port: 80, subnet_id });
    const members = [await member('192.168.1.10'), await member('192.168.1.11')];
    await lbaas.settled();
    return { balancer, listener, pool: made, members };
  }

  async amphorae({ id }: Pick<Row, 'id'>): Promise<Row[]> {
    const { amphorae } = await this.lbaas.api.request<{ amphorae: Row[] }>('GET', `${OCTAVIA}/amphorae?loadbalancer_id=${id}`);
    return amphorae;
  }

  async nodes(balancer: Pick<Row, 'id'>): Promise<Node[]> {
    return (await this.amphorae(balancer)).map(({ id, role }) => {
      const hex = id.replaceAll('-', '');
      const directory = join(this.cloud.directory, 'run', this.cloud.instance, hex);
      return { id, role: String(role), namespace: `weir-${this.cloud.instance}-${hex}`, directory };
    });
  }

  /** Asked of the kernel, not of the product. */
  async holds({ namespace }: Node, address: string): Promise<boolean> {
    const { stdout } = await run('ip', ['-n', namespace, '-j', 'address', 'show']).catch(() => ({ stdout: '[]' }));
    const links = JSON.parse(stdout || '[]') as { addr_info?: { local?: string }[] }[];
    return links.some(({ addr_info }) => addr_info?.some(({ local }) => local === address));
  }

  async owners(balancer: Row): Promise<Node[]> {
    const nodes = await this.nodes(balancer);
    const held = await Promise.all(nodes.map((node) => this.holds(node, balancer.vip_address)));
    return nodes.filter((_, index) => held[index]);
  }

  async owner(balancer: Row): Promise<Node> {
    const [only, ...others] = await this.owners(balancer);
    assert.deepEqual(others, []);
    return only ?? assert.fail('nobody holds the address');
  }

  async standby(balancer: Row): Promise<Node> {
    const { id } = await this.owner(balancer);
    return (await this.nodes(balancer)).find((node) => node.id !== id) ?? assert.fail('no standby');
  }

  /** Two nodes, each with a proxy and a keepalived of its own, and one of them with the address; three times in a row. */
  async healthy(balancer: Row): Promise<Node> {
    let times = 0;
    await until(
      'both nodes are whole and one holds the address',
      async () => {
        const nodes = await this.nodes(balancer);
        const whole = await Promise.all(nodes.map((node) => this.#isWhole(node)));
        times = nodes.length === 2 && whole.every(Boolean) && (await this.owners(balancer)).length === 1 ? times + 1 : 0;
        return times === 3;
      },
      60,
    );
    return this.owner(balancer);
  }

  async #isWhole(node: Node): Promise<boolean> {
    const programs = (await Promise.all((await this.cloud.pids(node.namespace)).map(programOf))).toSorted();
    return JSON.stringify(programs) === JSON.stringify(['haproxy', 'haproxy', 'keepalived', 'keepalived', 'sh', 'sh']);
  }

  /** Ids of processes in the node that run the program. */
  async pidsOf(node: Node, program: string): Promise<number[]> {
    const pids = await this.cloud.pids(node.namespace);
    const programs = await Promise.all(pids.map(programOf));
    return pids.filter((_, index) => programs[index] === program);
  }

  async kill(node: Node, program: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    for (const pid of await this.pidsOf(node, program)) send(pid, signal);
  }

  /** What a client notices while `work` runs. Ends the client also when that fails. */
  async noticed(address: string, work: () => Promise<void>): Promise<Noticed> {
    const client = spawn('nsenter', [`--net=/run/netns/weir-${this.cloud.instance}-lab-client`, process.execPath, PROGRAM, address], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
      assert.equal((await lines.next()).value, 'ready');
      await work();
      client.stdin.end();
      return JSON.parse(String((await lines.next()).value)) as Noticed;
    } finally {
      await ended(client);
    }
  }
}

/** One may have ended with the one before it. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'ESRCH', String(error));
  }
}

async function programOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
