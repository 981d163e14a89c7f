/** Files of the shares: what the process that serves several nodes is to do for each, as it was last carried out. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf, readIfThere, writeWhole } from './files.ts';
import { idOfDirectory, shareName } from './names.ts';

export interface FiledShare {
  readonly structure: string;
  readonly text: string;
}

const HEAD = /^# ([0-9a-f]{16})\n/;

/** null when there is none, or one that a hand has broken. */
export async function readShare(shares: string, node: string): Promise<FiledShare | null> {
  const content = await readIfThere(join(shares, shareName(node)));
  const [head = '', structure] = HEAD.exec(content ?? '') ?? [];
  return content === null || structure === undefined ? null : { structure, text: content.slice(head.length) };
}

export async function writeShare(shares: string, node: string, { structure, text }: FiledShare): Promise<void> {
  await mkdir(shares, { recursive: true, mode: 0o700 });
  await writeWhole(join(shares, shareName(node)), `# ${structure}\n${text}`);
}

export async function removeShare(shares: string, node: string): Promise<void> {
  await rm(join(shares, shareName(node)), { force: true });
}

/** Ids of the nodes that have one, in a stable order. */
export async function nodesWithShare(shares: string): Promise<string[]> {
  return (await entriesOf(shares)).toSorted().flatMap((name) => (name.endsWith('.cfg') ? (idOfDirectory(name.slice(0, -'.cfg'.length)) ?? []) : []));
}
