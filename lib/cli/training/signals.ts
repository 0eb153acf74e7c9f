// Ctrl-C and kill: the first saves and ends in order, the second ends at once.
import { Interrupted } from '../failures.js';

/** Ends what a command does. */
export interface Stop {
  signal: AbortSignal;
  /** What stopped it, if a signal did. */
  reason(): Interrupted | undefined;
  /** Takes the handlers away. */
  release(): void;
}

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Milliseconds in which a second signal is an echo of the first: some programs signal a process
 * and its group, one right after the other. */
const echo = 500;

/**
 * Listens to SIGINT and SIGTERM.
 *
 * @param onFirst told once, when the first has come
 */
export function stopOnSignals(onFirst: () => void): Stop {
  const controller = new AbortController();
  let first = 0;
  const handlers = Object.entries(codes).map(([name, code]) => {
    const handler = (): void => {
      if (controller.signal.aborted) {
        if (performance.now() - first < echo) return;
        process.exit(code);
      }
      first = performance.now();
      controller.abort(new Interrupted(code));
      onFirst();
    };
    process.on(name, handler);
    return { name, handler };
  });
  return {
    signal: controller.signal,
    reason() {
      const { reason } = controller.signal;
      return reason instanceof Interrupted ? reason : undefined;
    },
    release() {
      for (const { name, handler } of handlers) process.off(name, handler);
    },
  };
}
