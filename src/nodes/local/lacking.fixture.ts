/** For tests of a host that lacks a program. */
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Runs `work` with a search path on which everything is but that program; processes that are started meanwhile do not find it. */
export async function lacking(program: string, work: () => Promise<void>): Promise<void> {
  const path = process.env['PATH'] ?? '';
  const directory = await mkdtemp(join(tmpdir(), 'weir-path-'));
  try {
    for (const folder of path.split(delimiter)) {
      const names = await readdir(folder).catch(() => []);
      // Of two programs of a name the first is found.
      await Promise.all(names.filter((name) => name !== program).map((name) => symlink(join(folder, name), join(directory, name)).catch(() => {})));
    }
    process.env['PATH'] = directory;
    await work();
  } finally {
    process.env['PATH'] = path;
    await rm(directory, { recursive: true });
  }
}
