// TFRecord files of tf.train.Example, read and written as streams.
import { native, type NativeFeature, type NativeRecordWriter } from '../native.js';
import * as check from '../options.js';

/**
 * One list of a {@link TFExample}. Reading gives Float32Array, BigInt64Array or Uint8Array[];
 * writing also takes Int32Array (for integers) and strings (for bytes, as UTF-8).
 */
export type TFFeature = NativeFeature | Int32Array | readonly (Uint8Array | string)[];

/** Named lists: what one record holds. */
export type TFExample<F extends TFFeature = TFFeature> = Record<string, F>;

/** Records that cross over to JavaScript in one go. */
const recordsAtOnce = 64;

/**
 * Reads the examples of a TFRecord file, one after the other; checks every checksum.
 *
 * @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_IO`, `ERR_FORMAT` for a file that is damaged,
 * compressed, or holds something else; the message names the record
 *
 * @example
 * for await (const { input_ids } of readTFRecord('part-0.tfrecord')) console.log(input_ids);
 */
export async function* readTFRecord(
  file: string,
): AsyncGenerator<TFExample<NativeFeature>, void, undefined> {
  check.nonEmptyString(file, 'readTFRecord: file');
  const reader = await native.open_record_reader(file);
  for (;;) {
    const examples = await reader.next(recordsAtOnce);
    if (examples.length === 0) return;
    for (const example of examples) yield Object.fromEntries(example);
  }
}

/**
 * Writes examples to a TFRecord file. The file appears under its name when it is closed; leaving a
 * writer without `close()` (or an `await using` block by an error) leaves no file behind.
 *
 * @example
 * const writer = await TFRecordWriter.open('part-0.tfrecord');
 * await writer.write({ input_ids: Int32Array.of(2, 14, 3), name: ['first'] });
 * await writer.close();
 */
export class TFRecordWriter {
  readonly #writer: NativeRecordWriter;
  /** Writes are done in the order of the calls. */
  #last: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(writer: NativeRecordWriter) {
    this.#writer = writer;
  }

  /**
   * Begins a file.
   *
   * @throws (rejects) AlbertError `ERR_IO` where its folder cannot be written
   */
  static async open(file: string): Promise<TFRecordWriter> {
    check.nonEmptyString(file, 'TFRecordWriter.open: file');
    return new this(await native.open_record_writer(file));
  }

  /**
   * Appends one example, or several.
   *
   * @throws (rejects) TypeError for features of another type, AlbertError `ERR_IO`, and
   * `ERR_DISPOSED` behind close()
   */
  async write(examples: TFExample | readonly TFExample[]): Promise<void> {
    const list = Array.isArray(examples) ? (examples as TFExample[]) : [examples as TFExample];
    const records = list.map((example, i) => readExample(example, `TFRecordWriter: example ${i}`));
    return this.#afterwards(() => this.#writer.write(records));
  }

  /**
   * Gives the finished file its name.
   *
   * @throws (rejects) AlbertError `ERR_IO`, and `ERR_DISPOSED` where it was closed before
   */
  async close(): Promise<void> {
    return this.#afterwards(() => this.#writer.commit());
  }

  /** Drops what was written, unless it was closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.#afterwards(() => this.#writer.discard());
  }

  async #afterwards(action: () => Promise<void>): Promise<void> {
    const done = this.#last.then(action);
    // A failure is told to its own caller; what comes behind it finds out for itself.
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function readExample(example: unknown, name: string): [string, NativeFeature][] {
  if (!check.isRecord(example)) {
    throw new TypeError(`${name}: expected an object of lists, got ${check.show(example)}`);
  }
  return Object.entries(example).map(([key, value]) => [
    key,
    readFeature(value, `${name}: ${check.line(key)}`),
  ]);
}

function readFeature(value: unknown, name: string): NativeFeature {
  if (value instanceof Float32Array || value instanceof BigInt64Array) return value;
  if (value instanceof Int32Array) return BigInt64Array.from(value, BigInt);
  if (Array.isArray(value)) return Array.from(value, (item, i) => readBytes(item, `${name}[${i}]`));
  const lists = 'a Float32Array, BigInt64Array, Int32Array, or an array of Uint8Arrays or strings';
  throw new TypeError(`${name}: expected ${lists}, got ${check.show(value)}`);
}

function readBytes(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${name}: expected a Uint8Array or a string, got ${check.show(value)}`);
}
