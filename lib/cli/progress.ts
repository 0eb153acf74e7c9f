// A progress bar on standard error, where that is a terminal.
import type { SingleBar } from 'cli-progress';

/** Shows how far a stream is. */
export interface Progress {
  /** So many more bytes were read. */
  read(bytes: number): void;
  /** So many more items are done. */
  done(items: number): void;
  stop(): void;
}

const silent: Progress = { read() {}, done() {}, stop() {} };

/**
 * Starts a bar; nothing is shown where standard error is no terminal, or where results go to the
 * same terminal.
 *
 * @param size bytes in total, where known
 */
export async function startProgress(
  size: number | undefined,
  output: string | undefined,
): Promise<Progress> {
  const resultsOnTerminal = output === undefined && process.stdout.isTTY;
  if (!process.stderr.isTTY || resultsOnTerminal) return silent;
  const { default: progress } = await import('cli-progress');
  const counts = '{items} items | {rate} items/s';
  const format = size ? `{bar} {percentage}% | ${counts} | {eta_formatted} left` : counts;
  const bar = new progress.SingleBar(
    { format, clearOnComplete: true },
    progress.Presets.shades_classic,
  );
  bar.start(size ?? 0, 0, { items: 0, rate: 0 });
  return countInto(bar);
}

function countInto(bar: SingleBar): Progress {
  const begin = performance.now();
  let items = 0;
  return {
    read: (bytes) => bar.increment(bytes),
    done(count) {
      items += count;
      const rate = Math.round((items * 1000) / (performance.now() - begin));
      bar.update({ items, rate });
    },
    stop: () => bar.stop(),
  };
}
