/** Programs as children of this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Daemon, type DaemonOrder, OUTPUT_AT_MOST, type Order, type Outcome, type Programs, TIME_AT_MOST, type Taker, WORDS_AT_MOST } from './programs.ts';

export const here: Programs = { execute, stream, launch };

async function execute(order: Order, input: string | Promise<string>): Promise<Outcome> {
  const parts: Buffer[] = [];
  let size = 0;
  const child = begin(order, 'pipe');
  const outcome = outcomeOf(child, (chunk) => {
    size += chunk.length;
    if (size > OUTPUT_AT_MOST) throw new Error(`it wrote more than ${OUTPUT_AT_MOST} bytes`);
    parts.push(chunk);
  });
  // One that ends without reading its input is judged by its exit code, not by the broken pipe.
  child.stdin?.on('error', () => {});
  await feed(child, input);
  return { ...(await outcome), stdout: Buffer.concat(parts).toString('utf8') };
}

/** Rejects like `input`; the program, which gets none then, is not waited for. */
async function feed(child: ChildProcess, input: string | Promise<string>): Promise<void> {
  try {
    child.stdin?.end(await input);
  } catch (error) {
    child.stdin?.end();
    throw error;
  }
}

function stream(order: Order, take: Taker | null): Promise<Outcome> {
  return outcomeOf(begin(order, 'ignore', take === null ? 'ignore' : 'pipe'), take);
}

function begin({ program, args, cwd, env }: Order, stdin: 'pipe' | 'ignore', stdout: 'pipe' | 'ignore' = 'pipe'): ChildProcess {
  const settings = { ...(cwd === undefined ? {} : { cwd }), env: { ...process.env, ...env }, timeout: TIME_AT_MOST, killSignal: 'SIGKILL' } as const;
  return spawn(program, args, { ...settings, stdio: [stdin, stdout, 'pipe'] });
}

/** Rejects with what `take` throws. */
async function outcomeOf(child: ChildProcess, take: Taker | null): Promise<Outcome> {
  const ended = endOf(child);
  try {
    if (take && child.stdout) for await (const chunk of child.stdout as AsyncIterable<Buffer>) await take(chunk);
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
  return ended;
}

function endOf(child: ChildProcess): Promise<Outcome> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(0, WORDS_AT_MOST)));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, failure: error.message, stdout: '', stderr }));
    child.once('close', (code, signal) => resolve({ code, failure: signal ?? '', stdout: '', stderr }));
  });
}

/** In a session of its own. */
async function launch({ command, directory, log, pipes, env }: DaemonOrder): Promise<Daemon> {
  const [program = '', ...args] = command;
  const files: FileHandle[] = [];
  try {
    const output = await open(log, 'a', 0o600);
    files.push(output);
    const stdio: ('ignore' | number)[] = ['ignore', output.fd, output.fd];
    for (const [number, path] of Object.entries(pipes)) {
      // For writing and for reading: it then is no error that the other side is missing.
      const pipe = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
      files.push(pipe);
      stdio[Number(number)] = pipe.fd;
    }
    const child = spawn(program, args, { cwd: directory, detached: true, stdio, env: { ...process.env, ...env } });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await once(child, 'spawn');
    return { pid: child.pid ?? 0, ended, hasEnded: () => child.exitCode !== null || child.signalCode !== null, release: () => child.unref() };
  } finally {
    for (const file of files) await file.close();
  }
}
