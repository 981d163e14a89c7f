/**
 * One gateway as the carrier of shares. There is one writer: changes that come together are one change, which either is made and
 * confirmed or leaves the gateway as it was. One that does not answer is left alone for growing pauses, and whoever asks meanwhile is
 * told so at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewayShare } from '../../model/node-config.ts';
import type { Reading } from '../../model/reading.ts';
import { BALANCE } from '../../render/gateway/balance-file.ts';
import { partsIn } from '../../render/gateway/marked-file.ts';
import { PROXY } from '../../render/gateway/proxy-file.ts';
import { Serial } from '../local/serial.ts';
import { NodeError, SilentGatewayError } from '../node.ts';
import { applyConfig } from './apply.ts';
import { type DeviceView, SHARED, deviceConfig, markedFiles, nodesIn, shareIn, sharedAddresses, strangeFiles } from './gateway-state.ts';
import { type DeviceConfig, md5 } from './device-config.ts';
import { DEVICES, identitiesOf } from './look.ts';
import { PACKAGES } from './rights.ts';
import { STATUS, addressesIn, readingIn, shareReading } from './status.ts';
import { pauseAfter } from './ubus/backoff.ts';
import { type GatewayClient, dataOf, executedOf, surveyCalls, surveyOf } from './ubus/client.ts';
import { GatewayFault, NOT_FOUND, NO_DATA } from './ubus/fault.ts';

export interface GatewayDeviceOptions {
  readonly name: string;
  /** What tells it from another device at its address; null where it has not been asked yet. */
  readonly identity: string | null;
  readonly facts: () => Promise<GatewayFacts | null>;
  readonly client: GatewayClient;
  /** Seconds until it takes back a change that nobody confirms. */
  readonly within: number;
  /** Milliseconds between a change and the look at what came of it; as applyConfig has it if not given. */
  readonly settle?: number;
  /** Takes a turn among all gateways that are changed at this time. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

interface Change {
  readonly node: string;
  readonly share: GatewayShare | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds that a look is good for: a patrol asks for one share after the other. */
const FRESH = 1000;
/** What comes within so many milliseconds is one change. */
const GATHER = 25;

export class GatewayDevice {
  readonly #options: GatewayDeviceOptions;
  readonly #serial = new Serial();
  #waiting: Change[] = [];
  #view: { readonly at: number; readonly view: DeviceView } | null = null;
  /** Files that shares have parts of, as they were read last. */
  readonly #texts = new Map<string, { readonly sum: string; readonly text: string }>();
  /** Files that marks named at the last look. */
  #files: readonly string[] = [];
  #silence: { readonly failures: number; readonly until: number; readonly error: SilentGatewayError } | null = null;
  #readings: ReadonlyMap<string, Reading> = new Map();
  /** Addresses that it had when it was read last. */
  #addresses: { readonly at: number; readonly found: ReadonlySet<string> } | null = null;

  constructor(options: GatewayDeviceOptions) {
    this.#options = options;
  }

  get isSilent(): boolean {
    return this.#silence !== null;
  }

  /** Milliseconds until it is worth asking a silent one again. */
  get pause(): number {
    return this.#silence === null ? 0 : Math.max(0, this.#silence.until - performance.now());
  }

  nodes(): Promise<string[]> {
    return this.#serial.run('', async () => nodesIn(await this.#look()));
  }

  present(node: string): Promise<GatewayShare | null> {
    return this.#serial.run('', async () => shareIn(await this.#look(), node));
  }

