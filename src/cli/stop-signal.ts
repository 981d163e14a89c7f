/** Turns Ctrl-C and the like into an AbortSignal; asked a second time the process ends at once. */

/**
 * One Ctrl-C arrives up to three times: the terminal sends it to every process of the group, and npm and the launcher
 * each pass it on. What comes within this time is the same one.
 */
const SAME_REQUEST_MS = 1000;

export interface StopRequest {
  /** Aborted at the first request to stop. */
  readonly signal: AbortSignal;
  /** Resolves then. */
  readonly stopped: Promise<void>;
}

export function onStopRequest(hint: (signal: NodeJS.Signals) => void): StopRequest {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let requestedAt: number | null = null;
  const request = (signal: NodeJS.Signals): void => {
    if (requestedAt !== null && Date.now() - requestedAt > SAME_REQUEST_MS) process.exit(130);
    if (requestedAt !== null) return;
    requestedAt = Date.now();
    hint(signal);
    controller.abort(new Error('Asked to stop'));
    resolve();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
  return { signal: controller.signal, stopped: promise };
}
