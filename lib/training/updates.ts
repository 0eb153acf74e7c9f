// From examples to the packed micro-batches of each update, made ahead of the training that reads
// them.
import type { NativeForwardRequest } from '../native.js';
import { isRecord, show } from '../options.js';
import type { TrainingDataset, TrainingExample } from './dataset.js';

/** What one update trains on. */
export interface PreparedUpdate {
  batches: NativeForwardRequest[];
  examples: number;
  /** The dataset's state behind the last of the examples. */
  position: unknown;
}

/** How examples become updates. */
export interface UpdateSettings {
  /** Examples of an update. */
  size: number;
  /** Micro-batches of an update, at most. */
  microBatches: number;
  /** Read pass after pass; else one, whose last update may be smaller. */
  endless: boolean;
  pack(where: string, batch: unknown): NativeForwardRequest;
}

/** The batch of some examples: each of their fields as a list. */
export function collate(examples: readonly TrainingExample[]): Record<string, unknown[]> {
  const rows = examples as readonly object[] as readonly Record<string, unknown>[];
  const set = (row: Record<string, unknown>, field: string): boolean => row[field] !== undefined;
  const fields = new Set(rows.flatMap(Object.keys));
  const batch: Record<string, unknown[]> = {};
  for (const field of fields) {
    const missing = rows.findIndex((row) => !set(row, field));
    if (missing < 0) {
      batch[field] = rows.map((row) => row[field]);
    } else if (rows.some((row) => set(row, field))) {
      throw new RangeError(`example ${missing} lacks '${field}', which others of its batch have`);
    }
  }
  return batch;
}

/** Cuts examples into micro-batches that differ by one example at most. */
export function split<T>(examples: readonly T[], parts: number): T[][] {
  const count = Math.min(parts, examples.length);
  const edge = (i: number): number => Math.floor((i * examples.length) / count);
  return Array.from({ length: count }, (_, i) => examples.slice(edge(i), edge(i + 1)));
}

/**
 * Updates in the order of the dataset.
 *
 * @param first the number of the first example, for messages
 * @throws RangeError for a dataset without examples, or that ends for good; what packing throws
 */
export async function* prepareUpdates(
  dataset: TrainingDataset,
  settings: UpdateSettings,
  first: number,
): AsyncGenerator<PreparedUpdate, void, undefined> {
  let read = first;
  let examples: TrainingExample[] = [];
  const prepare = async (): Promise<PreparedUpdate> => {
    const batches = packAll(examples, settings, read - examples.length);
    const update = { batches, examples: examples.length, position: await dataset.state() };
    examples = [];
    return update;
  };
  for (let empty = 0; empty < 2; ++empty) {
    for await (const example of dataset) {
      if (!isRecord(example)) {
        throw new TypeError(`example ${read}: expected { input_ids, … }, got ${show(example)}`);
      }
      empty = -1;
      ++read;
      examples.push(example);
      if (examples.length === settings.size) yield await prepare();
    }
    if (!settings.endless) break;
  }
  if (read === first) throw new RangeError('Trainer.train: the dataset gave no example');
  if (settings.endless) {
    const advice = 'max_steps wants more; pass one that can be read again';
    throw new RangeError(`Trainer.train: the dataset has ended behind example ${read}; ${advice}`);
  }
  if (examples.length > 0) yield await prepare();
}

function packAll(
  examples: TrainingExample[],
  { microBatches, pack }: UpdateSettings,
  first: number,
): NativeForwardRequest[] {
  let begin = first;
  return split(examples, microBatches).map((part) => {
    const where = `Trainer.train: examples ${begin} to ${begin + part.length - 1}`;
    begin += part.length;
    try {
      return pack(where, collate(part));
    } catch (error) {
      throw located(error, where);
    }
  });
}

/** The same error, saying where it was. */
function located(error: unknown, where: string): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  if (error.message.startsWith(where)) return error;
  const Same = error instanceof RangeError ? RangeError : TypeError;
  return new Same(`${where}: ${error.message}`, { cause: error });
}

/**
 * Reads ahead: up to `depth` items are made while earlier ones are used. Leaving it waits for what
 * is being made, so that the source can be read again; `abandon` says that nobody wants to wait.
 */
export async function* readAhead<T>(
  source: AsyncGenerator<T, void, undefined>,
  depth: number,
  abandon?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const made: Promise<IteratorResult<T, void>>[] = [];
  const more = (): void => {
    const next = source.next();
    next.catch(() => undefined); // told when its turn comes
    made.push(next);
  };
  try {
    for (;;) {
      while (made.length < depth) more();
      const result = await unlessAborted(made.shift() as (typeof made)[0], abandon);
      if (result.done) return;
      more();
      yield result.value;
    }
  } finally {
    const left = source.return(undefined);
    left.catch(() => undefined);
    if (!abandon?.aborted) await left;
  }
}

async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
