/**
 * iproute2 in batches: one process for many commands, because each start costs 2 ms (dataplane reference §2).
 * A command is an array of words; words with characters that the batch reader treats as syntax are refused.
 */
import { NodeError } from '../node.ts';
import { run } from './command.ts';

export type IpCommand = readonly string[];

const WORD = /^[A-Za-z0-9_.:/@=+-]+$/;

/**
 * Carries commands out in order, inside `namespace` (null: this process's own); stops at the first that fails.
 * @param after - what has to be done first; the process is started meanwhile. If it fails, nothing is carried out.
 */
export async function ipBatch(namespace: string | null, commands: readonly IpCommand[], after?: Promise<unknown>): Promise<void> {
  if (commands.length === 0) return;
  const text = batchText(commands);
  await run('ip', [...inside(namespace), '-batch', '-'], { input: after ? after.then(() => text) : text });
}

/**
 * Carries out commands that list, and returns one array of entries per command. With `absentIsEmpty`, a command
 * about something that does not exist yields nothing instead of failing, so its entries are left out.
 */
export async function ipQuery(namespace: string | null, commands: readonly IpCommand[], options: { absentIsEmpty?: boolean } = {}): Promise<unknown[][]> {
  const flags = options.absentIsEmpty === true ? ['-force'] : [];
  const args = [...inside(namespace), ...flags, '-details', '-json', '-batch', '-'];
  const output = await run('ip', args, { input: batchText(commands), tolerant: options.absentIsEmpty === true });
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseEntries);
}

function parseEntries(line: string): unknown[] {
  const value: unknown = JSON.parse(line);
  if (!Array.isArray(value)) throw new NodeError('ip: answered something that is not a list');
  return value;
}

function inside(namespace: string | null): string[] {
  return namespace === null ? [] : ['-netns', namespace];
}

function batchText(commands: readonly IpCommand[]): string {
  return commands.map((words) => `${words.map(word).join(' ')}\n`).join('');
}

function word(text: string): string {
  if (!WORD.test(text)) throw new NodeError(`ip: '${text}' cannot be a word of a command`);
  return text;
}
