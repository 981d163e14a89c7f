/**
 * `npm run bench [-- name…] [--record | --quick] [--balancers N]`: measures, prints tables, writes bench/results/<name>.json.
 * `dataplane` is a name for all measurements of traffic, half an hour; with --quick these only show that they work, in four minutes. With
 * --record also appends to bench/RESULTS.md. --balancers lets `memory` go on to that many. Everything runs on this host: servers on
 * loopback, traffic inside namespaces.
 */
import { parseArgs } from 'node:util';
import { api } from './cases/api.ts';
import { batch } from './cases/batch.ts';
import { blocking } from './cases/blocking.ts';
import { changes } from './cases/changes.ts';
import { create } from './cases/create.ts';
import { edge } from './cases/edge.ts';
import { edgeLive } from './cases/edge-live.ts';
import { endurance } from './cases/endurance.ts';
import { many } from './cases/many.ts';
import { member } from './cases/member.ts';
import { scale } from './cases/scale.ts';
import { memory } from './cases/memory.ts';
import { processors, throughput } from './cases/throughput.ts';
import { takeover } from './cases/takeover.ts';
import { udp } from './cases/udp.ts';
import { updates } from './cases/updates.ts';
import { type Effort, QUICK, WHOLE } from './effort.ts';
import { describeMachine } from './machine.ts';
import { type Result, type Row, record, tableOf, writeJson } from './result.ts';
import { stopEverything } from './server.ts';

const DATAPLANE = { throughput, processors, udp, changes, takeover, memory };
const CASES: Readonly<Record<string, (effort: Effort) => Promise<Row[]>>> = {
  api,
  scale,
  create,
  member,
  batch,
  many,
  updates,
  blocking,
  endurance,
  edge,
  'edge-live': edgeLive,
  ...DATAPLANE,
};
const GROUPS: Readonly<Record<string, readonly string[]>> = { dataplane: Object.keys(DATAPLANE) };

async function run(names: readonly string[], effort: Effort, keep: boolean): Promise<void> {
  const machine = describeMachine();
  process.stdout.write(`${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, HAProxy ${machine.haproxy}\n`);
  const results: Result[] = [];
  for (const [name, measure] of Object.entries(CASES).filter(([known]) => names.length === 0 || names.includes(known))) {
    process.stderr.write(`» ${name} …\n`);
    const result = { name, rows: await measure(effort) };
    results.push(result);
    process.stdout.write(`\n${name}\n${tableOf(result)}\n${writeJson(result, machine)}\n`);
  }
  const more = values.balancers === undefined ? [] : ['--balancers', values.balancers];
  if (keep) record(results, machine, ['npm run bench --', ...names, ...more, '--record'].join(' '));
}

function interrupted(): void {
  process.stderr.write('Interrupted: removing what was made …\n');
  void stopEverything().finally(() => process.exit(130));
}

const { values, positionals } = parseArgs({
  options: { record: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false }, balancers: { type: 'string' } },
  allowPositionals: true,
});
const BALANCERS_AT_MOST = 2000;

/** Why the options are refused; null when they are not. */
function refusal(names: readonly string[]): string | null {
  const unknown = names.filter((name) => !Object.hasOwn(CASES, name));
  if (unknown.length > 0)
    return `There is no measurement named ${unknown.join(', ')}. There are: ${[...Object.keys(CASES), ...Object.keys(GROUPS)].join(', ')}`;
  if (values.record && values.quick) return 'What --quick measures is not worth keeping: leave out --record or --quick';
  const wanted = Number(values.balancers ?? BALANCERS_AT_MOST);
  const fits = Number.isInteger(wanted) && wanted > Math.max(...WHOLE.balancers) && wanted <= BALANCERS_AT_MOST;
  return fits ? null : `--balancers must be a number from ${Math.max(...WHOLE.balancers) + 1} to ${BALANCERS_AT_MOST}, not '${values.balancers}'`;
}

function effortWanted(): Effort {
  const effort = values.quick ? QUICK : WHOLE;
  return values.balancers === undefined ? effort : { ...effort, balancers: [...effort.balancers, Number(values.balancers)] };
}

const names = positionals.flatMap((name) => GROUPS[name] ?? [name]);
const refused = refusal(names);
if (refused === null) {
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  await run(names, effortWanted(), values.record);
} else {
  process.stderr.write(`${refused}\n`);
  process.exitCode = 2;
}
