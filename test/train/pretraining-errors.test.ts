// What a pretraining dataset refuses: settings, files that are no corpus, positions of another one.
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import {
  AlbertTokenizer,
  PretrainingDataset,
  type PretrainingDatasetOptions,
} from '../../dist/index.js';
import { expectError, type Kind } from '../support/errors';
import { loadTokenizer, plainText, take } from '../support/pretraining';
import { spieceBytes } from '../support/spiece';

const small: PretrainingDatasetOptions = { max_seq_length: 48, dupe_factor: 1 };

function file(t: Test, name: string, content: string | Uint8Array): string {
  const created = path.join(t.testdir(), name);
  writeFileSync(created, content);
  return created;
}

t.test('settings out of range', async (t) => {
  const text = file(t, 'a.txt', plainText(4, 4));
  const tokenizer = await loadTokenizer();
  const cases: [PretrainingDatasetOptions, Kind, RegExp][] = [
    [{ masked_lm_prob: 0 }, 'RangeError', /masked_lm_prob: expected a rate above 0.*got 0$/],
    [{ masked_lm_prob: 1 }, 'RangeError', /masked_lm_prob: expected a rate.*got 1$/],
    [{ max_predictions_per_seq: 0 }, 'RangeError', /max_predictions_per_seq: expected at least 1/],
    [{ ngram: 0 }, 'RangeError', /ngram/],
    [{ max_seq_length: 4 }, 'RangeError', /max_seq_length: expected 5/],
    [{ rank: 2, world_size: 2 }, 'RangeError', /rank: expected 0 to 1/],
    [{ held_out: true }, 'RangeError', /hold_out_every/],
    [{ format: 'xml' as never }, 'RangeError', /format: expected one of/],
    [{ max_seq_lenght: 8 } as never, 'TypeError', /did you mean 'max_seq_length'/],
    [{ seed: -1 }, 'RangeError', /seed/],
  ];
  for (const [options, kind, message] of cases) {
    const work = (): Promise<unknown> =>
      take(new PretrainingDataset(text, tokenizer, { ...small, ...options }));
    await expectError(t, async () => work(), kind, message);
  }
  const make = PretrainingDataset as unknown as new (...args: unknown[]) => unknown;
  await expectError(t, () => new make([], tokenizer), 'RangeError', /files/);
  await expectError(t, () => new make(text, {}), 'TypeError', /AlbertTokenizer/);
});

t.test('files that are no corpus', async (t) => {
  const tokenizer = await loadTokenizer();
  const cases: [string, string | Uint8Array, Kind, RegExp][] = [
    ['empty.txt', '', 'ERR_FORMAT', /expected text, .*empty\.txt has none/],
    ['blank.txt', ' \n\t\n\u00a0\n', 'ERR_FORMAT', /expected text/],
    ['short.txt', 'Two words.\n', 'RangeError', /at least 45 tokens.*the corpus has 3/],
    ['binary', Uint8Array.of(65, 10, 66, 0, 67), 'ERR_FORMAT', /line 2: a NUL byte: .*binary/],
    ['latin', Uint8Array.of(72, 0xe9, 10), 'ERR_FORMAT', /line 1: invalid UTF-8 at byte 1/],
    ['long', new Uint8Array(17 << 20).fill(97), 'ERR_FORMAT', /more than 16 MiB/],
    ['a.jsonl', '{"text": "one"}\n{"text": 2}\n', 'ERR_FORMAT', /line 2: expected .*an integer/],
    ['b.jsonl', '{"text": "one"}\nnot json\n', 'ERR_FORMAT', /line 2: not JSON lines/],
  ];
  for (const [name, content, kind, message] of cases) {
    const source = new PretrainingDataset(file(t, name, content), tokenizer, small);
    await expectError(t, () => take(source), kind, message, name);
  }
  const missing = new PretrainingDataset('./nowhere.txt', tokenizer, small);
  await expectError(t, () => take(missing), 'ERR_NOT_FOUND', /nowhere\.txt/);
  await expectError(t, () => missing.state(), 'ERR_NOT_FOUND', /nowhere\.txt/);
  const folder = new PretrainingDataset(t.testdir(), tokenizer, small);
  await expectError(t, () => take(folder), 'ERR_IO', /directory/);
});

