// AlbertTokenizer: rows, padding, truncation, windows and ids, on a small WordPiece vocabulary.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { AlbertTokenizer } from '../../dist/index.js';

const tokens = '[PAD] [UNK] [CLS] [SEP] [MASK] a b c ##d .'.split(' ');
let tokenizer: AlbertTokenizer;

t.before(async () => {
  const directory = t.testdir({});
  await writeFile(path.join(directory, 'vocab.txt'), tokens.join('\n'));
  await writeFile(path.join(directory, 'tokenizer_config.json'), '{"model_max_length":8}');
  tokenizer = await AlbertTokenizer.from_pretrained(directory);
});

t.test('calls give one row for each text', async (t) => {
  t.same(tokenizer('a cd.'), {
    input_ids: [[2, 5, 7, 8, 9, 3]],
    token_type_ids: [[0, 0, 0, 0, 0, 0]],
    attention_mask: [[1, 1, 1, 1, 1, 1]],
  });
  const pair = tokenizer(['a', 'b'], { text_pair: ['b c', 'c'], padding: true });
  t.same(pair.input_ids, [[2, 5, 3, 6, 7, 3], [2, 6, 3, 7, 3, 0]]);
  t.same(pair.token_type_ids[1], [0, 0, 0, 1, 1, 0]);
  t.same(pair.attention_mask[1], [1, 1, 1, 1, 1, 0]);
});

t.test('cuts to max_length, and pads to it', async (t) => {
  t.same(tokenizer.encode('a b c a b', { max_length: 4 }), [2, 5, 6, 3]);
  t.equal(tokenizer.encode('a b c a b c a b c', { truncation: true }).length, 8);
  t.equal(tokenizer.encode('a b c a b c a b c').length, 11);
  t.same(tokenizer.encode('a', { padding: 'max_length', max_length: 5 }), [2, 5, 3, 0, 0]);
  t.throws(() => tokenizer.encode('a', { padding: 'max_length', max_length: 2 ** 30 }), {
    name: 'RangeError',
    message: /padding to max_length: expected at most 1048576 tokens, got 1073741824/,
  });
});

t.test('windows say which text they are of', async (t) => {
  const options = { max_length: 4, stride: 1, return_overflowing_tokens: true };
  const batch = tokenizer(['a b c', 'a'], { ...options, return_special_tokens_mask: true });
  t.same(batch.input_ids, [[2, 5, 6, 3], [2, 6, 7, 3], [2, 5, 3]]);
  t.same(batch.overflow_to_sample_mapping, [0, 0, 1]);
  t.same(batch.special_tokens_mask?.[2], [1, 0, 1]);
});

t.test('encode_batch gives the same', async (t) => {
  const options = { return_offsets_mapping: true, return_sequence_ids: true };
  const texts = Array.from({ length: 70 }, (_, i) => 'a b. '.repeat(i % 5));
  t.same(await tokenizer.encode_batch(texts, options), tokenizer(texts, options));
});

t.test('converts between ids and tokens', async (t) => {
  t.equal(tokenizer.mask_token, '[MASK]');
  t.same(tokenizer.all_special_ids.sort(), [0, 1, 2, 3, 4]);
  t.same(tokenizer.convert_tokens_to_ids(['a', 'nothing']), [5, 1]);
  t.same(tokenizer.convert_ids_to_tokens([8, 4]), ['##d', '[MASK]']);
  t.equal(tokenizer.decode([2, 5, 7, 8, 9, 3], { skip_special_tokens: true }), 'a cd.');
  t.same(tokenizer.batch_decode([BigInt64Array.of(5n), [6]]), ['a', 'b']);
  t.throws(() => tokenizer.decode([10]), RangeError);
  t.throws(() => tokenizer.decode([0.5]), TypeError);
});

t.test('refuses what it cannot read', async (t) => {
  t.throws(() => tokenizer(7 as never), TypeError);
  t.throws(() => tokenizer(['a', null] as never), TypeError);
  t.throws(() => tokenizer('a', { text_pair: ['b'] }), /text_pair/);
  t.throws(() => tokenizer('a', { max_lenght: 3 } as never), /mean 'max_length'/);
  const batch = () => tokenizer.batch_decode([[5], , [6]] as never);
  t.throws(batch, { name: 'TypeError', message: /rows\[1\]/ });
  const convert = () => tokenizer.convert_tokens_to_ids(['a', , 'b'] as never);
  t.throws(convert, { name: 'TypeError', message: /tokens\[1\]/ });
  await t.rejects(tokenizer.encode_batch('a' as never), TypeError);
  await t.rejects(AlbertTokenizer.from_pretrained(t.testdir({})), { code: 'ERR_NOT_FOUND' });
});
