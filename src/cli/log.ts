/** The log: JSON lines for machines, short lines for a person at the terminal. */
import { dirname } from 'node:path';
import pino from 'pino';
import { makeDirectory } from '../config/make-directory.ts';
import type { Config } from '../config/options.ts';
import type { Log } from '../model/log.ts';

export type Level = 'debug' | 'info' | 'warn';

/** `level` is the quietest that is written when the configuration does not ask for more. */
export function createLog({ DEFAULT }: Pick<Config, 'DEFAULT'>, level: Level = 'info'): Log {
  const options = { level: DEFAULT.debug ? 'debug' : level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (DEFAULT.log_file !== '') return pino(options, logFile(DEFAULT.log_file));
  return process.stderr.isTTY
    ? pino(options, { write: (line) => void process.stderr.write(shortLine(line)) })
    : pino(options, pino.destination({ dest: 2, sync: true }));
}

type Destination = ReturnType<typeof pino.destination>;

/** Its group may read it: so must others be able to enter the directory. */
function logFile(path: string): Destination {
  makeDirectory(dirname(path), 0o755);
  return reopened(pino.destination({ dest: path, mode: 0o640, sync: true }));
}

/** logrotate renames the file and sends SIGUSR2. */
function reopened(destination: Destination): Destination {
  process.on('SIGUSR2', () => destination.reopen());
  return destination;
}

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' };

/** `12:30:01 WARN  message  key=value`. */
export function shortLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as { level: number; time: string; msg?: string } & Record<string, unknown>;
  const rest = Object.entries(fields).map(([key, value]) => `  ${key}=${shortValue(value)}`);
  return `${time.slice(11, 19)} ${(LEVELS[level] ?? String(level)).padEnd(5)} ${msg ?? ''}${rest.join('')}\n`;
}

function shortValue(value: unknown): string {
  if (typeof value === 'string') return /[\s\p{Cc}]/u.test(value) ? JSON.stringify(value) : value;
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : value;
  return JSON.stringify(message);
}
