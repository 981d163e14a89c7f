/** What flow logs are made from and where they go, as a thread is told it: plain values. */
import type { LogPiece } from '../../model/log-format.ts';

export interface FlowLogOptions {
  readonly format: 'octavia' | 'ecs';
  /** A line of the format octavia. */
  readonly line: readonly LogPiece[];
  /** Path of the file to append to. */
  readonly file: string | null;
  readonly syslog: SyslogOptions | null;
}

export interface SyslogOptions {
  /** At least one. */
  readonly targets: readonly { readonly host: string; readonly port: number }[];
  readonly protocol: 'UDP' | 'TCP';
  /** 0…7: local0 … local7. */
  readonly facility: number;
  /** Lines. */
  readonly queueSize: number;
  /** Rounds over all targets after which waiting lines are given up; -1: never. */
  readonly retryCount: number;
  /** Milliseconds before the second round; each further pause is twice as long, up to a minute. */
  readonly retryInterval: number;
}
