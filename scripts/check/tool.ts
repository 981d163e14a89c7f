/** Runs one of the repository's own tools and returns its complaints, one for each line of output. */
import { spawn } from 'node:child_process';
import { ROOT } from '../repository.ts';

/** A last line that only counts the others. */
const TOTAL = /^\d+ problems?$/;

/** `meaning` is put behind each line, for tools that only name files. */
export function runTool(script: readonly string[], meaning = ''): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...script], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: string): void => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code === 0 ? [] : complaints(output, code ?? signal, meaning)));
  });
}

function complaints(output: string, ended: number | string | null, meaning: string): string[] {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !TOTAL.test(line));
  // A tool that fails in silence must not pass.
  if (lines.length === 0) return [`ended with ${ended} and said nothing`];
  return lines.map((line) => (meaning === '' ? line : `${line} ${meaning}`));
}
