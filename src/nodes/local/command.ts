/** Runs a program with an argument array, text in and text out; never through a shell. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { NodeError } from '../node.ts';

const OUTPUT_AT_MOST = 64 * 1024 * 1024;
const SECONDS_AT_MOST = 30;
/** Characters of a line, and of what a program says to stderr, where output is taken as it comes. */
const KEPT_AT_MOST = 64 * 1024;

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
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves although the program ended with an error; what it wrote is all that counts. */
  readonly tolerant?: boolean;
}

/** Resolves with stdout. Rejects with a CommandError when the program fails or takes more than 30 s. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    const settings = { cwd: options.cwd, env, maxBuffer: OUTPUT_AT_MOST, timeout: SECONDS_AT_MOST * 1000, killSignal: 'SIGKILL', encoding: 'utf8' } as const;
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

/**
 * Tells each line of a program's stdout as it comes, however much that is; null tells none. Rejects like `run`, and with what
 * `tell` throws.
 */
export async function runLines(program: string, args: readonly string[], tell: ((line: string) => void) | null): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', tell ? 'pipe' : 'ignore', 'pipe'], timeout: SECONDS_AT_MOST * 1000, killSignal: 'SIGKILL' });
  const ended = endOf(program, child);
  try {
    if (tell && child.stdout) await eachLine(child.stdout, tell);
  } catch (error) {
    child.kill('SIGKILL');
    await ended.catch(() => {});
    throw error;
  }
  await ended;
}

function endOf(program: string, child: ChildProcess): Promise<void> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(0, KEPT_AT_MOST)));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('error', (error) => reject(new CommandError(program, '', error)));
  child.once('close', (code, signal) => {
    if (code === 0) resolve();
    else reject(new CommandError(program, words.trim(), new Error(signal ?? `it ended with ${code}`)));
  });
  // Looked at when all lines are told.
  promise.catch(() => {});
  return promise;
}

async function eachLine(output: Readable, tell: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of output.setEncoding('latin1') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > KEPT_AT_MOST) throw new NodeError('a program wrote a line that is too long');
    for (const line of lines) tell(line);
  }
  if (rest !== '') tell(rest);
}
