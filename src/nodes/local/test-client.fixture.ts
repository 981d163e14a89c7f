/** The test's end of client.fixture.ts. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { VIP } from '../sample-node.fixture.ts';
import type { TestBed } from './test-bed.fixture.ts';

/** How many requests each member answered; whatever failed is under its own words. */
export type Tally = Record<string, number>;

export class TestClient {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(bed: TestBed, namespace: string) {
    this.#child = bed.run(namespace, 'client.fixture.ts', [VIP]);
    assert.ok(this.#child.stdout);
    const lines: Interface = createInterface({ input: this.#child.stdout });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  ask(requests: number): Promise<Tally> {
    return this.#order(String(requests));
  }

  /** Requests without pause until `stop`. */
  load(): void {
    this.#child.stdin?.write('load\n');
  }

  stop(): Promise<Tally> {
    return this.#order('stop');
  }

  end(): void {
    this.#child.stdin?.end();
  }

  async #order(order: string): Promise<Tally> {
    this.#child.stdin?.write(`${order}\n`);
    const { value } = (await this.#lines.next()) as { value: string };
    return JSON.parse(value) as Tally;
  }
}
