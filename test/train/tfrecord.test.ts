// TFRecord files: round trips, the published bytes of an example, damaged and hostile files.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import {
  PretrainingDataset,
  readPretrainingRecords,
  readTFRecord,
  TFRecordWriter,
  writePretrainingRecords,
  type TFExample,
} from '../../dist/index.js';
import { expectError } from '../support/errors';
import { loadTokenizer, plainText, take } from '../support/pretraining';

async function write(file: string, examples: TFExample[]): Promise<Buffer> {
  const writer = await TFRecordWriter.open(file);
  for (const example of examples) await writer.write(example);
  await writer.close();
  return readFileSync(file);
}

t.test('what is written is read', async (t) => {
  const file = path.join(t.testdir(), 'a.tfrecord');
  const examples = Array.from({ length: 200 }, (_, i) => ({
    ids: BigInt64Array.of(BigInt(i), -1n, 2n ** 63n - 1n, -(2n ** 63n)),
    floats: Float32Array.of(i / 3, -0, Infinity, 1e-45),
    names: [Uint8Array.of(0, 255, 10), new Uint8Array(0), new TextEncoder().encode(`name ${i}`)],
    none: new Float32Array(0),
    ünïcode: BigInt64Array.of(),
  }));
  await write(file, examples);
  t.same(await take(readTFRecord(file)), examples.map((one) => ({
    ...one,
    none: one.none,
    ünïcode: one.ünïcode,
  })));
  await write(file, []);
  t.same(await take(readTFRecord(file)), []);
});

t.test('integers and strings are taken as they come', async (t) => {
  const file = path.join(t.testdir(), 'a.tfrecord');
  await write(file, [{ a: Int32Array.of(1, -2), b: ['é'] }]);
  const [example] = await take(readTFRecord(file));
  t.same(example, { a: BigInt64Array.of(1n, -2n), b: [Uint8Array.of(0xc3, 0xa9)] });
});

t.test('the bytes are those of protobuf and of TensorFlow', async (t) => {
  const file = path.join(t.testdir(), 'a.tfrecord');
  const bytes = await write(file, [{ a: Int32Array.of(1, 300) }]);
  const feature = [0x1a, 5, 0x0a, 3, 1, 0xac, 2];
  const entry = [0x0a, 1, 0x61, 0x12, feature.length, ...feature];
  const features = [0x0a, entry.length, ...entry];
  const message = [0x0a, features.length, ...features];
  t.same([...bytes.subarray(12, -4)], message);
  t.equal(bytes.readBigUInt64LE(0), BigInt(message.length));
});

t.test('a checksum is what TensorFlow stores', async (t) => {
  // The length of "123456789" and its data: the check value of CRC32C is 0xe3069283.
  const file = path.join(t.testdir(), 'a.tfrecord');
  const record = Buffer.alloc(8 + 4 + 9 + 4);
  record.writeBigUInt64LE(9n, 0);
  record.write('123456789', 12);
  record.writeUInt32LE(0xc78ab0e5, 21);
  record.writeUInt32LE(0, 8);
  writeFileSync(file, record);
  await expectError(t, () => take(readTFRecord(file)), 'ERR_FORMAT', /checksum of its length/);
});

t.test('unpacked lists, unknown fields and repeated names', async (t) => {
  const file = path.join(t.testdir(), 'a.tfrecord');
  const tagged = (tag: number, ...content: number[]): number[] => [tag, content.length, ...content];
  const integers = tagged(0x1a, 8, 5, 8, 6, 0x78, 1); // 5, 6, and field 15 that nobody knows
  const floats = tagged(0x12, 0x0d, 0, 0, 0x80, 0x3f); // 1.0
  const entry = (name: number, value: number[]): number[] =>
    tagged(0x0a, ...tagged(0x0a, name), ...tagged(0x12, ...value));
  const both = [...entry(97, floats), ...entry(98, integers), ...entry(97, integers)];
  const message = Buffer.from(tagged(0x0a, ...both));
  const framed = await frame(message, path.join(t.testdir(), 'b.tfrecord'));
  writeFileSync(file, framed);
  const [example] = await take(readTFRecord(file));
  t.same(example, { a: BigInt64Array.of(5n, 6n), b: BigInt64Array.of(5n, 6n) });
});

/** A record around any bytes: those of an example of that size, with its data replaced. */
async function frame(data: Buffer, scratch: string): Promise<Buffer> {
  const checksum = (bytes: Buffer): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    crc = ~crc >>> 0;
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  writeFileSync(scratch, data);
  const record = Buffer.alloc(data.length + 16);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(checksum(record.subarray(0, 8)), 8);
  data.copy(record, 12);
  record.writeUInt32LE(checksum(data), data.length + 12);
  return record;
}

