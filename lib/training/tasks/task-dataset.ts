// A task's training examples as a dataset: encoded once, kept small, in another order each pass.
import { AlbertError } from '../../errors.js';
import type { AlbertTokenizer } from '../../tokenizer.js';
import {
  ExampleDataset,
  type ExampleDatasetOptions,
  type ExampleDatasetState,
  type TrainingDataset,
  type TrainingExample,
} from '../dataset.js';
import { slicesOf, type AnyTask } from './index.js';
import type { TrainingRow } from './task.js';

/** Rows that become examples when they are read. */
export class TaskDataset implements TrainingDataset {
  readonly #rows: ExampleDataset;

  constructor(
    readonly rows: readonly TrainingRow[],
    options: ExampleDatasetOptions = {},
  ) {
    // The order and the checksum of rows are those of examples: a row's JSON is its example.
    this.#rows = new ExampleDataset(rows as unknown as TrainingExample[], options);
  }

  /** Examples of one pass. */
  get length(): number {
    return this.rows.length;
  }

  state(): ExampleDatasetState {
    return this.#rows.state();
  }

  restore(state: ExampleDatasetState): void {
    this.#rows.restore(state);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainingExample, void, undefined> {
    for await (const row of this.#rows) yield (row as unknown as TrainingRow).expand();
  }
}

/**
 * Reads and encodes a task's training data.
 *
 * @param onProgress told how many examples were read
 * @throws (rejects) what reading throws; AlbertError `ERR_FORMAT` where nothing is left to train on
 */
export async function loadTaskDataset(
  task: AnyTask,
  tokenizer: AlbertTokenizer,
  options: ExampleDatasetOptions = {},
  onProgress: (examples: number) => void = () => undefined,
): Promise<TaskDataset> {
  const rows: TrainingRow[] = [];
  let read = 0;
  for await (const slice of slicesOf(task.read('train'))) {
    for (const row of await task.encode(tokenizer, slice)) rows.push(row);
    onProgress((read += slice.length));
  }
  const usable = alike(rows, task.name);
  if (usable.length > 0) return new TaskDataset(usable, options);
  throw new AlbertError('ERR_FORMAT', `${task.name}: none of ${read} examples can be trained on`);
}

/** A batch needs as many choices in each row: the usual number stays, the others are left out. */
function alike(rows: TrainingRow[], name: string): TrainingRow[] {
  const widthOf = (row: TrainingRow): number => row.choiceCount ?? 1;
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(widthOf(row), (counts.get(widthOf(row)) ?? 0) + 1);
  if (counts.size < 2) return rows;
  const [usual] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most));
  const kept = rows.filter((row) => widthOf(row) === usual);
  const left = `${rows.length - kept.length} of ${rows.length} examples`;
  const message = `${name}: ${left} have no ${usual} choices and are not trained on`;
  process.emitWarning(message, 'AlbertWarning');
  return kept;
}
