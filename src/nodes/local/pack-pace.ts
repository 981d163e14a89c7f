/**
 * How soon after one another a process may reload that many change. Each leaves a worker behind for as long as its connections last, ten
 * minutes at most; HAProxy ends the oldest once there have been fifty reloads (render/haproxy/global.ts), and cuts what it still carries.
 */

/** Milliseconds between two reloads, by the workers of before that still have connections. Pure. */
export function paceOf(oldWorkers: number): number {
  if (oldWorkers < 10) return 0;
  // Fifty of these take the ten minutes that connections are given.
  return oldWorkers < 25 ? 1000 : 12_000;
}
