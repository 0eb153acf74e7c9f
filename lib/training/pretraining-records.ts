// Pretraining examples in TFRecord files, in the schema of ALBERT's original scripts.
import { AlbertError } from '../errors.js';
import type { NativeFeature } from '../native.js';
import * as check from '../options.js';
import type { PretrainingExample } from './pretraining-dataset.js';
import { readTFRecord, TFRecordWriter, type TFExample } from './tfrecord.js';

/** How examples are padded. */
export interface PretrainingRecordOptions {
  /** Tokens of a record; the original readers want all records alike. */
  max_seq_length: number;
  /** Predictions of a record (twice the setting's value with `permutation`). */
  max_predictions_per_seq: number;
}

/** Examples that are written in one go. */
const examplesAtOnce = 64;

const schema: check.OptionSchema = {
  max_seq_length: check.integer(1),
  max_predictions_per_seq: check.integer(1),
};

/**
 * Writes examples to TFRecord files, one to each in turn, for the original training script.
 *
 * @returns how many examples were written
 * @throws (rejects) RangeError for an example longer than the options say, AlbertError `ERR_IO`;
 * no file is left behind then
 *
 * @example
 * await writePretrainingRecords(['part-0.tfrecord'], dataset, {
 *   max_seq_length: 128, max_predictions_per_seq: 20,
 * });
 */
export async function writePretrainingRecords(
  files: string | readonly string[],
  examples: AsyncIterable<PretrainingExample> | Iterable<PretrainingExample>,
  options: PretrainingRecordOptions,
): Promise<number> {
  const list = typeof files === 'string' ? [files] : files;
  check.strings(list, 'writePretrainingRecords: files');
  if (list.length === 0) throw new RangeError('writePretrainingRecords: expected a file');
  check.checkOptions('writePretrainingRecords', options, schema);
  const writers: TFRecordWriter[] = [];
  try {
    for (const file of list) writers.push(await TFRecordWriter.open(file));
    const count = await writeAll(writers, examples, options);
    for (const writer of writers) await writer.close();
    return count;
  } finally {
    for (const writer of writers) await writer[Symbol.asyncDispose]();
  }
}

async function writeAll(
  writers: readonly TFRecordWriter[],
  examples: AsyncIterable<PretrainingExample> | Iterable<PretrainingExample>,
  options: PretrainingRecordOptions,
): Promise<number> {
  let count = 0;
  let pending: TFExample[][] = writers.map(() => []);
  const flush = async (): Promise<void> => {
    await Promise.all(writers.map((writer, i) => writer.write(pending[i] ?? [])));
    pending = writers.map(() => []);
  };
  for await (const example of examples) {
    pending[count % writers.length]?.push(toRecord(example, options));
    if (++count % (examplesAtOnce * writers.length) === 0) await flush();
  }
  await flush();
  return count;
}

/**
 * Reads the examples of TFRecord files that the original scripts or writePretrainingRecords wrote.
 *
 * @throws (rejects) what {@link readTFRecord} throws; AlbertError `ERR_FORMAT` for records of
 * another schema
 *
 * @example
 * for await (const { input_ids, labels } of readPretrainingRecords('part-0.tfrecord')) break;
 */
export async function* readPretrainingRecords(
  files: string | readonly string[],
): AsyncGenerator<PretrainingExample, void, undefined> {
  const list = typeof files === 'string' ? [files] : files;
  check.strings(list, 'readPretrainingRecords: files');
  for (const file of list) {
    let record = 0;
    for await (const example of readTFRecord(file)) {
      yield fromRecord(example, `${check.line(file, 200)}: record ${record++}`);
    }
  }
}

function toRecord(example: PretrainingExample, options: PretrainingRecordOptions): TFExample {
  const { max_seq_length: width, max_predictions_per_seq: most } = options;
  const positions = [...example.labels.keys()].filter((i) => example.labels[i] !== -100);
  refuseLonger('tokens', example.input_ids.length, width);
  refuseLonger('predictions', positions.length, most);
  const weights = new Float32Array(most).fill(1, 0, positions.length);
  return {
    input_ids: padded(example.input_ids, width),
    input_mask: padded(example.input_ids.map(() => 1), width),
    segment_ids: padded(example.token_type_ids, width),
    token_boundary: padded(example.token_boundary, width),
    masked_lm_positions: padded(positions, most),
    masked_lm_ids: padded(positions.map((i) => example.labels[i] ?? 0), most),
    masked_lm_weights: weights,
    next_sentence_labels: Int32Array.of(example.sentence_order_label ?? 0),
  };
}

function padded(values: readonly number[], width: number): Int32Array {
  const array = new Int32Array(width);
  array.set(values);
  return array;
}

function refuseLonger(what: string, got: number, most: number): void {
  if (got <= most) return;
  throw new RangeError(`writePretrainingRecords: expected at most ${most} ${what}, got ${got}`);
}

function fromRecord(record: TFExample<NativeFeature>, name: string): PretrainingExample {
  const integers = (key: string): number[] => {
    const list = record[key];
    if (list instanceof BigInt64Array) return Array.from(list, Number);
    throw new AlbertError('ERR_FORMAT', `${name}: expected integers in '${key}'`);
  };
  const length = integers('input_mask').reduce((sum, bit) => sum + bit, 0);
  const row = (key: string): number[] => integers(key).slice(0, length);
  const weights = record['masked_lm_weights'];
  const ids = integers('masked_lm_ids');
  const labels = new Array<number>(length).fill(-100);
  for (const [i, position] of integers('masked_lm_positions').entries()) {
    const counts = weights instanceof Float32Array && weights[i] !== 0;
    if (counts && position < length) labels[position] = ids[i] ?? 0;
  }
  const boundary = record['token_boundary'] === undefined ? [] : row('token_boundary');
  return {
    input_ids: row('input_ids'),
    token_type_ids: row('segment_ids'),
    labels,
    sentence_order_label: integers('next_sentence_labels')[0] === 1 ? 1 : 0,
    token_boundary: boundary,
  };
}
