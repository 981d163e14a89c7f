/**
 * Brings a gateway to a wanted config so that it ends either as it was or as it is to be: what is written is accepted by its reader
 * first; copies are saved on flash and come back by themselves unless the change is said to be good (edge/edgeweir-guard, rpcd's own
 * timer); what came of it is looked at, for no exit code of `rc` or `fw4` tells; then it is said to be good.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { callOf } from '../../render/uci/diff.ts';
import { type DeviceChange, type DeviceConfig, type DevicePresent, changeOf, isNothing, reloaded, touched } from './device-config.ts';
import { type Executed, type GatewayClient, dataOf, executedOf, surveyCalls, surveyOf, writeCalls } from './ubus/client.ts';
import { GatewayFault, NOT_FOUND, NO_DATA, PERMISSION_DENIED } from './ubus/fault.ts';
import type { Call, Outcome } from './ubus/rpc.ts';

export interface ApplyOptions {
  /** Seconds until rpcd takes the change back; the guard does so some seconds later. */
  readonly within?: number;
  /** Milliseconds between the change and the look at what came of it: procd waits a second for more changes. */
  readonly settle?: number;
}

const WITHIN = 60;
const LATER = 20;
const SETTLE = 2500;
/** Where edge/edgeweir-guard is on a device. */
export const GUARD = '/usr/libexec/edgeweir-guard';
/** Where a candidate is while its reader looks at it. */
const CANDIDATE = '.weir-new';

/** The gateway is as it was, and this is why. */
export class NotAppliedError extends GatewayFault {
  constructor(message: string) {
    super('refused', message);
    this.name = 'NotAppliedError';
  }
}

/** What was changed; null where all was right already. Throws a GatewayFault. */
export async function applyConfig(
  client: GatewayClient,
  wanted: DeviceConfig,
  { within = WITHIN, settle = SETTLE }: ApplyOptions = {},
): Promise<DeviceChange | null> {
  const change = changeOf(await begin(client, wanted), wanted);
  if (isNothing(change)) return null;
  await arm(client, change, within + LATER);
  try {
    await lint(client, change);
    await client.all(changeCalls(change, within));
    await pause(settle);
    await verify(client, change, wanted);
    await seeEvidence(client, wanted);
    await client.all([...(change.operations.length === 0 ? [] : [uci('confirm')]), guard('disarm')]);
    return change;
  } catch (error) {
    await takeBack(client, change, error);
    throw error;
  }
}

function uci(method: string, args: Record<string, unknown> = {}): Call {
  return { object: 'uci', method, args };
}

function guard(...params: readonly string[]): Call {
  return { object: 'file', method: 'exec', args: { command: GUARD, params } };
}

/**
 * Who was here before us and died has left its change to be taken back, and its session is given to us while that waits. So it is
 * taken back now: by rpcd, whose answer also tells whether somebody else's change waits, and by the guard. Then what is present is
 * read; all of that is one request.
 */
async function begin(client: GatewayClient, wanted: DeviceConfig): Promise<DevicePresent> {
  const configs = Object.keys(wanted.uci);
  const first = [uci('rollback'), guard('undo'), ...configs.map((config) => uci('revert', { config }))];
  const outcomes = await client.outcomes([...first, ...surveyCalls(configs, Object.keys(wanted.files))]);
  dataOf(first[0] ?? uci('rollback'), outcomes[0], [NO_DATA, PERMISSION_DENIED]);
  if (statusOf(outcomes[0]) === PERMISSION_DENIED)
    throw new GatewayFault('refused', 'somebody else is changing its configuration at this moment (LuCI, perhaps), and has not confirmed it');
  if (statusOf(outcomes[1]) === NOT_FOUND) throw new GatewayFault('refused', `its guard is not installed: ${GUARD}`);
  dataOf(guard('undo'), outcomes[1]);
  for (const [index, call] of first.slice(2).entries()) dataOf(call, outcomes[index + 2], [NOT_FOUND]);
  return presentOf(wanted, outcomes.slice(first.length));
}

function statusOf(outcome: Outcome | undefined): number | null {
  return outcome && 'status' in outcome ? outcome.status : null;
}

/** What is ours and present. */
export async function readPresent(client: GatewayClient, wanted: Pick<DeviceConfig, 'uci' | 'files'>): Promise<DevicePresent> {
  return presentOf(wanted, await client.outcomes(surveyCalls(Object.keys(wanted.uci), Object.keys(wanted.files))));
}

function presentOf({ uci: packagesWanted, files }: Pick<DeviceConfig, 'uci' | 'files'>, outcomes: readonly Outcome[]): DevicePresent {
  const [configs, paths] = [Object.keys(packagesWanted), Object.keys(files)];
  const { packages, sums, running } = surveyOf(configs, paths, outcomes);
  return {
    uci: Object.fromEntries(configs.map((name, index) => [name, packages[index] ?? null])),
    files: Object.fromEntries(paths.map((path, index) => [path, sums[index] ?? null])),
    running,
  };
}

/** Whoever reads a file says whether it is good, before anything is changed. */
async function lint(client: GatewayClient, { files }: DeviceChange): Promise<void> {
  for (const { path, file } of files) {
    if (!file?.lint) continue;
    const [command = '', ...params] = file.lint;
    const candidate = `${path}${CANDIDATE}`;
    const look: Call = { object: 'file', method: 'exec', args: { command, params: [...params, candidate] } };
    // What it names has to be there; nobody reads that yet.
    const referred = files.flatMap(({ path: other, file: of }) => (of && of.service === undefined ? writeCalls(other, of.content, of.mode) : []));
    const writes = writeCalls(candidate, file.content, file.mode);
    const outcomes = await client.outcomes([...referred, ...writes, look, { object: 'file', method: 'remove', args: { path: candidate } }]);
    for (const [index, call] of [...referred, ...writes].entries()) dataOf(call, outcomes[index]);
    const { code, stdout, stderr } = executedOf(dataOf(look, outcomes.at(-2)), command);
    if (code !== 0) throw new NotAppliedError(`${command} refuses ${path}: ${(stderr || stdout).trim().slice(0, 600)}`);
  }
}

