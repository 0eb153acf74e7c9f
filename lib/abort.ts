// Lets an AbortSignal end a wait at once, and leaves no listener behind.

/** What waits for each signal: one listener serves all, so that Node.js sees no leak in many. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Waits for work that may be aborted.
 *
 * @param stop called once on abort: ends the work, as far as it can be ended
 * @param late called with the result of work that ended after the abort, to free it
 * @throws the signal's reason, at once, when it is aborted
 */
export async function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  stop: () => void = () => undefined,
  late: (result: T) => void = () => undefined,
): Promise<T> {
  if (!signal) return work;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      // First of all: work that `stop` ends must not answer before the signal's own reason.
      reject(signal.reason);
      // The abandoned work's own failure is of no interest any more; its result must be freed.
      work.then(late, () => undefined);
      stop();
    };
  });
  if (signal.aborted) onAbort();
  else listen(signal, onAbort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    unlisten(signal, onAbort);
  }
}

function listen(signal: AbortSignal, callback: () => void): void {
  let callbacks = waiting.get(signal);
  if (!callbacks) {
    waiting.set(signal, (callbacks = new Set()));
    signal.addEventListener('abort', tellAll);
  }
  callbacks.add(callback);
}

function unlisten(signal: AbortSignal, callback: () => void): void {
  const callbacks = waiting.get(signal);
  if (!callbacks?.delete(callback) || callbacks.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener('abort', tellAll);
}

function tellAll(this: AbortSignal): void {
  for (const callback of [...(waiting.get(this) ?? [])]) callback();
}
