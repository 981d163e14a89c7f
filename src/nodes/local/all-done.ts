/** Waits until all have ended, whatever becomes of them, and then rejects with the first failure: nothing is left at work behind. */
export async function allDone<T extends readonly unknown[]>(work: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
