/** Long work in short stretches, so that nobody else waits for all of it. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work before the event loop turns. */
const STRETCH_MS = 8;

/** To be awaited at the end of each step of long work: the event loop's turn when it is due, else null. */
export function turns(): () => Promise<void> | null {
  let since = performance.now();
  const take = async (): Promise<void> => {
    await nextTurn();
    since = performance.now();
  };
  return () => (performance.now() - since < STRETCH_MS ? null : take());
}

/** As `items.map(work)`. Each call must be short, their number need not be. */
export async function inTurns<T, R>(items: readonly T[], work: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  const turn = turns();
  for (const item of items) {
    results.push(work(item));
    const due = turn();
    if (due) await due;
  }
  return results;
}
