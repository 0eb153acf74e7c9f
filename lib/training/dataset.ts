// What a training run reads: examples, one by one, with a position that can be saved.
import type { Hash } from 'node:crypto';
import { AlbertError } from '../errors.js';
import * as check from '../options.js';

type Row = readonly number[];
type Choices = readonly Row[];

/**
 * One example: the fields of the model's inputs, each for one row. `input_ids` is a list of ids
 * (for multiple choice one list a choice), `labels` what one row has: a label for each token, a
 * class, a number, or numbers.
 *
 * @example
 * const example = { input_ids: [2, 14, 3], labels: 1 };
 */
export interface TrainingExample {
  input_ids: Row | Choices;
  token_type_ids?: Row | Choices | undefined;
  attention_mask?: Row | Choices | undefined;
  position_ids?: Row | Choices | undefined;
  labels?: number | Row | undefined;
  sentence_order_label?: number | undefined;
  next_sentence_label?: number | undefined;
  start_positions?: number | undefined;
  end_positions?: number | undefined;
  is_impossible?: number | boolean | undefined;
  p_mask?: Row | undefined;
}

/**
 * Examples in a fixed order, pass after pass: a loop that begins when the last one has ended is the
 * next pass. `state` and `restore` make runs resumable at any example.
 */
export interface TrainingDataset<Example extends TrainingExample = TrainingExample> {
  [Symbol.asyncIterator](): AsyncIterator<Example>;
  /** Plain JSON: the position behind the last example that was read. */
  state(): unknown;
  /** Goes on behind a saved position, or throws an error that names what is different. */
  restore(state: never): void | Promise<void>;
}

/**
 * Everything that `Trainer.train` takes for a dataset. What has no `state` and `restore` is read
 * again from its beginning, up to the saved position, when a run goes on.
 */
export type TrainingSource<Example extends TrainingExample = TrainingExample> =
  | TrainingDataset<Example>
  | AsyncIterable<Example>
  | Iterable<Example>;

/** How an {@link ExampleDataset} orders its examples. */
export interface ExampleDatasetOptions {
  /** Another order in each pass; default true. */
  shuffle?: boolean | undefined;
  /** What the orders are drawn from; default 0. */
  seed?: number | undefined;
}

/** Where an {@link ExampleDataset} stands, and of what; plain JSON. */
export interface ExampleDatasetState {
  version: 1;
  pass: number;
  index: number;
  examples: number;
  checksum: string;
  shuffle: boolean;
  seed: number;
}

const schema: check.OptionSchema = { shuffle: check.boolean, seed: check.integer(0, 2 ** 32 - 1) };

/**
 * A list of examples in memory, in another order in each pass.
 *
 * @example
 * const dataset = new ExampleDataset([
 *   { input_ids: [2, 14, 3], labels: 0 }, { input_ids: [2, 57, 3], labels: 1 },
 * ], { seed: 1 });
 */
