/** When to try a gateway again. Pure. */

/** Milliseconds. */
const FIRST = 1000;
const LONGEST = 300_000;

/**
 * Twice as long after each failure, and somewhere in that time: a thousand gateways that come back at once are not asked at once.
 * @param failures in a row, from 1
 * @param random from 0 to below 1
 */
export function pauseAfter(failures: number, random: number): number {
  const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(failures - 1, 20));
  return Math.round(longest / 2 + (longest / 2) * random);
}
