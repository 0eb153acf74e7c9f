// PretrainingDataset: examples of masked-LM and sentence-order pretraining, made from plain text.
import { AlbertError } from '../errors.js';
import {
  native,
  type NativePretrainingStream,
  type NativeStreamDescription,
  type NativeStreamPosition,
  type NativeTakenExamples,
  type NativeTokenizer,
} from '../native.js';
import * as check from '../options.js';
import { AlbertTokenizer } from '../tokenizer.js';
import {
  pretrainingSchema,
  withDefaults,
  type PretrainingDatasetOptions,
} from './pretraining-options.js';
import { differenceOf } from './pretraining-state.js';

/** One row of inputs and labels of {@link AlbertForPreTraining}. */
export interface PretrainingExample {
  /** (S): [CLS] first segment [SEP] second segment [SEP], masked. */
  input_ids: number[];
  /** (S): 0 through the first [SEP], then 1. */
  token_type_ids: number[];
  /** (S): the token that stood there where one is to be guessed, else -100. */
  labels: number[];
  /** 0 = segments in order, 1 = swapped or random; absent where no order is asked for. */
  sentence_order_label?: 0 | 1;
  /** (S): 1 where a word begins, and for [CLS] and [SEP]. */
  token_boundary: number[];
}

/** Where a dataset stands, and of what; plain JSON. */
export interface PretrainingDatasetState extends NativeStreamDescription {
  version: 1;
  position: NativeStreamPosition;
}

/** Examples that cross over to JavaScript in one go. */
const examplesAtOnce = 64;

const start: NativeStreamPosition = {
  pass: 0,
  block: 0,
  file: 0,
  offset: 0,
  line: 0,
  documents: 0,
  inside: false,
  wanted: false,
  index: 0,
};

/**
 * Makes pretraining examples as they are read, off the JavaScript thread: the corpus is streamed,
 * the next block of it prepared in the background. The same seed gives the same examples in the
 * same order, on any number of threads.
 *
 * Iterating goes on behind the last example that was read, also after a loop was left; behind the
 * last pass, the next loop begins anew.
 *
 * @example
 * const tokenizer = await AlbertTokenizer.from_pretrained('./spiece.model');
 * const dataset = new PretrainingDataset(['wiki.txt', 'books.txt'], tokenizer, {
 *   max_seq_length: 128, seed: 1,
 * });
 * for await (const { input_ids, labels, sentence_order_label } of dataset) break;
 * const state = await dataset.state(); // JSON; a dataset with the same settings can restore it
 */
export class PretrainingDataset implements AsyncIterable<PretrainingExample> {
  readonly #files: string[];
  readonly #tokenizer: NativeTokenizer;
  readonly #options: PretrainingDatasetOptions;
  #opening: Promise<NativePretrainingStream> | undefined;
  /** Read once: the state of every update is asked for. */
  #description: NativeStreamDescription | undefined;
  /** What was taken from the stream, and how much of it was consumed. */
  #taken: NativeTakenExamples | undefined;
  #consumed = 0;
  #restored: NativeStreamPosition = start;
  #reading = false;

  /**
   * @param files one or more text files; nothing is read before the first example is asked for
   * @param tokenizer one with a spiece.model; its rules (lower case, accents) apply
   * @throws TypeError and RangeError for wrong arguments, AlbertError `ERR_CONFIG` for a tokenizer
   * without spiece.model or without [CLS], [SEP] or [MASK]
   */
  constructor(
    files: string | readonly string[],
    tokenizer: AlbertTokenizer,
    options: PretrainingDatasetOptions = {},
  ) {
    const list = typeof files === 'string' ? [files] : files;
    check.strings(list, 'PretrainingDataset: files');
    if (list.length === 0) throw new RangeError('PretrainingDataset: files: expected at least one');
    check.checkOptions('PretrainingDataset', options, pretrainingSchema);
    this.#files = [...list];
    this.#tokenizer = readTokenizer(tokenizer);
    this.#options = withDefaults(options);
  }

