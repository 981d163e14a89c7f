/** Runs a program with an argument array, text in and text out; never through a shell. */
import { NodeError } from '../node.ts';
import { programs } from '../programs/current.ts';
import type { Outcome } from '../programs/programs.ts';

/** Characters of a line where output is taken as it comes. */
const LINE_AT_MOST = 64 * 1024;

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
export async function run(program: string, args: readonly string[], { input = '', cwd, env, tolerant = false }: CommandOptions = {}): Promise<string> {
  const outcome = await programs().execute({ program, args, cwd, env }, input);
  if (outcome.code !== 0 && !(tolerant && outcome.code !== null)) throw failureOf(program, outcome);
  return outcome.stdout;
}

function failureOf(program: string, { code, failure, stderr }: Outcome): CommandError {
  return new CommandError(program, stderr.trim(), new Error(failure || `it ended with ${code}`));
}

/**
 * Tells each line of a program's stdout as it comes, however much that is; null tells none. Rejects like `run`, and with what
 * `tell` throws.
 */
export async function runLines(program: string, args: readonly string[], tell: ((line: string) => void) | null): Promise<void> {
  const lines = tell && new Lines(tell);
  const outcome = await programs().stream({ program, args }, lines && ((chunk) => lines.take(chunk)));
  lines?.end();
  if (outcome.code !== 0) throw failureOf(program, outcome);
}

class Lines {
  readonly #tell: (line: string) => void;
  #rest = '';

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  take(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_AT_MOST) throw new NodeError('a program wrote a line that is too long');
    for (const line of lines) this.#tell(line);
  }

  end(): void {
    if (this.#rest !== '') this.#tell(this.#rest);
  }
}
