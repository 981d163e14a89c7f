/** Errors as a person in front of a terminal needs them: what happened, the detail, and how to get out of it. */

import { ConfigError } from '../config/load.ts';

/** 0 ok, 1 failure, 2 wrong usage or a host that is not able to. */
export type ExitCode = 1 | 2;

export class CliError extends Error {
  readonly detail: string;
  readonly remedy: string;
  readonly exitCode: ExitCode;
  constructor(what: string, more: { detail?: string; remedy?: string; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(what, { cause: more.cause });
    this.name = 'CliError';
    this.detail = more.detail ?? '';
    this.remedy = more.remedy ?? '';
    this.exitCode = more.exitCode ?? 1;
  }
}

/** What goes to stderr. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return `Error: ${String(error)}`;
  const detail = error instanceof CliError ? error.detail : '';
  const remedy = 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : '';
  return [`Error: ${error.message}`, indent('', detail), indent('What to do: ', remedy)].filter((part) => part !== '').join('\n');
}

function indent(label: string, text: string): string {
  return text === '' ? '' : `  ${label}${text.replaceAll('\n', '\n  ')}`;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ConfigError) return 2;
  return error instanceof CliError ? error.exitCode : 1;
}
