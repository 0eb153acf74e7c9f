// Corrupted SentencePiece models: ERR_FORMAT, or a tokenizer that works; never a crash.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { AlbertError, AlbertTokenizer } from '../../dist/index.js';
import type { NativeTokenizer } from '../../dist/native.js';
import { expectError } from '../support/errors';
import {
  field,
  nativeTokenizer,
  piece,
  pieceType,
  readFields,
  shippedNormalizer,
  spieceBytes,
  varintField,
} from '../support/spiece';
import { randomSource } from '../support/tensors';

t.setTimeout(300_000);

const sample = 'The "Quick" brown fóx, 2010, ½ 日本 😀 [MASK] \ud800 a\0b   end.';
const encoding = {
  add_special_tokens: true,
  truncation: 'none',
  max_length: 0,
  stride: 0,
  return_overflowing_tokens: false,
} as const;

/** Uses every call of a tokenizer; a vocabulary may rightly lack [CLS]. */
function exercise(tokenizer: NativeTokenizer): void {
  const hasTemplate = tokenizer.special_ids.cls >= 0 && tokenizer.special_ids.sep >= 0;
  const options = { ...encoding, add_special_tokens: hasTemplate };
  const [encoded] = tokenizer.encode(sample, sample, options);
  tokenizer.decode(encoded?.input_ids ?? new Int32Array(), false, true);
  tokenizer.tokenize(sample);
  tokenizer.sentencepiece_ids(sample);
}

/** Whether a model is refused; anything but ERR_FORMAT fails the test. */
async function refused(model: Uint8Array): Promise<boolean> {
  try {
    exercise(await nativeTokenizer(model));
    return false;
  } catch (error) {
    if (error instanceof AlbertError && error.code === 'ERR_FORMAT') return true;
    throw error;
  }
}

/** What is left when only the first 2,000 pieces are kept: the same structure, quick to read. */
function smallModel(): Buffer {
  const fields = readFields(spieceBytes);
  const pieces = fields.filter(({ number }) => number === 1).slice(0, 2000);
  const rest = fields.filter(({ number }) => number !== 1);
  return Buffer.concat([...pieces, ...rest].map(({ number, bytes }) => field(number, bytes)));
}

t.test('100 truncations: errors everywhere but between fields', async (t) => {
  const next = randomSource(1);
  const model = smallModel();
  const boundaries = new Set(readFields(model).map(({ end }) => end));
  let count = 0;
  for (const length of [0, 1, 2, 3, model.length - 1]) {
    t.ok(await refused(model.subarray(0, length)), `${length} bytes`);
    ++count;
  }
  while (count < 100) {
    const length = Math.floor(next() * model.length);
    const refusal = await refused(model.subarray(0, length));
    if (!boundaries.has(length)) t.ok(refusal, `${length} bytes`);
    ++count;
  }
});

t.test('200 flipped bytes, in every part of the file', async (t) => {
  const next = randomSource(2);
  const model = smallModel();
  const charsmap = model.length - shippedNormalizer().length;
  let errors = 0;
  for (let i = 0; i < 200; ++i) {
    const broken = Buffer.from(model);
    // Half of them in the normalizer's tables, which are the most dangerous part.
    const begin = i % 2 === 0 ? 0 : charsmap;
    const end = i % 2 === 0 ? charsmap : model.length;
    const flips = 1 + Math.floor(next() * 8);
    for (let flip = 0; flip < flips; ++flip) {
      broken[begin + Math.floor(next() * (end - begin))] = Math.floor(next() * 256);
    }
    errors += Number(await refused(broken));
  }
  t.ok(errors > 20 && errors < 200, `${errors} of 200 were refused, the others work`);
});

t.test('random bytes are no model', async (t) => {
  const next = randomSource(3);
  let errors = 0;
  for (let i = 0; i < 200; ++i) {
    const bytes = Buffer.from(Array.from({ length: i * 3 }, () => Math.floor(next() * 256)));
    errors += Number(await refused(bytes));
  }
  t.equal(errors, 200);
});

