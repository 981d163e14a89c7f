/** A process that runs openstack commands one after the other, each as a process of its own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Interface, createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Ran } from './playground.fixture.ts';

export const PYTHON = '/usr/bin/python3';
const PROGRAM = fileURLToPath(new URL('./openstack-process.fixture.py', import.meta.url));

export class OpenstackProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: Interface;

  constructor() {
    this.#child = spawn(PYTHON, ['-W', 'ignore', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface(this.#child.stdout);
  }

  /** One at a time: whoever calls waits for the answer before it calls again. */
  async run(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<Ran> {
    const waiting = new AbortController();
    const either = ['line', 'close'].map((event) => once(this.#answers, event, { signal: waiting.signal }));
    const answered = Promise.race(either).finally(() => waiting.abort());
    for (const one of either) one.catch(() => {});
    this.#child.stdin.write(`${JSON.stringify({ words, environment })}\n`);
    const [line] = (await answered) as [string?];
    if (line === undefined) throw new Error(`openstack ${words.join(' ')}: the process that runs it has ended`);
    return JSON.parse(line) as Ran;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