async function arm(client: GatewayClient, change: DeviceChange, seconds: number): Promise<void> {
  const order = guard('arm', String(seconds), reloaded(change).join(',') || 'none', ...touched(change));
  const [data = null] = await client.all([order]);
  if (executedOf(data, GUARD).code !== 0) throw new NotAppliedError(`its guard (${GUARD}) cannot save copies: is flash full, or read-only?`);
}

/** Files, what is staged, its application, and who reads the files, in this order. */
function changeCalls({ operations, files, missing, start, ...change }: DeviceChange, within: number): Call[] {
  const init = (name: string, action: string): Call => ({ object: 'rc', method: 'init', args: { name, action } });
  return [
    ...missing.flatMap((name) => writeCalls(`/etc/config/${name}`, '', 0o600)),
    ...files.flatMap(({ path, file }) =>
      file
        ? isLinted(files) && file.service === undefined
          ? []
          : writeCalls(path, file.content, file.mode)
        : [{ object: 'file', method: 'remove', args: { path } }],
    ),
    ...operations.map((operation) => ({ object: 'uci', ...callOf(operation) })),
    ...(operations.length === 0 ? [] : [uci('apply', { rollback: true, timeout: within })]),
    ...change.stop.flatMap((name) => [init(name, 'stop'), init(name, 'disable')]),
    ...start.map((name) => init(name, 'enable')),
    ...reloaded({ operations, files, missing, start, ...change }).map((name) => init(name, start.includes(name) ? 'restart' : 'reload')),
  ];
}

/** Then what has no reader of its own was written for the look at what has. */
function isLinted(files: DeviceChange['files']): boolean {
  return files.some(({ file }) => file?.lint !== undefined);
}

/** With evidence: what is on it, what runs, and what the firewall says of itself on its standard error, for its exit code says nothing. */
async function verify(client: GatewayClient, change: DeviceChange, wanted: DeviceConfig): Promise<void> {
  const [configs, paths] = [Object.keys(wanted.uci), Object.keys(wanted.files)];
  const survey = surveyCalls(configs, paths);
  const firewall: Call[] = change.operations.some(({ config }) => config === 'firewall') ? [FIREWALL] : [];
  const outcomes = await client.outcomes([...survey, ...firewall]);
  const left = changeOf(presentOf(wanted, outcomes.slice(0, survey.length)), wanted);
  if (left.operations.length > 0)
    throw new NotAppliedError(`its configuration is not as it was written: ${left.operations.map(({ config }) => config).join(', ')}`);
  if (left.files.length > 0) throw new NotAppliedError(`files are not as they were written: ${left.files.map(({ path }) => path).join(', ')}`);
  if (left.stop.length > 0) throw new NotAppliedError(`what is to be idle runs: ${left.stop.join(', ')}`);
  if (left.start.length > 0) throw new NotAppliedError(`what has to run does not: ${left.start.join(', ')}`);
  if (firewall.length > 0) verifyFirewall(executedOf(dataOf(FIREWALL, outcomes.at(-1)), 'fw4'));
}

/** Looks at evidence, and between them milliseconds: a small device takes its time to start a program. */
const LOOKS = 4;
const BETWEEN = 1500;

/** What runs may still not serve: a port may be somebody else's. */
async function seeEvidence(client: GatewayClient, { evidence }: DeviceConfig): Promise<void> {
  if (!evidence || evidence.words.length === 0) return;
  for (let look = 1; ; look++) {
    const { stdout } = await client.exec(evidence.command);
    const missing = evidence.words.filter((words) => !stdout.includes(words));
    // Then that it runs is all that can be known.
    if (missing.length === 0 || stdout.includes(evidence.blind)) return;
    if (look === LOOKS) throw new NotAppliedError(`it was written and started, and does not serve: ${missing.slice(0, 5).join(' ')}`);
    await pause(BETWEEN);
  }
}

const FIREWALL: Call = { object: 'file', method: 'exec', args: { command: '/sbin/fw4', params: ['check'] } };

function verifyFirewall({ code, stdout, stderr }: Executed): void {
  const complaint = stderr.split('\n').find((line) => line.includes('[!]'));
  if (code !== 0 || complaint !== undefined)
    throw new NotAppliedError(`fw4 does not take its rules: ${(complaint ?? (stderr || stdout)).trim().slice(0, 600)}`);
}

/** What cannot be taken back now, because the gateway does not answer, it takes back by itself. */
async function takeBack(client: GatewayClient, { operations }: DeviceChange, reason: unknown): Promise<void> {
  const configs = [...new Set(operations.map(({ config }) => config))];
  try {
    const outcomes = await client.outcomes([uci('rollback'), ...configs.map((config) => uci('revert', { config })), guard('undo')]);
    dataOf(guard('undo'), outcomes.at(-1));
  } catch (error) {
    if (!(error instanceof GatewayFault) || !(reason instanceof Error)) throw error;
    reason.message += `; it could not be taken back at once (${error.message}), and the gateway does so by itself`;
  }
}
