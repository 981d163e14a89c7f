/**
 * HAProxy's two command sockets. The worker's (`stats.sock`) is asked in its interactive mode, because only there the
 * end of each reply can be told; the master's (`master.sock`) answers one command per connection. A connection per
 * question costs 0.2 ms and leaves nothing to be repaired when the proxy is replaced.
 */
import { connect } from 'node:net';
import { NodeError } from '../node.ts';

/** Nobody listens on the socket: there is no proxy. */
export class NoProxyError extends NodeError {
  constructor(path: string, cause: unknown) {
    super(`no proxy answers on ${path}`, { cause });
    this.name = 'NoProxyError';
  }
}

/** Somebody listens, and says nothing: it is stopped, stuck, or very busy. */
export class SilentProxyError extends NodeError {
  constructor(path: string, why: string) {
    super(`${path}: ${why}`);
    this.name = 'SilentProxyError';
  }
}

/** It will say nothing until somebody lets it go on. */
export class StoppedProxyError extends SilentProxyError {
  constructor(path: string) {
    super(path, 'no answer, because the proxy has been stopped');
    this.name = 'StoppedProxyError';
  }
}

/** The connection broke off: at a reload the master closes all of them. Asking again helps. */
export class BrokenAnswerError extends NodeError {
  constructor(path: string, cause?: unknown) {
    super(`${path}: the answer broke off`, { cause });
    this.name = 'BrokenAnswerError';
  }
}

const PROMPT = '\n> ';
/** Well below the smallest buffer in which HAProxy must hold a line (tune.bufsize, 16,384 bytes). */
const LINE_AT_MOST = 8000;
/** A worker answers within milliseconds, however many clients it has. A master reads a whole configuration in between. */
const SILENCE_AT_MOST = { worker: 2000, master: 10_000 };

/** Asks the worker; one reply per command, without the line end. All commands go in one round trip. */
export async function askWorker(path: string, commands: readonly string[]): Promise<string[]> {
  if (commands.length === 0) return [];
  const text = await converse(path, `prompt\n${joined(commands.map(oneCommand))}quit\n`, SILENCE_AT_MOST.worker);
  // Before the first reply stands the prompt, behind the last one another.
  const replies = text.split(PROMPT).slice(1, -1);
  if (replies.length !== commands.length) throw new BrokenAnswerError(path);
  return replies.map((reply) => reply.replace(/\n$/, ''));
}

/** Asks the master; `@!<pid>` in front of a command passes it to that worker. */
export async function askMaster(path: string, command: string): Promise<string> {
  const answer = await converse(path, `${oneCommand(command)}\n`, SILENCE_AT_MOST.master, true);
  if (answer === '') throw new BrokenAnswerError(path);
  return answer;
}

/** Tells the master to reload. It answers with nothing, or by breaking off. */
export async function orderReload(path: string): Promise<void> {
  try {
    await converse(path, 'reload\n', SILENCE_AT_MOST.master, true);
  } catch (error) {
    if (!(error instanceof BrokenAnswerError)) throw error;
  }
}

function oneCommand(command: string): string {
  if (/[;\r\n\0]|<</.test(command)) throw new NodeError(`'${command}' is not one command of a proxy`);
  return command;
}

/** Commands of one line are read at once; a line must fit into the proxy's buffer. */
function joined(commands: readonly string[]): string {
  const lines: string[] = [];
  for (const command of commands) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + command.length < LINE_AT_MOST) lines[lines.length - 1] = `${last};${command}`;
    else lines.push(command);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** `finish` closes our side after the question: the master waits for that before it ends a conversation. */
function converse(path: string, question: string, silence: number, finish = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: string[] = [];
    const socket = connect(path);
    socket.setEncoding('utf8');
    socket.setTimeout(silence, () => socket.destroy(new SilentProxyError(path, `no answer for ${silence / 1000} s`)));
    socket.on('data', (part: string) => parts.push(part));
    socket.on('error', (error) => reject(explained(path, error)));
    socket.on('close', () => resolve(parts.join('')));
    socket.write(question);
    if (finish) socket.end();
  });
}

function explained(path: string, error: Error): Error {
  const code = 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return new NoProxyError(path, error);
  if (code === 'ECONNRESET' || code === 'EPIPE') return new BrokenAnswerError(path, error);
  // Somebody listens, and has not accepted so many connections that no more find room.
  if (code === 'EAGAIN') return new SilentProxyError(path, 'it accepts no connections');
  return error instanceof NodeError ? error : new NodeError(`${path}: ${error.message}`, { cause: error });
}
