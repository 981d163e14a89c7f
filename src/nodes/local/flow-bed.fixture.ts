/** For tests of what the kernel carries: a node, members that answer over UDP and TCP, and a client. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Log, silent } from '../../model/log.ts';
import type { NodeConfig } from '../../model/node-config.ts';
import type { ListenerTopology, MemberTopology, PoolTopology, Topology } from '../../model/topology.ts';
import { diff } from '../../control/diff.ts';
import { listenerOf, memberOf, poolOf, topologyOf } from '../../render/haproxy/topology.fixture.ts';
import { renderNamespace } from '../../render/node/namespace.ts';
import { NETWORK } from '../sample-node.fixture.ts';
import { run } from './command.ts';
import { ipBatch } from './ip.ts';
import type { LocalNodes } from './local-nodes.ts';
import { namespacePath, nodeNamespace } from './names.ts';
import { deleteNamespace, end, processesIn } from './namespace.ts';
import { TestBed } from './test-bed.fixture.ts';

export const VIP = '198.51.100.5';
export const VIP6 = '2001:db8::5';
export const MEMBER_PORT = 5000;

/** Members `a`, `b`, … are at .21, .22, … */
export function memberAt(name: string, change: Partial<MemberTopology> = {}): MemberTopology {
  const host = 21 + name.charCodeAt(0) - 'a'.charCodeAt(0);
  return memberOf({ id: name, address: `198.51.100.${host}`, port: MEMBER_PORT, ...change });
}

export interface Balanced {
  readonly members: readonly MemberTopology[];
  readonly pool?: Partial<PoolTopology>;
  readonly listener?: Partial<ListenerTopology>;
  readonly topology?: Partial<Topology>;
  readonly vip?: string;
}

/** One listener of UDP on port 53. */
export function topologyFor({ members, pool, listener, topology, vip = VIP }: Balanced): Topology {
  const cidr = vip.includes(':') ? '2001:db8::/64' : '198.51.100.0/24';
  return topologyOf({
    vip: { address: vip, mac: '', subnet: { ...topologyOf().vip.subnet, networkId: NETWORK, cidr } },
    listeners: [listenerOf({ protocol: 'UDP', port: 53, ...listener })],
    pools: [poolOf({ protocol: 'UDP', members, ...pool })],
    ...topology,
  });
}

export class FlowBed {
  readonly bed = new TestBed();
  readonly driver: LocalNodes;
  readonly id = randomUUID();

  constructor(log: Log = silent) {
    this.driver = this.bed.driver(log);
  }

  get namespace(): string {
    return nodeNamespace(this.bed.instance, this.id);
  }

  async start(members: readonly string[]): Promise<void> {
    await this.driver.start();
    for (const name of members) await this.addMember(name);
  }

  /** Does what a reconciler does. */
  async apply(topology: Topology, down: ReadonlySet<string> = new Set()): Promise<NodeConfig> {
    const wanted = renderNamespace(topology, [], down);
    for (let round = 0; round < 3; round++) {
      const plan = diff(await this.driver.present(this.id), wanted);
      if (plan.length === 0) break;
      await this.driver.apply(this.id, plan);
    }
    assert.deepEqual(diff(await this.driver.present(this.id), wanted), []);
    return wanted;
  }

  async addMember(name: string): Promise<void> {
    const { address } = memberAt(name);
    const namespace = await this.bed.addHost(name, address);
    const six = `2001:db8::${address.slice(address.lastIndexOf('.') + 1)}`;
    await ipBatch(namespace, [['address', 'replace', `${six}/64`, 'dev', 'eth0', 'nodad']]);
    for (const own of [address, six]) await this.serve(namespace, own, name);
  }

  async serve(namespace: string, address: string, name: string): Promise<ChildProcess> {
    const server = this.bed.run(namespace, 'flow-member.fixture.ts', [address, String(MEMBER_PORT), name]);
    await once(createInterface({ input: server.stdout ?? process.stdin }), 'line');
    return server;
  }

  async addClient(name: string, ...addresses: string[]): Promise<FlowClient> {
    const [first = ''] = addresses;
    const namespace = await this.bed.addHost(name, first);
    await ipBatch(
      namespace,
      addresses.map((address) => [
        'address',
        'replace',
        `${address}/${address.includes(':') ? 64 : 24}`,
        'dev',
        'eth0',
        ...(address.includes(':') ? ['nodad'] : []),
      ]),
    );
    return new FlowClient(this.bed.run(namespace, 'flow-client.fixture.ts', []));
  }

  /** A program inside the node. */
  inNode(...words: string[]): Promise<string> {
    return run('nsenter', [`--net=${namespacePath(this.namespace)}`, ...words]);
  }

  async nft(words: string): Promise<void> {
    await this.inNode('nft', words);
  }

  /** As somebody might: by its name, with all that is in it. */
  async deleteNamespace(): Promise<void> {
    await end(await processesIn(this.namespace), 0);
    await deleteNamespace(this.namespace);
  }

  async cleanUp(): Promise<void> {
    await this.driver.stop();
    await this.bed.cleanUp();
  }
}

export class FlowClient {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  }

  /** How often who answered. */
  async many(count: number, about: Record<string, unknown> = {}): Promise<Record<string, number>> {
    const tally = (await this.#ask({ do: 'many', count, to: VIP, port: 53, ...about })) as Record<string, number>;
    return byName(tally);
  }

  async open(name: string, about: Record<string, unknown> = {}): Promise<string> {
    return (await this.#ask({ do: 'open', name, to: VIP, port: 53, ...about })) as string;
  }

  async say(name: string): Promise<string> {
    return (await this.#ask({ do: 'say', name })) as string;
  }

  async close(name: string): Promise<void> {
    await this.#ask({ do: 'close', name });
  }

  async #ask(question: Record<string, unknown>): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    const { value } = (await this.#lines.next()) as { value: string };
    return JSON.parse(value);
  }
}

/** Members say whom they talk to after their name. */
function byName(tally: Readonly<Record<string, number>>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [words, times] of Object.entries(tally)) {
    const name = words.startsWith('error') ? words : (words.split(' ')[0] ?? '');
    sums[name] = (sums[name] ?? 0) + times;
  }
  return sums;
}
