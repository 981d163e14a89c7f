/**
 * A strict reader of Prometheus's text format 0.0.4: each metric is one block of HELP, TYPE and samples; names, labels and
 * values are of the form that the format prescribes; no sample is told twice. Throws at the first fault.
 */
import assert from 'node:assert/strict';

export interface ExposedMetric {
  readonly help: string;
  readonly type: string;
  readonly samples: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

const VALUE = /^(NaN|[+-]Inf|[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/gy;

export function parseExposition(text: string): Map<string, ExposedMetric> {
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  const metrics = new Map<string, ExposedMetric>();
  const lines = text.slice(0, -1).split('\n');
  let at = 0;
  while (at < lines.length) {
    const { name, metric, samples } = blockAt(lines, at);
    assert.ok(!metrics.has(name), `${name} is told in two places`);
    metrics.set(name, metric);
    at += 2 + samples;
  }
  return metrics;
}

function blockAt(lines: readonly string[], at: number): { name: string; metric: ExposedMetric; samples: number } {
  const [, name = '', help = ''] = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)$/.exec(lines[at] ?? '') ?? assert.fail(`no HELP: ${lines[at]}`);
  const [, typed, type = ''] = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)$/.exec(lines[at + 1] ?? '') ?? assert.fail(`no TYPE: ${lines[at + 1]}`);
  assert.equal(typed, name, 'HELP and TYPE are about different metrics');
  const end = lines.findIndex((line, index) => index > at + 1 && line.startsWith('#'));
  const rows = lines.slice(at + 2, end === -1 ? lines.length : end);
  assert.equal(new Set(rows.map((row) => row.slice(0, row.lastIndexOf(' ')))).size, rows.length, `${name} has a sample twice`);
  return { name, metric: { help, type, samples: rows.map((row) => sampleOf(row, name)) }, samples: rows.length };
}

function sampleOf(row: string, name: string): ExposedMetric['samples'][number] {
  const [, told, , labels = '', value = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)$/.exec(row) ?? assert.fail(`not a sample: ${row}`);
  assert.equal(told, name, 'a sample stands among those of another metric');
  assert.match(value, VALUE);
  return { labels: labelsOf(labels), value: value.endsWith('Inf') ? Number(value.replace('Inf', 'Infinity')) : Number(value) };
}

function labelsOf(text: string): Record<string, string> {
  const found = [...text.matchAll(LABEL)];
  assert.equal(found.map(([whole]) => whole).join(''), text, `not labels: ${text}`);
  return Object.fromEntries(found.map(([, label = '', value = '']) => [label, value]));
}
