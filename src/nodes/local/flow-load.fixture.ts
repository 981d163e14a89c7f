/** Flows for tests, written into a namespace's table of connections as if clients had begun them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import { conntrack } from './packet-flows.ts';

export interface Load {
  readonly count: number;
  readonly port: number;
  /** Of the flow with this number. */
  readonly mark: (index: number) => number;
  readonly address?: string;
}

export async function loadFlows(namespace: string, { count, port, mark, address = '198.51.100.5' }: Load): Promise<void> {
  const lines = Array.from({ length: count }, (_, index) => {
    const client = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    const there = `-s ${client} -d ${address} --sport 4000 --dport ${port}`;
    const back = `-r ${address} -q ${client} --reply-port-src ${port} --reply-port-dst 4000`;
    return `-A -t 600 -u SEEN_REPLY -p udp ${there} ${back} -m ${mark(index)}\n`;
  });
  const directory = await mkdtemp(join(tmpdir(), 'weir-flows-'));
  try {
    const path = join(directory, 'flows');
    await writeFile(path, lines.join(''));
    await run('nsenter', conntrack(namespace, ['-R', path]));
  } finally {
    await rm(directory, { recursive: true });
  }
}
