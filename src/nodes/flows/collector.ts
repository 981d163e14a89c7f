/** From what comes out of the pipes to what the targets are given. */
import { hostname } from 'node:os';
import { ecsLine } from './ecs-line.ts';
import { FileTarget } from './file-target.ts';
import { type Flow, isFlowLine, parseFlow } from './flow.ts';
import { octaviaLine } from './octavia-line.ts';
import type { FlowLogOptions, SyslogOptions } from './options.ts';
import type { Line, Target } from './target.ts';
import { TcpTarget } from './tcp-target.ts';
import { UdpTarget } from './udp-target.ts';

/** Since the last report. A line that goes to two targets is counted twice. */
export interface FlowCounts {
  readonly written: number;
  readonly lost: number;
  /** Lines of ours that were not whole, or another node's. */
  readonly unreadable: number;
  readonly troubles: readonly string[];
}

export class Collector {
  readonly #format: (flow: Flow) => string;
  readonly #targets: readonly Target[];
  readonly #troubles: string[] = [];
  #unreadable = 0;

  constructor({ format, line, file, syslog }: FlowLogOptions) {
    const host = hostname();
    this.#format = format === 'ecs' ? (flow) => ecsLine(flow, host) : (flow) => octaviaLine(flow, line);
    this.#targets = [...(file === null ? [] : [new FileTarget(file)]), ...(syslog === null ? [] : [syslogTarget(syslog)])];
  }

  /** Lines that came out of the node's pipe. */
  take(node: string, came: readonly string[]): void {
    const lines = came.filter(isFlowLine).flatMap((line) => this.#lineOf(node, line));
    if (lines.length > 0) for (const target of this.#targets) target.write(lines);
  }

  /** Files are opened by their names again. */
  reopen(): void {
    for (const target of this.#targets) if (target instanceof FileTarget) target.reopen();
  }

  counts(): FlowCounts {
    const all = this.#targets.map((target) => target.counts());
    const unreadable = this.#unreadable;
    this.#unreadable = 0;
    const sum = (key: 'written' | 'lost'): number => all.reduce((total, counts) => total + counts[key], 0);
    return { written: sum('written'), lost: sum('lost'), unreadable, troubles: [...this.#troubles.splice(0), ...all.flatMap(({ trouble }) => trouble ?? [])] };
  }

  /** Something went wrong that is to be told of. */
  troubled(trouble: string): void {
    this.#troubles.push(trouble);
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map((target) => target.close()));
  }

  /** A node speaks for itself only. */
  #lineOf(node: string, line: string): Line[] {
    const flow = parseFlow(line);
    if (flow?.raw.node === node) return [{ text: this.#format(flow), node: flow.raw.node, pid: flow.raw.pid }];
    this.#unreadable += 1;
    return [];
  }
}

function syslogTarget(options: SyslogOptions): Target {
  return options.protocol === 'TCP' ? new TcpTarget(options) : new UdpTarget(options);
}
