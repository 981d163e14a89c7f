/**
 * A burst of writes that remembers what the server acknowledged, so that after a crash one can say what must be there.
 * A write without an answer leaves its object open: it may be there or not.
 */
import assert from 'node:assert/strict';
import { ApiError } from '../src/lab/api-client.ts';
import { type Balancers, LBAAS, type Row } from './balancers.fixture.ts';

/** What an acknowledged write promises of a path: attributes, or that nothing is there. */
type Promised = Readonly<Record<string, unknown>> | 'gone';

export class Burst {
  readonly #balancers: Balancers;
  readonly #subnet: string;
  readonly #promises = new Map<string, Promised>();
  /** VIPs that must answer, by their balancer's path. */
  readonly #serving = new Map<string, string>();
  acknowledged = 0;

  constructor(balancers: Balancers, subnet: string) {
    this.#balancers = balancers;
    this.#subnet = subnet;
  }

  /** Makes, changes and deletes balancers until the server is gone. */
  async run(): Promise<void> {
    try {
      for (let turn = 0; ; turn++) await this.#turn(turn);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0) throw error;
    }
  }

  async #turn(turn: number): Promise<void> {
    const balancer = await this.#make('loadbalancers', 'loadbalancer', { name: `turn ${turn}`, vip_subnet_id: this.#subnet });
    const listener = await this.#make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
    const pool = await this.#make('pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
    const members = `pools/${pool.id}/members`;
    await this.#make(members, 'member', { address: '192.168.1.10', protocol_port: 80 });
    this.#serving.set(`loadbalancers/${balancer.id}`, balancer.vip_address);
    const second = await this.#make(members, 'member', { address: '192.168.1.11', protocol_port: 80 });
    await this.#promise(`listeners/${listener.id}`, { connection_limit: 100 + turn }, () =>
      this.#balancers.change(`listeners/${listener.id}`, 'listener', { connection_limit: 100 + turn }),
    );
    await this.#batch(members);
    const other = await this.#make('listeners', 'listener', { protocol: 'TCP', protocol_port: 81, loadbalancer_id: balancer.id });
    await this.#make('healthmonitors', 'healthmonitor', { pool_id: pool.id, type: 'TCP', delay: 1, timeout: 1, max_retries: 1 });
    await this.#remove(`listeners/${other.id}`);
    await this.#remove(`${members}/${second.id}`);
    if (turn % 2 === 1) await this.#cascade(`loadbalancers/${balancer.id}`);
  }

  async #make(path: string, kind: string, attributes: Record<string, unknown>): Promise<Row> {
    const row = await this.#balancers.make(path, kind, attributes);
    const { vip_subnet_id: _subnet, listener_id: _listener, loadbalancer_id: _balancer, pool_id: _pool, ...shown } = attributes;
    this.#note(`${path}/${row.id}`, shown);
    return row;
  }

  /** Weights of both web servers and a third, disabled member, in one write. */
  async #batch(members: string): Promise<void> {
    const wanted = [10, 11, 12].map((last) => ({ address: `192.168.1.${last}`, protocol_port: 80, weight: last, admin_state_up: last !== 12 }));
    for (const path of this.#promises.keys()) if (path.startsWith(members)) this.#promises.delete(path);
    await this.#balancers.api.request('PUT', `${LBAAS}/${members}`, { members: wanted });
    for (const row of await this.#balancers.list(members))
      this.#note(`${members}/${row.id}`, wanted.find(({ address }) => address === row['address']) ?? 'gone');
  }

  async #remove(path: string): Promise<void> {
    await this.#promise(path, 'gone', () => this.#balancers.remove(path));
  }

  async #cascade(path: string): Promise<void> {
    // Nothing below it is promised any more, whether or not the answer comes.
    this.#promises.clear();
    this.#serving.delete(path);
    await this.#promise(path, 'gone', () => this.#balancers.remove(`${path}?cascade=true`));
  }

  async #promise(path: string, promised: Promised, write: () => Promise<void>): Promise<void> {
    this.#promises.delete(path);
    await write();
    this.#note(path, promised);
  }

  #note(path: string, promised: Promised): void {
    this.acknowledged += 1;
    this.#promises.set(path, promised);
  }

  /** To be asked when everything is settled. */
  async check(): Promise<void> {
    for (const [path, promised] of this.#promises) {
      const row = await this.#balancers.find(path);
      if (promised === 'gone') assert.equal(row, null, `${path} was deleted`);
      else assert.partialDeepStrictEqual(row, promised, path);
    }
    for (const address of this.#serving.values()) await this.#balancers.answers(address);
  }
}
