/** Octavia's times: UTC, second precision, no zone: 2026-11-22T17:51:50 */
export function octaviaTime(now: Date): string {
  return now.toISOString().slice(0, 19);
}