t.test('damaged and hostile files', async (t) => {
  const folder = t.testdir();
  const file = path.join(folder, 'a.tfrecord');
  const good = await write(file, [{ a: Int32Array.of(1, 2, 3) }, { b: ['text'] }]);
  const refuse = async (bytes: Buffer, message: RegExp): Promise<void> => {
    writeFileSync(file, bytes);
    await expectError(t, () => take(readTFRecord(file)), 'ERR_FORMAT', message);
  };
  for (let size = 1; size < good.length; ++size) {
    writeFileSync(file, good.subarray(0, size));
    const whole = await take(readTFRecord(file)).then(
      (examples) => examples.length,
      (error: Error) => (/the file ends inside its/.test(error.message) ? -1 : error.message),
    );
    const firstEnds = good.readBigUInt64LE(0) + 16n === BigInt(size);
    if (whole !== (firstEnds ? 1 : -1)) t.fail(`cut to ${size} bytes: ${whole}`);
  }
  for (let at = 0; at < good.length; ++at) {
    const flipped = Buffer.from(good);
    flipped[at]! ^= 0x40;
    writeFileSync(file, flipped);
    const result = await take(readTFRecord(file)).catch((error: Error) => error);
    if (!(result instanceof Error)) t.fail(`byte ${at} may be anything`);
  }
  const scratch = path.join(folder, 'scratch');
  const huge = await frame(Buffer.from('x'), scratch);
  huge.writeBigUInt64LE(2n ** 63n, 0);
  await refuse(huge, /checksum of its length/);
  await refuse(await frame(Buffer.from([0x0a, 0xff, 0xff, 0x7f]), scratch), /runs past the end/);
  await refuse(await frame(Buffer.from([0x0b]), scratch), /wire type 3/);
  await refuse(await frame(Buffer.alloc(11, 0xff), scratch), /more than 64 bits/);
  await refuse(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2]), /compressed with gzip/);
  await refuse(Buffer.from('plain text, and some more of it'), /no TFRecord file/);
});

t.test('a file appears when it is closed, and not before', async (t) => {
  const folder = t.testdir();
  const file = path.join(folder, 'a.tfrecord');
  const writer = await TFRecordWriter.open(file);
  await writer.write({ a: Int32Array.of(1) });
  t.notOk(existsSync(file));
  await writer[Symbol.asyncDispose]();
  t.same(readdirSync(folder), []);
  await expectError(t, () => writer.write({}), 'ERR_DISPOSED', /closed/);
  await expectError(t, () => writer.close(), 'ERR_DISPOSED', /closed/);
  await expectError(t, () => TFRecordWriter.open('nowhere/at/all'), 'ERR_IO', /nowhere/);
  const other = await TFRecordWriter.open(file);
  await expectError(t, () => other.write({ a: [1] as never }), 'TypeError', /example 0: a\[0\]/);
  await expectError(t, () => other.write({ a: 1 as never }), 'TypeError', /Float32Array/);
  await other[Symbol.asyncDispose]();
});

t.test('pretraining examples survive the records of the original scripts', async (t) => {
  const folder = t.testdir();
  const text = path.join(folder, 'a.txt');
  writeFileSync(text, plainText(10, 8));
  const options = { max_seq_length: 48, dupe_factor: 1, max_predictions_per_seq: 7 };
  const dataset = new PretrainingDataset(text, await loadTokenizer(), options);
  const examples = await take(dataset);
  const files = ['x', 'y', 'z'].map((name) => path.join(folder, name));
  const sizes = { max_seq_length: 48, max_predictions_per_seq: 7 };
  t.equal(await writePretrainingRecords(files, dataset, sizes), examples.length);
  const parts = await Promise.all(files.map((file) => take(readPretrainingRecords(file))));
  t.same(examples.map((_, i) => parts[i % 3]?.[Math.floor(i / 3)]), examples);
  const [record] = await take(readTFRecord(files[0]!), 1);
  const lengths = Object.entries(record!).map(([name, list]) => [name, list.length]);
  t.same(Object.fromEntries(lengths), {
    input_ids: 48,
    input_mask: 48,
    segment_ids: 48,
    token_boundary: 48,
    masked_lm_positions: 7,
    masked_lm_ids: 7,
    masked_lm_weights: 7,
    next_sentence_labels: 1,
  });
  const short = { ...sizes, max_seq_length: 12 };
  const narrow = path.join(folder, 'narrow');
  const tooShort = (): Promise<number> => writePretrainingRecords(narrow, dataset, short);
  await expectError(t, tooShort, 'RangeError', /at most 12 tokens/);
  t.notOk(existsSync(narrow));
});
