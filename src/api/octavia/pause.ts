import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds of work before the event loop turns. */
const STRETCH_MS = 8;

/** For the end of each step of long work: lets the event loop turn when it has not for some milliseconds. */
export function pauses(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < STRETCH_MS) return;
    await turn();
    since = performance.now();
  };
}
