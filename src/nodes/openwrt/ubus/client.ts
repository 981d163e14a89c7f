/** A gateway in the words that drivers need. Whatever it answers is read by its shape, never believed. */
import { type Read, ShapeError, flag, list, mapOf, objectWith, text, whole } from '../../remote/shape.ts';
import type { UciPackage, UciSection, UciValue } from '../../../render/uci/package.ts';
import { type UciOperation, callOf } from '../../../render/uci/diff.ts';
import { GatewayFault, NOT_FOUND, OK, PERMISSION_DENIED, statusWords } from './fault.ts';
import type { Call, Data, Outcome } from './rpc.ts';
import type { Session } from './session.ts';

const TEXT = text({ longest: 1024 * 1024 });
const SHORT = text({ longest: 1024 });

export interface Board {
  readonly hostname: string;
  readonly model: string;
  readonly boardName: string;
  readonly kernel: string;
  readonly release: string;
  readonly target: string;
}

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes of a file in one call: base64 makes four thirds of them, and the envelope needs room. */
const CHUNK = 45_000;

export class GatewayClient {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get requests(): number {
    return this.#session.requests;
  }

  /** The data of each; null where there are none, or the thing is not there. Throws a GatewayFault for the first refusal. */
  async all(calls: readonly Call[], signal?: AbortSignal): Promise<(Data | null)[]> {
    const outcomes = await this.#session.batch(calls, signal);
    return calls.map((call, index) => dataOf(call, outcomes[index]));
  }

  /** Whether each is there, as far as the user may know. */
  async present(calls: readonly Call[], signal?: AbortSignal): Promise<boolean[]> {
    const outcomes = await this.#session.batch(calls, signal);
    for (const [index, call] of calls.entries()) dataOf(call, outcomes[index], [NOT_FOUND, PERMISSION_DENIED]);
    return outcomes.map((outcome) => 'status' in outcome && outcome.status === OK);
  }

  async one(objectName: string, method: string, args: Record<string, unknown> = {}): Promise<Data | null> {
    const [data = null] = await this.all([{ object: objectName, method, args }]);
    return data;
  }

  async board(): Promise<Board> {
    return shaped(await this.one('system', 'board'), readBoard, 'system board');
  }

  /** null where there is no such package. */
  async uciGet(config: string): Promise<UciPackage | null> {
    const [found = null] = await this.uciGetAll([config]);
    return found;
  }

  /** In one batch. */
  async uciGetAll(configs: readonly string[]): Promise<(UciPackage | null)[]> {
    const outcomes = await this.#session.batch(configs.map((config) => ({ object: 'uci', method: 'get', args: { config } })));
    return configs.map((config, index) => packageOf(config, dataOf({ object: 'uci', method: 'get', args: { config } }, outcomes[index], [NOT_FOUND])));
  }

  /** What became of each call, refusals included. */
  outcomes(calls: readonly Call[], signal?: AbortSignal): Promise<Outcome[]> {
    return this.#session.batch(calls, signal);
  }

  /** Stages the changes in this session. */
  async uciStage(operations: readonly UciOperation[]): Promise<void> {
    await this.all(operations.map((operation) => ({ object: 'uci', ...callOf(operation) })));
  }

  /** Packages for which this session, or whoever shares it, has changes staged. */
  async uciChanges(): Promise<string[]> {
    const data = await this.one('uci', 'changes');
    return Object.keys(shaped(data, objectWith({}, { changes: mapOf(anything) }), 'uci changes').changes ?? {});
  }

  /** From now on the changes are made, and unmade after that many seconds unless confirmed. */
  async uciApply(timeout: number): Promise<void> {
    await this.one('uci', 'apply', { rollback: true, timeout });
  }

  async uciConfirm(): Promise<void> {
    await this.one('uci', 'confirm');
  }

  async uciRollback(): Promise<void> {
    await this.one('uci', 'rollback');
  }

  async uciRevert(configs: readonly string[]): Promise<void> {
    await this.all(configs.map((config) => ({ object: 'uci', method: 'revert', args: { config } })));
  }

  /** null where there is no such file. */
  async readFile(path: string): Promise<string | null> {
    const [outcome] = await this.#session.batch([{ object: 'file', method: 'read', args: { path } }]);
    const data = dataOf({ object: 'file', method: 'read', args: { path } }, outcome, [NOT_FOUND]);
    return data === null ? null : (shaped(data, objectWith({}, { data: TEXT }), path).data ?? '');
  }

  /** In as many pieces as it takes. rpcd cannot rename: until it is whole a reader may see less, so what reads it is told afterwards. */
  async writeFile(path: string, content: string, mode = 0o600): Promise<void> {
    await this.all(writeCalls(path, content, mode));
  }

  async removeFile(path: string): Promise<void> {
    const outcome = await this.#session.batch([{ object: 'file', method: 'remove', args: { path } }]);
    dataOf({ object: 'file', method: 'remove', args: { path } }, outcome[0], [NOT_FOUND]);
  }

  /** Strings only: rpcd leaves others out in silence. */
  async exec(command: string, params: readonly string[] = []): Promise<Executed> {
    return executedOf(await this.one('file', 'exec', { command, params }), command);
  }

  /** Its exit code is lost: what came of it has to be looked at. */
  async init(name: string, action: 'start' | 'stop' | 'restart' | 'reload' | 'enable' | 'disable'): Promise<void> {
    await this.one('rc', 'init', { name, action });
  }

  /** Names of services that run, of those that procd knows. */
  async running(): Promise<ReadonlySet<string>> {
    return runningIn(await this.one('service', 'list'));
  }

  async end(): Promise<void> {
    await this.#session.end();
  }
}

