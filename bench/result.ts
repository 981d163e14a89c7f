/** What a measurement hands over, and how it is shown: a table for people, JSON for programs. */
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { median } from './statistics.ts';

export interface Row {
  readonly what: string;
  readonly unit: string;
  /** One value for each run; the table shows the median and the extremes. */
  readonly values: readonly number[];
  readonly better: 'more' | 'less';
  /** What Octavia does, where a figure is known. */
  readonly octavia?: number;
  /** What the median ought to reach, where that was set: at least or at most, as `better` says. */
  readonly goal?: number;
}

export interface Result {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** Octavia 11 with its no-op drivers, MariaDB and RabbitMQ on a 4-core VM: fixed, so that later runs stay comparable. */
export const OCTAVIA = { createsPerSecond: 29, showsPerSecond: 70, list1000Ms: 465, createToActiveMs: 560, batchToActiveMs: 11_000 } as const;

const RESULTS = join(import.meta.dirname, 'results');
const RECORD = join(import.meta.dirname, 'RESULTS.md');

export function tableOf({ rows }: Result): string {
  const all = ['what', 'median', 'min – max', 'n', 'unit', 'Octavia', 'ratio', 'goal'];
  const head = rows.some(({ goal }) => goal !== undefined) ? all : all.slice(0, -1);
  const lines = rows.map((row) => cells(row).slice(0, head.length));
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)));
  const show = (line: readonly string[]): string => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [show(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(show)].join('\n');
}

function cells({ what, unit, values, better, octavia, goal }: Row): string[] {
  const middle = median(values);
  const ratio = octavia === undefined ? '' : `${(better === 'more' ? middle / octavia : octavia / middle).toFixed(1)}×`;
  return [
    what,
    short(middle),
    `${short(Math.min(...values))} – ${short(Math.max(...values))}`,
    String(values.length),
    unit,
    octavia === undefined ? '' : String(octavia),
    ratio,
    goal === undefined ? '' : `${better === 'more' ? '≥' : '≤'} ${goal} ${(better === 'more' ? middle >= goal : middle <= goal) ? '✔' : '✘'}`,
  ];
}

function short(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);
}

/** Writes `bench/results/<name>.json`; returns its path. */
export function writeJson(result: Result, machine: Machine): string {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${result.name}.json`);
  writeFileSync(file, `${JSON.stringify({ ...result, machine, at: new Date().toISOString() }, null, 2)}\n`);
  return file;
}

/** Appends to bench/RESULTS.md, the history that is kept. */
export function record(results: readonly Result[], machine: Machine, command: string): void {
  if (!existsSync(RECORD))
    writeFileSync(RECORD, '# Measurements\n\nAppended by `npm run bench -- --record`. Octavia: version 11 with no-op drivers on a 4-core VM.\n');
  const host = `${machine.cpu}, ${machine.cores} cores; Linux ${machine.kernel}; Node ${machine.node}; HAProxy ${machine.haproxy}`;
  const tables = results.map((result) => `### ${result.name}\n\n${tableOf(result)}`);
  appendFileSync(
    RECORD,
    `\n## ${new Date().toISOString().slice(0, 10)}\n\n${host}; revision ${machine.revision}\n\n\`${command}\`\n\n${tables.join('\n\n')}\n`,
  );
}
