/** Waiting for what the kernel or a proxy does in its own time: asked again and again, never longer than a bound. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is not null and resolves with it; null once `limit` is over.
 * @param every - pause between two questions, milliseconds
 * @param limit - milliseconds; the question is asked at least once
 */
export async function until<T>(question: () => Promise<T | null>, every: number, limit: number): Promise<T | null> {
  const end = performance.now() + limit;
  for (;;) {
    const answer = await question();
    if (answer !== null || performance.now() >= end) return answer;
    await sleep(every);
  }
}
