// Runs a task on texts from the command line or from a stream, and writes the results in order.
import type { LoadOptions } from '../models/load.js';
import { type Entry, toBatches } from './batches.js';
import { Interrupted, UsageError, oneLine } from './failures.js';
import { mapInOrder } from './in-order.js';
import { type LineSource, openLines, readLines } from './lines.js';
import { type Progress, startProgress } from './progress.js';
import { type Sink, openSink } from './sink.js';
import type { TaskCommand } from './tasks/task.js';
import { showWarnings, warnAboutThreads } from './warnings.js';

/** The options that every task has; its own are beside them. */
export interface CommonOptions {
  model?: string;
  input?: string;
  output?: string;
  text?: boolean;
  json?: boolean;
  verbose?: boolean;
  dtype?: LoadOptions['dtype'];
  device?: LoadOptions['device'];
  allow_tf32?: boolean;
  threads?: number;
}

// One batch computes, one is being tokenized, one is read, one is written.
const batchesInFlight = 4;

/** Runs one command to its end. @throws whatever ended it early, after the results before it */
export async function runTask(
  command: TaskCommand,
  texts: string[],
  options: CommonOptions,
): Promise<void> {
  const entries = command.fromTexts(texts, options).map((item) => ({ item, line: 0 }));
  checkUsage(command, entries.length, options);
  showWarnings(options.verbose === true);
  warnAboutThreads();
  const stop = new AbortController();
  const restore = abortOnSignals(stop);
  try {
    const { input } = options;
    const source = input === undefined ? undefined : await openLines(input, stop.signal);
    const sink = await openSink(options.output);
    await finishOrGiveUp({ command, options, entries, source, sink, stop });
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    throw stop.signal.reason instanceof Interrupted ? stop.signal.reason : error;
  } finally {
    // Lets go of an input that has not ended.
    stop.abort();
    restore();
  }
}

function checkUsage(command: TaskCommand, items: number, options: CommonOptions): void {
  const { name } = command;
  if (items > 0 && options.input !== undefined) {
    throw new UsageError('TEXT and --input exclude each other: give one of them');
  }
  if (items === 0 && options.input === undefined) {
    throw new UsageError(`${name} needs TEXT, or --input FILE (- for standard input)`);
  }
  if (options.model === undefined && name !== 'classify') {
    throw new UsageError(`${name} needs --model, a directory or hub id: none ships for this task`);
  }
}

/** Ctrl-C and kill end the command in order: nothing half-written, exit code 130 or 143. */
function abortOnSignals(stop: AbortController): () => void {
  const onInterrupt = () => stop.abort(new Interrupted(130));
  const onTerminate = () => stop.abort(new Interrupted(143));
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onTerminate);
  return () => {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onTerminate);
  };
}

async function finishOrGiveUp(stream: Stream): Promise<void> {
  const { sink, stop } = stream;
  try {
    await streamAll(stream);
    await sink.finish();
  } catch (error) {
    const left = await sink.giveUp();
    if (left === '') throw error;
    const { reason } = stop.signal;
    if (reason instanceof Interrupted) throw new Interrupted(reason.exitCode, left);
    throw new Error(`${oneLine(error)} (${left})`, { cause: error });
  }
}

interface Stream {
  command: TaskCommand;
  options: CommonOptions;
  entries: Entry[];
  source: LineSource | undefined;
  sink: Sink;
  stop: AbortController;
}

async function streamAll(stream: Stream): Promise<void> {
  const { command, options, source, sink, stop } = stream;
  const { pipeline } = await import('../pipelines/index.js');
  const { dtype, device, allow_tf32, threads } = options;
  const load = { dtype, device, allow_tf32, threads, signal: stop.signal };
  await using loaded = await pipeline(command.task, options.model, load);
  const progress = await startProgress(source?.size, options.output);
  try {
    const run = (batch: Entry[]) => runBatch(stream, loaded as never, batch);
    const results = mapInOrder(batchesOf(stream, progress), batchesInFlight, run);
    for await (const { text, count, error } of results) {
      await sink.write(text);
      progress.done(count);
      if (error !== undefined) throw error;
    }
  } finally {
    progress.stop();
  }
}

async function* batchesOf(stream: Stream, progress: Progress): AsyncGenerator<Entry[]> {
  const { command, options, entries, source } = stream;
  if (source === undefined) yield entries;
  else {
    const groups = readLines(source, (bytes) => progress.read(bytes));
    const context = { source: source.name, command, options, textOnly: options.text };
    yield* toBatches(groups, context);
  }
}

/** The lines of a batch's results, as far as they go, and what stopped them. */
interface BatchOutput {
  text: string;
  count: number;
  error?: unknown;
}

async function runBatch(stream: Stream, loaded: never, batch: Entry[]): Promise<BatchOutput> {
  const { command, options, stop } = stream;
  const run = (items: unknown[]) => command.run(loaded, items, options, stop.signal);
  const show = ({ item }: Entry, result: unknown) =>
    options.json
      ? `${JSON.stringify(result)}\n`
      : command.human(item as never, result as never, loaded);
  try {
    const results = await run(batch.map(({ item }) => item));
    return { text: batch.map((entry, i) => show(entry, results[i])).join(''), count: batch.length };
  } catch (error) {
    if (stop.signal.aborted || batch.length === 1) {
      return { text: '', count: 0, error: located(error, batch[0]!, stream) };
    }
  }
  // One item spoils the batch: one by one, all before it get their results and it gets the blame.
  const output: BatchOutput = { text: '', count: 0 };
  for (const entry of batch) {
    const single = await runBatch(stream, loaded, [entry]);
    output.text += single.text;
    output.count += single.count;
    if (single.error !== undefined) return { ...output, error: single.error };
  }
  return output;
}

function located(error: unknown, { line }: Entry, { source, stop }: Stream): unknown {
  if (source === undefined || stop.signal.aborted) return error;
  return new Error(`${source.name}:${line}: ${oneLine(error)}`, { cause: error });
}
