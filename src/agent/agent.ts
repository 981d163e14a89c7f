/** An agent: this host's nodes, and a connection to the server that says what they are to be, begun anew whenever it ends. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../model/log.ts';
import { NodeError } from '../nodes/node.ts';
import { type Greeting, PROTOCOL, WITHIN } from '../nodes/remote/agreement.ts';
import { readCredentials, renewalOf, writeCredentials } from '../nodes/remote/agent-credentials.ts';
import type { Credentials } from '../nodes/remote/authority.ts';
import type { Channel } from '../nodes/remote/channel.ts';
import { type ServerAddress, connectServer, renewCredentials } from '../nodes/remote/join.ts';
import { answerFrom } from '../nodes/remote/serve-nodes.ts';
import type { KeptNodes } from './kept-nodes.ts';
import type { Minder } from './minder.ts';

export interface AgentOptions {
  readonly server: ServerAddress;
  readonly nodes: KeptNodes;
  readonly minder: Minder;
  /** Directory of its credentials. */
  readonly directory: string;
  readonly about: Pick<Greeting, 'version' | 'physicalNetworks' | 'facts'>;
  readonly log: Log;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
/** How often it is looked whether the certificate is to be renewed, ms. */
const RENEWAL_CHECK = 3_600_000;

export class Agent {
  readonly #options: AgentOptions;
  readonly #stopped = new AbortController();
  #channel: Channel | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: AgentOptions) {
    this.#options = options;
    options.nodes.onLost((id) => this.#channel?.tell('lost', id));
  }

  /** Rejects where it has not joined. */
  async start(): Promise<void> {
    const { directory, nodes, minder } = this.#options;
    if (!(await readCredentials(directory))) throw new NodeError('this agent has not joined a server: give it a token (weir host create prints one)');
    await nodes.start();
    minder.leave();
    this.#loop = this.#stay();
  }

  /** The nodes go on. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await this.#options.minder.yield();
    await this.#options.nodes.stop();
  }

  async #stay(): Promise<void> {
    const { signal } = this.#stopped;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#connectOnce();
        failures = 0;
      } catch (error) {
        if (!signal.aborted)
          this.#options.log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'no connection to the server, will try again');
      }
      const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10));
      await pause(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }

  /** Resolves when a connection that was made has ended. */
  async #connectOnce(): Promise<void> {
    const { server, nodes, minder, directory, log } = this.#options;
    const credentials = await readCredentials(directory);
    if (!credentials) throw new NodeError('the credentials of this agent are gone');
    const channel = await connectServer(server, credentials, { answer: (method, params) => answerFrom(nodes, method, params), hear: () => {} });
    const ended = new AbortController();
    const { signal } = this.#stopped;
    const stop = (): void => channel.close('the agent stops');
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      // What is being put right here is finished before the server begins.
      await minder.yield();
      await channel.ask('hello', this.#greeting(), WITHIN.list);
      log.info({ server: `${server.host}:${server.port}` }, 'connected');
      this.#channel = channel;
      void this.#renewInTime(channel, credentials, ended.signal);
      log.warn({ reason: await channel.closed }, 'the connection to the server has ended');
    } finally {
      this.#channel = null;
      signal.removeEventListener('abort', stop);
      ended.abort();
      channel.close('done');
      if (!signal.aborted) minder.leave();
    }
  }

  #greeting(): Greeting {
    const { pretends, observed, advertMs, syncsFlows, flowLogs = null } = this.#options.nodes;
    return { protocol: PROTOCOL, pretends, observed, advertMs, syncsFlows, flowLogs, ...this.#options.about };
  }

  /** With the new one it connects anew; until it has, the old one counts. */
  async #renewInTime(channel: Channel, present: Credentials, signal: AbortSignal): Promise<void> {
    const { directory, log } = this.#options;
    while (!signal.aborted) {
      if (Date.now() >= renewalOf(present).getTime()) {
        try {
          await writeCredentials(directory, await renewCredentials(channel));
          log.info({}, 'the certificate was renewed');
          return channel.close('it connects anew with its new certificate');
        } catch (error) {
          log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'the certificate could not be renewed, will try again');
        }
      }
      await pause(RENEWAL_CHECK, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
