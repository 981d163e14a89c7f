/** HAProxy's answers as values. Pure; formats from its management guide, §9.1 and §9.3. */
import { NodeError } from '../node.ts';

export type Row = Readonly<Record<string, string>>;

/** Of `show info`. */
export interface WorkerInfo {
  readonly pid: number;
  /** Process id and start: unique on the node. */
  readonly worker: string;
  /** What the configuration it was started with calls itself; empty when it is not one of ours. */
  readonly structure: string;
}

const DESCRIPTION = 'weir:';

export function parseInfo(text: string): WorkerInfo {
  const fields = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  const pid = Number(fields.get('pid'));
  if (!Number.isInteger(pid)) throw new NodeError(`the proxy's 'show info' names no process: ${text.slice(0, 100)}`);
  const description = fields.get('description') ?? '';
  return {
    pid,
    worker: `${pid}-${fields.get('start_time_sec') ?? ''}`,
    structure: description.startsWith(DESCRIPTION) ? description.slice(DESCRIPTION.length) : '',
  };
}

/** Of `show servers state`: a version, a line of column names, then rows. */
export function parseServerStates(text: string): Row[] {
  const [version, header = '', ...lines] = text.split('\n').filter((line) => line !== '');
  if (version !== '1' || !header.startsWith('# ')) throw new NodeError(`the proxy's 'show servers state' is of an unknown format: ${text.slice(0, 100)}`);
  const names = header.slice(2).split(' ');
  return lines.map((line) => named(names, line.split(' ')));
}

/** Of `show stat`: comma-separated values under a line of names. Of the hundred columns only those that are `wanted`; absent is all. */
export function parseStat(text: string, wanted?: ReadonlySet<string>): Row[] {
  const [header = '', ...lines] = text.split('\n').filter((line) => line !== '');
  if (!header.startsWith('# ')) throw new NodeError(`the proxy's 'show stat' is of an unknown format: ${text.slice(0, 100)}`);
  const names = header.slice(2).split(',');
  if (!wanted) return lines.map((line) => named(names, csvFields(line)));
  const columns = names.flatMap((name, index) => (wanted.has(name) ? [[name, index] as const] : []));
  return lines.map((line) => picked(columns, csvFields(line)));
}

function picked(columns: readonly (readonly [string, number])[], values: readonly string[]): Row {
  const row: Record<string, string> = {};
  for (const [name, index] of columns) row[name] = values[index] ?? '';
  return row;
}

function named(names: readonly string[], values: readonly string[]): Row {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

const FIELD = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;

function csvFields(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  return [...line.matchAll(FIELD)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

/** Of the master's `show proc`. */
export interface Processes {
  readonly master: number;
  /** Reloads since the last successful one. */
  readonly failedReloads: number;
  /** Workers that still serve connections of before a reload. */
  readonly oldWorkers: readonly number[];
}

export function parseProcesses(text: string): Processes {
  const [, master, failed] = /^(\d+)\s+master\s+\d+ \[failed: (\d+)\]/m.exec(text) ?? [];
  if (master === undefined) throw new NodeError(`the proxy's 'show proc' is of an unknown format: ${text.slice(0, 100)}`);
  const [, old = ''] = text.split('# old workers\n');
  const [workers = ''] = old.split('\n#');
  return { master: Number(master), failedReloads: Number(failed), oldWorkers: [...workers.matchAll(/^(\d+)\s+worker/gm)].map(([, pid]) => Number(pid)) };
}