  /**
   * The position behind the last example that was consumed, with what it depends on.
   *
   * @throws (rejects) AlbertError `ERR_NOT_FOUND` or `ERR_IO` for a file that cannot be read
   *
   * @example
   * await writeFile('position.json', JSON.stringify(await dataset.state()));
   */
  async state(): Promise<PretrainingDatasetState> {
    const position = this.#position();
    this.#description ??= await (await this.#open()).describe();
    return { version: 1, position, ...this.#description };
  }

  /**
   * Goes on behind a saved position: the next example is the one that came after it.
   *
   * @throws (rejects) TypeError for no state, AlbertError `ERR_CONFIG` where settings, corpus or
   * vocabulary differ (the message names the difference), `ERR_BUSY` while the dataset is read
   *
   * @example
   * await dataset.restore(JSON.parse(await readFile('position.json', 'utf8')));
   */
  async restore(state: PretrainingDatasetState): Promise<void> {
    this.#refuseWhileReading('restore');
    const stream = await this.#open();
    this.#description = await stream.describe();
    const difference = differenceOf(state, this.#description);
    if (difference !== undefined) {
      throw new AlbertError('ERR_CONFIG', `PretrainingDataset.restore: ${difference}`);
    }
    await stream.seek(state.position);
    this.#taken = undefined;
    this.#restored = state.position;
  }

  /**
   * @throws (rejects) RangeError for settings out of range and a corpus shorter than one example,
   * AlbertError `ERR_FORMAT` for files that are no text, `ERR_NOT_FOUND`, `ERR_IO`, and `ERR_BUSY`
   * where another loop reads the dataset
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<PretrainingExample, void, undefined> {
    this.#refuseWhileReading('iteration');
    this.#reading = true;
    try {
      const stream = await this.#open();
      while (await this.#fill(stream)) {
        const taken = this.#taken as NativeTakenExamples;
        yield exampleOf(taken, this.#consumed++);
      }
      await stream.seek(start);
      this.#taken = undefined;
      this.#restored = start;
    } finally {
      this.#reading = false;
    }
  }

  /** Whether there is an example that was not consumed. */
  async #fill(stream: NativePretrainingStream): Promise<boolean> {
    if (this.#taken && this.#consumed < this.#taken.count) return true;
    const taken = await stream.take(examplesAtOnce);
    this.#taken = taken;
    this.#consumed = 0;
    return taken.count > 0;
  }

  #position(): NativeStreamPosition {
    if (!this.#taken) return this.#restored;
    const { origin } = this.#taken;
    return { ...origin, index: origin.index + this.#consumed };
  }

  /** Tried again where it failed: a missing file may have come. */
  #open(): Promise<NativePretrainingStream> {
    this.#opening ??= native
      .open_pretraining_stream(this.#files, this.#tokenizer, this.#options)
      .catch((error: unknown) => {
        this.#opening = undefined;
        throw error;
      });
    return this.#opening;
  }

  #refuseWhileReading(what: string): void {
    if (!this.#reading) return;
    const message = `PretrainingDataset: ${what} while a loop reads it`;
    throw new AlbertError('ERR_BUSY', `${message}; leave the loop first, or make another dataset`);
  }
}

function readTokenizer(tokenizer: unknown): NativeTokenizer {
  if (!(tokenizer instanceof AlbertTokenizer)) {
    const got = check.show(tokenizer);
    throw new TypeError(`PretrainingDataset: tokenizer: expected an AlbertTokenizer, got ${got}`);
  }
  const engine = AlbertTokenizer.engineOf(tokenizer);
  if (!('sentencepiece_ids' in engine)) {
    const advice = 'load the tokenizer from a spiece.model';
    throw new AlbertError('ERR_CONFIG', `PretrainingDataset: tokenizer: ${advice}`);
  }
  const { cls, sep, mask } = engine.special_ids;
  for (const [name, id] of Object.entries({ '[CLS]': cls, '[SEP]': sep, '[MASK]': mask })) {
    if (id >= 0) continue;
    const message = `PretrainingDataset: tokenizer: the vocabulary has no ${name}`;
    throw new AlbertError('ERR_CONFIG', `${message}; use the spiece.model of an ALBERT model`);
  }
  return engine as NativeTokenizer;
}

function exampleOf(taken: NativeTakenExamples, index: number): PretrainingExample {
  const begin = taken.cu_seqlens[index] ?? 0;
  const end = taken.cu_seqlens[index + 1] ?? begin;
  const firstLength = taken.first_lengths[index] ?? 0;
  const labels = new Array<number>(end - begin).fill(-100);
  const lastMasked = taken.cu_masked[index + 1] ?? 0;
  for (let i = taken.cu_masked[index] ?? 0; i < lastMasked; ++i) {
    labels[taken.masked_positions[i] ?? 0] = taken.masked_labels[i] ?? 0;
  }
  const order = taken.order_labels[index];
  return {
    input_ids: Array.from(taken.tokens.subarray(begin, end)),
    token_type_ids: Array.from(labels, (_, position) => (position < firstLength ? 0 : 1)),
    labels,
    ...(order === 0 || order === 1 ? { sentence_order_label: order } : {}),
    token_boundary: Array.from(taken.boundaries.subarray(begin, end)),
  };
}
