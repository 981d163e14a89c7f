/** Child processes that tests of crashes kill: they speak by lines on stdout. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

export interface Child {
  readonly process: ChildProcess;
  readonly lines: AsyncIterator<string>;
  /** Kills it with a signal nobody can catch; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Runs `program`, a module's text with imports relative to this directory. */
export function runChild(t: TestContext, program: string, ...args: string[]): Child {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program, '--', ...args], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  t.after(kill);
  return { process: child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), kill };
}
