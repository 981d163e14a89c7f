// Runs one step of the set-up with progress on stderr, keeps its output, and shows it only when the step fails.
import { spawn } from 'node:child_process';
import process from 'node:process';

/** A step failed or the host cannot do it; the message says what to do. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const KEPT_OUTPUT = 64 * 1024;

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a program to its end.
 * `untouchable` puts it out of reach of Ctrl-C, for programs that must not be stopped half-way (dpkg): the interruption
 * takes effect once it has ended.
 */
export async function runTask(title, command, args, { env = {}, cwd, untouchable = false } = {}) {
  const started = Date.now();
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: untouchable });
  const progress = showProgress(title, started);
  const interruption = holdInterruption(child, untouchable);
  const { code, output } = await finished(child, progress.line).finally(() => {
    progress.stop();
    interruption.release();
  });
  if (interruption.signal) throw new SetupError('Interrupted. Run the same command again to go on.', 130);
  if (code !== 0) throw new SetupError(`${output.trimEnd()}\n\n${title}: failed (${[command, ...args].join(' ')} ended with ${code}).`);
  say(`» ${title}: done in ${seconds(started)}`);
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/** On a terminal one line that is rewritten; otherwise only the line that says what begins. */
function showProgress(title, started) {
  if (!process.stderr.isTTY) {
    say(`» ${title} …`);
    return { line: () => {}, stop: () => {} };
  }
  let last = '';
  const draw = () =>
    process.stderr.write(`\r\x1b[K» ${title} … ${seconds(started)} ${last.slice(0, Math.max(0, (process.stderr.columns ?? 80) - title.length - 16))}`);
  const timer = setInterval(draw, 200);
  draw();
  const stop = () => {
    clearInterval(timer);
    process.stderr.write('\r\x1b[K');
  };
  return { line: (text) => (last = text), stop };
}

function holdInterruption(child, untouchable) {
  const held = { signal: null, release: () => {} };
  const onSignal = (signal) => {
    held.signal = signal;
    if (untouchable) say('\nInterrupted: stopping as soon as the package manager has finished (stopping it half-way would break it) …');
    else child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, onSignal);
  held.release = () => signals.forEach((signal) => process.off(signal, onSignal));
  return held;
}

function finished(child, onLine) {
  return new Promise((resolve, reject) => {
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT);
      onLine(output.trimEnd().split('\n').at(-1) ?? '');
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => reject(new SetupError(`Cannot run ${child.spawnfile}: ${error.message}`)));
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}