t.test('ranks without a document, and words that do not fit', async (t) => {
  const tokenizer = await loadTokenizer();
  const one = file(t, 'one.txt', plainText(1, 20));
  const lonely = new PretrainingDataset(one, tokenizer, { ...small, rank: 1, world_size: 2 });
  await expectError(t, () => take(lonely), 'RangeError', /rank 1 of 2 gets no document/);
  // Too short to be cut: a cut word might leave a piece that fits.
  const word = 'quartermastership';
  const long = file(t, 'long.txt', `${word}\n${word} ${word}\n\n`.repeat(20));
  const options = { ...small, max_predictions_per_seq: 1 };
  const tight = new PretrainingDataset(long, tokenizer, options);
  await expectError(t, () => take(tight), 'RangeError', /no room for one whole word/);
  const pieces = new PretrainingDataset(long, tokenizer, { ...options, whole_word_mask: false });
  t.ok((await take(pieces)).length > 0, 'but pieces fit');
});

t.test('a vocabulary without the special tokens', async (t) => {
  // The same length, so that the file stays sound; "[MASK]" occurs once, as a piece.
  const bytes = Buffer.from(spieceBytes);
  bytes.write('[MISK]', bytes.indexOf('[MASK]'));
  const model = file(t, 'spiece.model', bytes);
  const tokenizer = await AlbertTokenizer.from_pretrained(model);
  const make = (): unknown => new PretrainingDataset(model, tokenizer);
  await expectError(t, make, 'ERR_CONFIG', /the vocabulary has no \[MASK\]/);
});

t.test('a position is refused where anything differs, and the difference named', async (t) => {
  const tokenizer = await loadTokenizer();
  const text = file(t, 'a.txt', plainText(4, 8));
  const state = await new PretrainingDataset(text, tokenizer, small).state();
  const restore = async (options: PretrainingDatasetOptions, changed: object): Promise<void> =>
    new PretrainingDataset(text, tokenizer, { ...small, ...options }).restore({
      ...state,
      ...changed,
    });
  await restore({}, {});
  await expectError(t, () => restore({ ngram: 2 }, {}), 'ERR_CONFIG', /ngram was 3, now it is 2/);
  await expectError(t, () => restore({ seed: 2 }, {}), 'ERR_CONFIG', /seed was 12345, now it is 2/);
  await expectError(t, () => restore({}, { vocabulary: 1 }), 'ERR_CONFIG', /vocabulary/);
  await expectError(t, () => restore({}, { files: [] }), 'ERR_CONFIG', /there were 0 files, now 1/);
  await expectError(t, () => restore({}, { version: 2 }), 'TypeError', /version 1/);
  await expectError(t, () => restore({}, { position: { pass: -1 } }), 'TypeError', /state\(\)/);
  const { position } = state;
  const beyond = { position: { ...position, file: 9 } };
  await expectError(t, () => restore({}, beyond), 'RangeError', /one of 1 files/);
  const far = new PretrainingDataset(text, tokenizer, small);
  await far.restore({ ...state, position: { ...position, offset: 1e6 } });
  await expectError(t, () => take(far), 'ERR_FORMAT', /not the file of the saved position/);
  appendFileSync(text, ' more');
  await expectError(t, () => restore({}, {}), 'ERR_CONFIG', /a\.txt\) had \d+ bytes, now/);
});

t.test('one loop at a time', async (t) => {
  const tokenizer = await loadTokenizer();
  const source = new PretrainingDataset(file(t, 'a.txt', plainText(4, 8)), tokenizer, small);
  for await (const example of source) {
    t.ok(example.input_ids.length > 0);
    const state = await source.state();
    await expectError(t, () => take(source), 'ERR_BUSY', /while a loop reads it/);
    await expectError(t, () => source.restore(state), 'ERR_BUSY', /restore while a loop/);
    break;
  }
  t.ok((await take(source)).length > 0, 'and another one behind it');
});