  /** Resolves when the share is there, confirmed; null takes it away. */
  set(node: string, share: GatewayShare | null): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ node, share, resolve, reject });
      if (this.#waiting.length === 1) void this.#serial.run('', () => this.#begin());
    });
  }

  /** As it was read last; null where that said nothing of it. */
  reading(node: string): Reading | null {
    return this.#readings.get(node) ?? null;
  }

  /** Which of the addresses that the share has with a peer are here; null when it has none such, or nothing of it is there. */
  async held(node: string): Promise<readonly string[] | null> {
    const shared = sharedAddresses((await this.present(node))?.sections ?? []);
    if (shared.length === 0) return null;
    if (!this.#addresses || performance.now() - this.#addresses.at > FRESH_ADDRESSES) await this.read();
    return shared.filter((address) => this.#addresses?.found.has(address));
  }

  /** Asks for health and counters of all shares. */
  async read(): Promise<void> {
    const { view } = this.#view ?? { view: await this.#serial.run('', () => this.#look()) };
    const said = await this.#asked(async (client) => executedOf(await client.one('file', 'exec', { command: STATUS }), STATUS));
    const all = readingIn(said.stdout);
    const found = addressesIn(said.stdout);
    this.#addresses = { at: performance.now(), found };
    const nodes = new Set([...(view.proxies?.keys() ?? []), ...(view.packets?.keys() ?? [])]);
    const standby = (node: string): Pick<Reading, 'standby'> => {
      const shared = sharedAddresses(shareIn(view, node)?.sections ?? []);
      return shared.length > 0 && !shared.some((address) => found.has(address)) ? { standby: true } : {};
    };
    const readingOf = (node: string): Reading => ({ ...shareReading(all, view.proxies?.get(node) ?? '', view.packets?.get(node) ?? ''), ...standby(node) });
    this.#readings = new Map([...nodes].map((node) => [node, readingOf(node)]));
  }

  /** Somebody else has heard from it. */
  heard(): void {
    if (this.#silence) this.#silence = { ...this.#silence, until: 0 };
  }

  async end(): Promise<void> {
    await this.#options.client.end();
  }

  async #begin(): Promise<void> {
    await sleep(GATHER);
    const changes = this.#waiting.splice(0);
    await this.#settle(changes);
  }

  /** Together; where the gateway refuses that, in halves, until what it refuses stands alone. */
  async #settle(changes: readonly Change[]): Promise<void> {
    try {
      await this.#options.turn(() => this.#carry(changes));
      for (const { resolve } of changes) resolve();
    } catch (error) {
      if (changes.length === 1 || !(error instanceof GatewayFault) || error.kind !== 'refused') return changes.forEach(({ reject }) => reject(error));
      const half = Math.ceil(changes.length / 2);
      await this.#settle(changes.slice(0, half));
      await this.#settle(changes.slice(half));
    }
  }

  async #carry(changes: readonly Change[]): Promise<void> {
    const { within, settle, facts, name } = this.#options;
    const view = await this.#look();
    const known = await facts();
    if (!known) throw new NodeError(`gateway ${name} is gone`);
    const shares = new Map(changes.map(({ node, share }) => [node, share]));
    const taken = [view.proxies === null ? PROXY.path : '', view.packets === null ? BALANCE.path : ''].find((path) => path !== '');
    if (taken !== undefined) throw new NodeError(`${taken} of gateway ${name} is somebody else's: move it away, and it will be written anew`);
    const wanted = deviceConfig(view, shares, known);
    this.#view = null;
    await this.#asked((client) => applyConfig(client, wanted, { within, ...(settle === undefined ? {} : { settle }) }));
    this.#rememberTexts(wanted);
  }

  /** What was just written, and confirmed, need not be read. */
  #rememberTexts({ files }: DeviceConfig): void {
    for (const { file } of SHARED) {
      const text = files[file.path]?.content;
      if (text !== undefined) this.#texts.set(file.path, { sum: md5(text), text });
    }
  }

  /** One request; two when a file has to be read, or has come since. */
  async #look(): Promise<DeviceView> {
    if (this.#view && performance.now() - this.#view.at < FRESH) return this.#view.view;
    const view = await this.#asked((client) => this.#survey(client));
    this.#view = { at: performance.now(), view };
    return view;
  }

  async #survey(client: GatewayClient): Promise<DeviceView> {
    const paths = [...SHARED.map(({ file }) => file.path), ...this.#files];
    const outcomes = await client.outcomes([DEVICES, ...surveyCalls(PACKAGES, paths)]);
    this.#recognise(identitiesOf(dataOf(DEVICES, outcomes[0])));
    const { packages, sums, running } = surveyOf(PACKAGES, paths, outcomes.slice(1));
    const uci = Object.fromEntries(PACKAGES.map((config, index) => [config, packages[index] ?? null]));
    const files = new Map(paths.map((path, index) => [path, sums[index] ?? null]));
    const marked = markedFiles({ uci });
    const unknown = marked.filter((path) => !files.has(path));
    await this.#readMore(client, unknown, files);
    this.#files = marked;
    const textOf = (path: string): string | null => (files.get(path) == null ? null : (this.#texts.get(path)?.text ?? null));
    const [haproxy = null, edgeweir = null] = SHARED.map(({ file }) => textOf(file.path));
    const parts = { proxies: partsIn(PROXY, haproxy), packets: partsIn(BALANCE, edgeweir) };
    const strange = strangeFiles({ haproxy, edgeweir }, parts, (await this.#options.facts()) ?? { memoryKib: 0 });
    return { present: { uci, files: Object.fromEntries(files), running }, ...parts, strange };
  }

  /** What the first request did not tell: other files' sums, and what is in shared files that were changed. */
  async #readMore(client: GatewayClient, unknown: readonly string[], files: Map<string, string | null>): Promise<void> {
    const changed = SHARED.map(({ file }) => file.path).filter((path) => files.get(path) != null && this.#texts.get(path)?.sum !== files.get(path));
    if (unknown.length + changed.length === 0) return;
    const sums = unknown.map((path) => ({ object: 'file', method: 'md5', args: { path } }));
    const reads = changed.map((path) => ({ object: 'file', method: 'read', args: { path } }));
    const outcomes = await client.outcomes([...sums, ...reads]);
    for (const [index, ask] of sums.entries()) files.set(ask.args.path, stringIn(dataOf(ask, outcomes[index], [NOT_FOUND]), 'md5'));
    for (const [index, ask] of reads.entries()) {
      const text = stringIn(dataOf(ask, outcomes[sums.length + index], [NOT_FOUND, NO_DATA]), 'data') ?? '';
      // It may have been changed since its sum was told: what was read is remembered under its own.
      this.#texts.set(ask.args.path, { sum: md5(text), text });
      files.set(ask.args.path, md5(text));
    }
  }

  #recognise(found: readonly string[]): void {
    const { name, identity } = this.#options;
    if (identity === null || found.includes(identity)) return;
    throw new GatewayFault('untrusted', `another device answers at the address of gateway ${name}: ${found[0]}, and not ${identity}`);
  }

  /** Whoever is silent, or lets nobody in, is not asked again before its pause is over. */
  async #asked<T>(ask: (client: GatewayClient) => Promise<T>): Promise<T> {
    if (this.#silence && performance.now() < this.#silence.until) throw this.#silence.error;
    try {
      const answer = await ask(this.#options.client);
      this.#silence = null;
      return answer;
    } catch (error) {
      this.#view = null;
      // What it refuses it may take in another form, and nobody else's share is at fault.
      if (!(error instanceof GatewayFault) || error.kind === 'refused') throw error;
      throw this.#silent(error);
    }
  }

  #silent({ kind, message }: GatewayFault): SilentGatewayError {
    const { name } = this.#options;
    const failures = (this.#silence?.failures ?? 0) + 1;
    const since =
      this.#silence?.error.message.replace(/: [\s\S]*/, '') ??
      `gateway ${name} ${SILENT.includes(kind) ? 'gives no answer' : 'cannot be managed'} since ${noticed()}`;
    const error = new SilentGatewayError(`${since}: ${message}`);
    this.#silence = { failures, until: performance.now() + Math.min(LONGEST_PAUSE, pauseAfter(failures, Math.random())), error };
    this.#readings = new Map();
    return error;
  }
}

const SILENT: readonly GatewayFault['kind'][] = ['unreachable', 'silent', 'nonsense', 'http'];
/** Milliseconds that what was read of addresses is good for. */
const FRESH_ADDRESSES = 300;
/** Milliseconds: what it carries waits for changes as long. */
const LONGEST_PAUSE = 60_000;

/** When it was noticed, to the second. */
function noticed(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function stringIn(data: Readonly<Record<string, unknown>> | null, key: string): string | null {
  const value = data?.[key];
  return typeof value === 'string' ? value : null;
}