export class ExampleDataset<Example extends TrainingExample = TrainingExample>
  implements TrainingDataset<Example>
{
  readonly #examples: readonly Example[];
  readonly #shuffle: boolean;
  readonly #seed: number;
  #pass = 0;
  #index = 0;
  #checksum: string | undefined;

  /** @throws TypeError for wrong arguments, RangeError for no examples */
  constructor(examples: readonly Example[], options: ExampleDatasetOptions = {}) {
    check.array(examples, 'ExampleDataset: examples');
    if (examples.length === 0) throw new RangeError('ExampleDataset: expected an example at least');
    check.checkOptions('ExampleDataset', options, schema);
    this.#examples = [...examples];
    this.#shuffle = options.shuffle ?? true;
    this.#seed = options.seed ?? 0;
  }

  /** Examples of one pass. */
  get length(): number {
    return this.#examples.length;
  }

  /** The position behind the last example that was read. */
  state(): ExampleDatasetState {
    this.#checksum ??= checksumOf(this.#examples);
    return {
      version: 1,
      pass: this.#pass,
      index: this.#index,
      examples: this.#examples.length,
      checksum: this.#checksum,
      shuffle: this.#shuffle,
      seed: this.#seed,
    };
  }

  /**
   * Goes on behind a saved position.
   *
   * @throws TypeError for no state, AlbertError `ERR_CONFIG` where settings or examples differ
   */
  restore(state: ExampleDatasetState): void {
    const now = this.state();
    const isState = check.isRecord(state) && state.version === 1;
    if (!isState || !isCount(state.pass) || !isCount(state.index) || state.index > this.length) {
      const expected = 'what ExampleDataset.state() gave, version 1';
      throw new TypeError(`ExampleDataset.restore: expected ${expected}, got ${check.show(state)}`);
    }
    for (const name of ['examples', 'shuffle', 'seed', 'checksum'] as const) {
      if (state[name] === now[name]) continue;
      const difference = `${name} was ${check.line(String(state[name]))}, now it is ${now[name]}`;
      throw new AlbertError('ERR_CONFIG', `ExampleDataset.restore: ${difference}`);
    }
    this.#pass = state.pass;
    this.#index = state.index;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Example, void, undefined> {
    const order = this.#order();
    while (this.#index < order.length) {
      const example = this.#examples[order[this.#index++] ?? 0];
      if (example) yield example;
    }
    this.#index = 0;
    ++this.#pass;
  }

  /** Fisher and Yates, drawn from the seed and the number of the pass. */
  #order(): Uint32Array {
    const order = Uint32Array.from(this.#examples.keys());
    if (!this.#shuffle) return order;
    const random = generator(this.#seed, this.#pass);
    for (let i = order.length - 1; i > 0; --i) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    return order;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Loads node:crypto when first used: programs that only infer start without it. */
function sha256(): Hash {
  const crypto = require('node:crypto') as typeof import('node:crypto');
  return crypto.createHash('sha256');
}

function checksumOf(examples: readonly TrainingExample[]): string {
  const hash = sha256();
  for (const example of examples) hash.update(`${JSON.stringify(example)}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** Numbers in [0, 1): mulberry32, seeded by a hash of seed and pass. */
function generator(seed: number, pass: number): () => number {
  let state = sha256().update(`${seed} ${pass}`).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Any iterable as a dataset: its position is the number of examples read, and a saved one is found
 * again by reading up to it.
 */
export class CountedDataset<Example extends TrainingExample> implements TrainingDataset<Example> {
  readonly #source: AsyncIterable<Example> | Iterable<Example>;
  #pass = 0;
  #index = 0;

  constructor(source: AsyncIterable<Example> | Iterable<Example>) {
    this.#source = source;
  }

  state(): { pass: number; index: number } {
    return { pass: this.#pass, index: this.#index };
  }

  restore(state: { pass: number; index: number }): void {
    if (!check.isRecord(state) || !isCount(state.pass) || !isCount(state.index)) {
      throw new TypeError(`dataset: expected a saved position, got ${check.show(state)}`);
    }
    this.#pass = state.pass;
    this.#index = state.index;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Example, void, undefined> {
    const behind = this.#index;
    let read = 0;
    for await (const example of this.#source) {
      if (++read <= behind) continue;
      this.#index = read;
      yield example;
    }
    if (read < behind) {
      const message = `the dataset has ${read} examples, the saved position is behind ${behind}`;
      throw new AlbertError('ERR_CONFIG', message);
    }
    this.#index = 0;
    ++this.#pass;
  }
}

/** Whether something is iterated by its own `state` and `restore`. */
export function isDataset(source: object): source is TrainingDataset {
  const { state, restore } = source as Partial<TrainingDataset>;
  const methods = typeof state === 'function' && typeof restore === 'function';
  return methods && Symbol.asyncIterator in source;
}
