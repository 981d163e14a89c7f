/** Runs a program with an argument array, text in and text out; never through a shell. */
import { type ChildProcess, execFile } from 'node:child_process';
import { NodeError } from '../node.ts';

const OUTPUT_AT_MOST = 64 * 1024 * 1024;
const SECONDS_AT_MOST = 30;

/** The program ran and refused, or could not be run. `words` is what it wrote to stderr. */
export class CommandError extends NodeError {
  readonly words: string;
  constructor(program: string, words: string, cause: unknown) {
    super(`${program}: ${words || String(cause)}`, { cause });
    this.name = 'CommandError';
    this.words = words;
  }
}

export interface CommandOptions {
  /** May be awaited: the program is started at once and gets its input when that is settled; none if it is rejected. */
  readonly input?: string | Promise<string>;
  readonly cwd?: string;
  /** Resolves although the program ended with an error; what it wrote is all that counts. */
  readonly tolerant?: boolean;
}

/** Resolves with stdout. Rejects with a CommandError when the program fails or takes more than 30 s. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { cwd: options.cwd, maxBuffer: OUTPUT_AT_MOST, timeout: SECONDS_AT_MOST * 1000, killSignal: 'SIGKILL', encoding: 'utf8' } as const;
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      const failed = error !== null && !(options.tolerant === true && typeof error.code === 'number');
      if (failed) reject(new CommandError(program, stderr.trim(), error));
      else resolve(stdout);
    });
    // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
    child.stdin?.on('error', () => {});
    void feed(child, options.input ?? '', reject);
  });
}

async function feed(child: ChildProcess, input: string | Promise<string>, reject: (error: unknown) => void): Promise<void> {
  try {
    child.stdin?.end(await input);
  } catch (error) {
    child.stdin?.end();
    reject(error);
  }
}
