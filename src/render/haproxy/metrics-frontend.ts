/** What a PROMETHEUS listener answers with, and where that comes from (metrics-program.ts). */
import { type Argument, milliseconds, word } from './argument.ts';
import type { Directive, Section } from './directive.ts';
import { EXPORTER } from './metrics-program.ts';

/** How long the exporter waits for the program, which asks at once. */
const EXPORTER_TIMEOUT_MS = 10_000;

/** Lines of a PROMETHEUS listener's frontend: `GET /metrics`, and nothing else. */
export function metricsAnswer(): Directive[] {
  const asked: Argument[] = [word('{'), word('method'), word('GET'), word('}'), word('{'), word('path'), word('/metrics'), word('}')];
  return [
    [word('http-request'), word('return'), word('status'), word('404'), word('unless'), ...asked],
    [word('http-request'), word('use-service'), word('lua.octavia_metrics')],
  ];
}

/** HAProxy's exporter on an abstract socket: only this node's namespace has it, and no file is left of it. */
export function exporterSection(): Section {
  return {
    head: [word('frontend'), word(EXPORTER)],
    body: [
      [word('mode'), word('http')],
      [word('bind'), word(`abns@${EXPORTER}`)],
      [word('timeout'), word('client'), milliseconds(EXPORTER_TIMEOUT_MS)],
      [word('http-request'), word('use-service'), word('prometheus-exporter')],
    ],
  };
}
