/** Programs in namespaces: started on chosen processors, and how much of a processor they have used. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { namespacePath } from '../../src/nodes/local/names.ts';
import { run } from '../../src/nodes/local/command.ts';

/** Processors as taskset(1) lists them, `0` or `2,3`; null is all of them. */
export type Processors = string | null;

/** Clock ticks of /proc in a second: fixed at 100 in what Linux shows to programs (time(7)). */
const TICKS_PER_SECOND = 100;

/** The command that runs `words` in the namespace, on these processors. */
export function inside(namespace: string, processors: Processors, words: readonly string[]): string[] {
  return ['nsenter', `--net=${namespacePath(namespace)}`, '--', ...(processors === null ? [] : ['taskset', '--cpu-list', processors]), ...words];
}

/** Starts a program that goes on until `stop`; what it complains of appears on our own stderr. */
export function start(words: readonly string[]): ChildProcess {
  const [program = '', ...rest] = words;
  // Detached: Ctrl-C must reach us alone, and we end it.
  return spawn(program, rest, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Moves processes that run, with all their threads. */
export async function pin(pids: readonly number[], processors: Processors): Promise<void> {
  if (processors === null) return;
  for (const pid of pids) await run('taskset', ['--all-tasks', '--cpu-list', '--pid', processors, String(pid)]);
}

/** Seconds of a processor that the processes have used so far, their own and the kernel's on their behalf (proc(5): utime, stime). */
export function processorSeconds(pids: readonly number[]): number {
  return pids.map(ticks).reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

function ticks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in parentheses, may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
