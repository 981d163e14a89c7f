/** Asks nft itself, in a namespace of its own that is gone afterwards. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Rejects with nft's words unless it takes the texts, one after the other. */
export async function assertAccepted(...texts: string[]): Promise<void> {
  const child = spawn('unshare', ['--net', 'nft', '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  const words: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (part: string) => words.push(part));
  child.stdin.end(texts.join('\n'));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`nft refuses it: ${words.join('')}`);
}
