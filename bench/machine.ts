/** Where a measurement was made: figures mean little without it. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly haproxy: string;
  readonly revision: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    kernel: release(),
    node: process.versions.node,
    haproxy: /version (\S+)/.exec(output('haproxy', ['-v']))?.[1] ?? 'none',
    revision: output('git', ['describe', '--always', '--dirty']).trim() || 'unknown',
  };
}

function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    // Not installed: the noop measurements need none of it.
    return '';
  }
}