t.test('models that are well-formed and wrong', async (t) => {
  const unknown = piece('<unk>', 0, pieceType.unknown);
  const good = Buffer.concat([unknown, piece('a', -1), shippedNormalizer()]);
  t.equal(await refused(good), false);
  const trainer = (...fields: Buffer[]): Buffer => field(2, Buffer.concat(fields));
  const charsmap = (bytes: Buffer): Buffer =>
    Buffer.concat([unknown, piece('a', -1), field(3, field(2, bytes))]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(0xfffffff0);
  const wrong: Record<string, [Buffer, RegExp]> = {
    'no pieces': [shippedNormalizer(), /no pieces/],
    'no unknown piece': [piece('a', -1), /unknown piece/],
    'two unknown pieces': [
      Buffer.concat([good, piece('?', 0, pieceType.unknown)]),
      /more than one/,
    ],
    'an empty piece': [Buffer.concat([good, piece('', -1)]), /empty/],
    'a piece of a kilobyte': [Buffer.concat([good, piece('x'.repeat(1024), -1)]), /512/],
    'a score that is NaN': [Buffer.concat([good, piece('b', NaN)]), /finite/],
    'an infinite score': [Buffer.concat([good, piece('b', Infinity)]), /finite/],
    'a type of 9': [Buffer.concat([good, piece('b', -1, 9)]), /type 9/],
    'byte fallback': [Buffer.concat([good, piece('<0x41>', -1, pieceType.byte)]), /byte-fallback/],
    'byte pair encoding': [Buffer.concat([good, trainer(varintField(3, 2))]), /byte pair encoding/],
    'suffix whitespace': [Buffer.concat([good, trainer(varintField(24, 1))]), /suffix/],
    'a charsmap of two bytes': [charsmap(Buffer.from([1, 2])), /./],
    'a charsmap longer than itself': [charsmap(Buffer.concat([size, Buffer.alloc(64)])), /./],
    'a charsmap of zeros': [charsmap(Buffer.alloc(3)), /./],
  };
  for (const [name, [model, message]] of Object.entries(wrong)) {
    await expectError(t, () => nativeTokenizer(model), 'ERR_FORMAT', message, name);
  }
  const latin = Buffer.concat([unknown, field(1, field(1, Buffer.from([0xff, 0xfe])))]);
  await expectError(
    t,
    () => nativeTokenizer(latin),
    'ERR_FORMAT',
    /UTF-8/,
    'a piece that is not UTF-8',
  );
});

t.test('files of the wrong kind through the public door', async (t) => {
  const directory = t.testdir({});
  const load = (name: string, content: string | Uint8Array) => {
    writeFileSync(path.join(directory, name), content);
    return () => AlbertTokenizer.from_pretrained(path.join(directory, name));
  };
  await expectError(t, load('a.model', ''), 'ERR_FORMAT', /empty/);
  await expectError(t, load('b.model', 'hello world, this is text'), 'ERR_FORMAT', /SentencePiece/);
  await expectError(t, load('c.json', '{"half":'), 'ERR_FORMAT', /c\.json/);
  await expectError(t, load('d.json', '[]'), 'ERR_FORMAT', /JSON object/);
  await expectError(t, load('e.json', '{}'), 'ERR_FORMAT', /tokenizer\.json/);
  await expectError(t, load('f.txt', 'a\nb\n'), 'ERR_FORMAT', /\[UNK\]/);
  const nowhere = () => AlbertTokenizer.from_pretrained(path.join(directory, 'nowhere'));
  await expectError(t, nowhere, 'ERR_NOT_FOUND', /nowhere/);
  t.ok(await AlbertTokenizer.from_pretrained(path.join(__dirname, '../../models/sst2-mini')));
});
