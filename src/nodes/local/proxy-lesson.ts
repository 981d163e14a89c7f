/**
 * A worker waits 5 s for its predecessor to tell what is in its tables, and as long for its peers; before that it would not
 * teach its own successor. Where the predecessor had nothing to tell and does not come, somebody has to say so in its name:
 * a connection to the worker's port for peers, a greeting, and the end of the lesson (doc/peers.txt of HAProxy).
 */
import { NodeError } from '../node.ts';
import { run } from './command.ts';
import { namespacePath } from './names.ts';
import type { ProxyPlace } from './proxy-process.ts';
import { readTables, type TableState } from './proxy-tables.ts';

/** Takes the address, the port and the process's name; what comes back ends with a confirmation. */
const TEACH = `exec 3<>"/dev/tcp/$1/$2" || exit 1
printf 'HAProxyS 2.1\\n%s\\n%s 1 1\\n' "$3" "$3" >&3
read -r -t 2 status <&3 && [ "$status" = 200 ] || exit 1
printf '\\0\\1' >&3
read -r -t 2 -N 1 <&3`;

/**
 * The same is right in a pair: what the other node knows and the worker of before did not, it has not been told of yet, and
 * its successor will be.
 * @param before - what the worker of before the reload said of its tables; null when it said nothing
 */
export async function endLesson(place: ProxyPlace, before: TableState | null): Promise<void> {
  if (!before || before.finished || before.used > 0) return;
  const tables = await readTables(place.files);
  if (!tables?.self || !tables.expectsPredecessor) return;
  const { name, address, port } = tables.self;
  const teacher = ['bash', '-c', TEACH, 'weir-lesson', address, String(port), name];
  await run('nsenter', [`--net=${namespacePath(place.namespace)}`, ...teacher]).catch(unlessRefused);
}

/** Without it the worker waits until it gives up, and its next reload with it. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof NodeError)) throw error;
}