/** Of `file exec`. */
export function executedOf(data: Data | null, command: string): Executed {
  const { code, stdout = '', stderr = '' } = shaped(data, objectWith({ code: whole(0, 255) }, { stdout: TEXT, stderr: TEXT }), command);
  return { code, stdout, stderr };
}

export interface Survey {
  readonly packages: readonly (UciPackage | null)[];
  readonly sums: readonly (string | null)[];
  readonly running: ReadonlySet<string>;
}

/** Asks for packages, MD5 sums of files and running services. */
export function surveyCalls(configs: readonly string[], paths: readonly string[]): Call[] {
  return [
    ...configs.map((config) => ({ object: 'uci', method: 'get', args: { config } })),
    ...paths.map((path) => ({ object: 'file', method: 'md5', args: { path } })),
    { object: 'service', method: 'list', args: {} },
  ];
}

/** null for what is not there. Throws a GatewayFault for what is refused. */
export function surveyOf(configs: readonly string[], paths: readonly string[], outcomes: readonly Outcome[]): Survey {
  const data = surveyCalls(configs, paths).map((call, index) => dataOf(call, outcomes[index], [NOT_FOUND]));
  return {
    packages: configs.map((config, index) => packageOf(config, data[index] ?? null)),
    sums: paths.map((path, index) => sumIn(data[configs.length + index] ?? null, path)),
    running: runningIn(data.at(-1) ?? null),
  };
}

function sumIn(data: Data | null, path: string): string | null {
  return data === null ? null : (shaped(data, objectWith({}, { md5: SHORT }), path).md5 ?? null);
}

/** Names of services of which something runs. */
function runningIn(data: Data | null): ReadonlySet<string> {
  const services = shaped(data, mapOf(objectWith({}, { instances: mapOf(objectWith({}, { running: flag })) })), 'service list');
  return new Set(
    Object.entries(services).flatMap(([name, { instances = {} }]) => (Object.values(instances).some(({ running }) => running === true) ? [name] : [])),
  );
}

const anything: Read<unknown> = (value) => value;

const readBoard: Read<Board> = (value, at) => {
  const board = objectWith(
    {},
    { hostname: SHORT, model: SHORT, board_name: SHORT, kernel: SHORT, release: objectWith({}, { version: SHORT, target: SHORT, distribution: SHORT }) },
  )(value, at);
  const { hostname = '', model = '', board_name: boardName = '', kernel = '', release = {} } = board;
  return { hostname, model, boardName, kernel, release: release.version ?? '', target: release.target ?? '' };
};

/** Calls that write a file. */
export function writeCalls(path: string, content: string, mode: number): Call[] {
  const bytes = Buffer.from(content);
  const chunks = Array.from({ length: Math.max(1, Math.ceil(bytes.length / CHUNK)) }, (_, index) => bytes.subarray(index * CHUNK, (index + 1) * CHUNK));
  return chunks.map((chunk, index) => ({
    object: 'file',
    method: 'write',
    args: { path, data: chunk.toString('base64'), base64: true, mode, ...(index === 0 ? {} : { append: true }) },
  }));
}

/** The data of a call; null without any, and where its status is one of `absent`. Throws a GatewayFault for any other refusal. */
export function dataOf({ object: objectName, method, args }: Call, outcome: Outcome | undefined, absent: readonly number[] = []): Data | null {
  const what = `${objectName} ${method}${describe(args)}`;
  if (!outcome) throw new GatewayFault('nonsense', `no answer to ${what}`);
  if ('code' in outcome) throw new GatewayFault('denied', `${what}: ${outcome.message}; the user has no right to it`);
  if (outcome.status === OK) return outcome.data;
  if (absent.includes(outcome.status)) return null;
  throw new GatewayFault('refused', `${what}: ${statusWords(outcome.status)}`, { status: outcome.status });
}

/** What it was about, without values: they may be secrets. */
function describe(args: Readonly<Record<string, unknown>>): string {
  const { config, section, path, command, name } = args;
  const words = [config, section, path, command, name].filter((word): word is string => typeof word === 'string');
  return words.length === 0 ? '' : ` ${words.join(' ').slice(0, 120)}`;
}

function shaped<T>(data: Data | null, read: Read<T>, what: string): T {
  try {
    return read(data ?? {}, what);
  } catch (error) {
    if (error instanceof ShapeError) throw new GatewayFault('nonsense', `its answer is not as it should be: ${error.message}`);
    throw error;
  }
}

/** Of `uci get` of a whole package: sections by their ids, in the order of their `.index`. */
function packageOf(name: string, data: Data | null): UciPackage | null {
  if (data === null) return null;
  const { values = {} } = shaped(data, objectWith({}, { values: mapOf(readSection) }), `uci get ${name}`);
  const sections = Object.values(values).toSorted((a, b) => a.index - b.index);
  return { name, sections: sections.map(({ section }) => section) };
}

const HEAD = objectWith({ '.type': SHORT, '.name': SHORT }, { '.anonymous': flag, '.index': whole(0, 1_000_000) });
const VALUE: Read<UciValue> = (value, at) => (Array.isArray(value) ? list(TEXT, 10_000)(value, at) : TEXT(value, at));

const readSection: Read<{ index: number; section: UciSection }> = (value, at) => {
  const { '.type': type, '.name': name, '.anonymous': anonymous = false, '.index': index = 0 } = HEAD(value, at);
  const options = Object.entries(mapOf(anything)(value, at)).filter(([option]) => !option.startsWith('.'));
  return {
    index,
    section: { name: anonymous ? undefined : name, type, options: new Map(options.map(([option, one]) => [option, VALUE(one, `${at}.${option}`)])) },
  };
};
