// Tokenizers that run in @huggingface/tokenizers: tokens, offsets, pairs, windows.
import t from 'tap';
import { makeWordPieceEngine } from '../../dist/tokenizers/wordpiece.js';

const special = '[PAD] [UNK] [CLS] [SEP] [MASK]';
const words = 'want ##want ##ed wa un runn ##ing , low lowest 博 推 ah zz';
const vocabulary = `${special} ${words}`.split(' ').join('\n');
const whole = {
  add_special_tokens: true,
  truncation: 'none' as const,
  max_length: 0,
  stride: 0,
  return_overflowing_tokens: false,
};

t.test('cuts text as BertTokenizer does', async (t) => {
  const engine = await makeWordPieceEngine(vocabulary, { do_lower_case: true });
  t.same(engine.tokenize('UNwantéd,running'), ['un', '##want', '##ed', ',', 'runn', '##ing']);
  t.same(engine.tokenize('ah博推zz'), ['ah', '博', '推', 'zz']);
  t.same(engine.tokenize('unwantedX running'), ['[UNK]', 'runn', '##ing']);
  t.equal(engine.decode(Int32Array.of(2, 10, 11, 3), true, true), 'running');
  t.throws(() => engine.decode(Int32Array.of(99), true, true), RangeError);
});

t.test('says where each token came from, in UTF-16 units', async (t) => {
  const engine = await makeWordPieceEngine(vocabulary, { do_lower_case: true });
  const text = '𝒳y  UNwante\u0301d, [MASK]博';
  const [encoding] = engine.encode(text, undefined, whole);
  const offsets = Array.from(encoding?.offsets ?? []);
  const parts = offsets.flatMap((begin, i) => (i % 2 ? [] : [text.slice(begin, offsets[i + 1])]));
  t.same(parts, ['', '𝒳y', 'UN', 'want', 'e\u0301d', ',', '[MASK]', '博', '']);
  t.equal(encoding?.input_ids[1], 1);
  t.same(Array.from(encoding?.sequence_ids ?? []), [-1, 0, 0, 0, 0, 0, 0, 0, -1]);
});

t.test('joins pairs and slides windows over the second text', async (t) => {
  const engine = await makeWordPieceEngine(vocabulary, { do_lower_case: true });
  const windows = engine.encode('want', 'low lowest ah zz', {
    ...whole,
    truncation: 'only_second',
    max_length: 6,
    stride: 1,
    return_overflowing_tokens: true,
  });
  t.same(
    windows.map(({ input_ids }) => Array.from(input_ids)),
    [
      [2, 5, 3, 13, 14, 3],
      [2, 5, 3, 14, 17, 3],
      [2, 5, 3, 17, 18, 3],
    ],
  );
  t.same(Array.from(windows[0]?.token_type_ids ?? []), [0, 0, 0, 1, 1, 1]);
});

t.test('refuses windows that cannot be', async (t) => {
  const engine = await makeWordPieceEngine(vocabulary, { do_lower_case: true });
  const encode = (options: object): unknown =>
    engine.encode('low low low', undefined, { ...whole, ...options });
  t.throws(() => encode({ truncation: 'only_first', max_length: 1 }), RangeError);
  t.throws(() => encode({ truncation: 'only_second', max_length: 4 }), /needs a text_pair/);
  const windows = { truncation: 'only_first', max_length: 4, return_overflowing_tokens: true };
  t.throws(() => encode({ ...windows, stride: 2 }), /stride/);
  await t.rejects(makeWordPieceEngine('a\nb', { do_lower_case: true }), { code: 'ERR_FORMAT' });
});
