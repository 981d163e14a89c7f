/**
 * This host's nodes with a memory: what each was last made to be is on disk, with its keys, so that the host can put it right
 * again while no server is there to say so, and after a reboot. Only a plan that was carried out whole is remembered.
 */
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { makeDirectory } from '../config/make-directory.ts';
import { writeSecret } from '../config/secret-file.ts';
import type { NodeConfig } from '../model/node-config.ts';
import type { Plan } from '../model/plan.ts';
import type { Reading } from '../model/reading.ts';
import { entriesOf, readIfThere } from '../nodes/local/files.ts';
import { type NodeDriver, NodeError } from '../nodes/node.ts';
import { ShapeError } from '../nodes/remote/shape.ts';
import { readWholeConfig, wholeConfigMessage } from '../nodes/remote/wire.ts';

const FILE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.json$/;

export class KeptNodes implements NodeDriver {
  readonly name: string;
  readonly pretends: boolean;
  readonly observed: boolean;
  readonly advertMs: number;
  readonly syncsFlows: boolean;
  readonly flowLogs?: 'all' | 'none';
  readonly #driver: NodeDriver;
  readonly #directory: string;

  constructor(driver: NodeDriver, directory: string) {
    const { name, pretends, observed, advertMs, syncsFlows = false, flowLogs } = driver;
    this.#driver = driver;
    this.#directory = directory;
    this.name = name;
    this.pretends = pretends;
    this.observed = observed;
    this.advertMs = advertMs;
    this.syncsFlows = syncsFlows;
    if (flowLogs !== undefined) this.flowLogs = flowLogs;
    makeDirectory(directory, 0o700);
  }

  /** Ids of those that are to be here. */
  async kept(): Promise<string[]> {
    return (await entriesOf(this.#directory)).flatMap((name) => FILE.exec(name)?.[1] ?? []);
  }

  /** What a node was last made to be; null where nothing is remembered. Rejects with a NodeError where nobody can read it. */
  async memoryOf(id: string): Promise<NodeConfig | null> {
    const text = await readIfThere(this.#file(id));
    if (text === null) return null;
    try {
      return readWholeConfig(JSON.parse(text), 'the config');
    } catch (error) {
      const reason = error instanceof ShapeError ? error.message : 'it is no JSON';
      throw new NodeError(`${this.#file(id)} is damaged (${reason}): the node is left as it is`, { cause: error });
    }
  }

  /** Carries a plan out that leads to what is remembered already. */
  mend(id: string, plan: Plan): Promise<void> {
    return this.#driver.apply(id, plan);
  }

  start(): Promise<void> {
    return this.#driver.start();
  }

  stop(): Promise<void> {
    return this.#driver.stop();
  }

  /** Also those that are only remembered: nobody else could have them forgotten. */
  async list(): Promise<string[]> {
    return [...new Set([...(await this.#driver.list()), ...(await this.kept())])];
  }

  present(id: string): Promise<NodeConfig | null> {
    return this.#driver.present(id);
  }

  async apply(id: string, plan: Plan): Promise<void> {
    await this.#driver.apply(id, plan);
    const config = await this.#driver.present(id);
    if (config) await writeSecret(this.#file(id), JSON.stringify(wholeConfigMessage(config)));
  }

  /** Forgotten first: after a crash between the two nobody brings it back. */
  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
    await this.#driver.remove(id);
  }

  read(id: string): Promise<Reading | null> {
    return this.#driver.read(id);
  }

  async held(id: string): Promise<readonly string[] | null> {
    return (await this.#driver.held?.(id)) ?? null;
  }

  onLost(listener: (id: string) => void): void {
    this.#driver.onLost(listener);
  }

  tidy(): Promise<void> {
    return this.#driver.tidy();
  }

  #file(id: string): string {
    return join(this.#directory, `${id}.json`);
  }
}
