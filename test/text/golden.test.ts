// All 607 golden texts: SentencePiece itself, Hugging Face's rules, Google's, and back to text.
import path from 'node:path';
import t, { type Test } from 'tap';
import { AlbertTokenizer, type TokenizerLoadOptions } from '../../dist/index.js';
import { fixtures, readJson } from '../support/golden';
import { nativeTokenizer, spiece } from '../support/spiece';

interface Case {
  text: string;
  sp_pieces: string[];
  sp_ids: number[];
  hf_pieces: string[];
  hf_ids: number[];
  hf_keep_accents_ids: number[];
  google_pieces: string[];
  google_ids: number[];
  decode_hf: string;
}

const { cases } = readJson<{ cases: Case[] }>(fixtures, 'golden/tokenizer.json');
const load = (options?: TokenizerLoadOptions) => AlbertTokenizer.from_pretrained(spiece, options);

/** Special tokens as the golden file spells them; its Hugging Face side did not split at them. */
const special = /\[CLS\]|\[SEP\]|\[MASK\]|<pad>|<unk>/;

/** Runs every case; the first ones that differ are shown. */
function compareAll(
  t: Test,
  what: string,
  chosen: Case[],
  differs: (one: Case) => { got: unknown; expected: unknown },
): void {
  const wrong = chosen.flatMap((one) => {
    const { got, expected } = differs(one);
    const same = JSON.stringify(got) === JSON.stringify(expected);
    return same ? [] : [{ text: one.text, got, expected }];
  });
  t.same(wrong.slice(0, 5), [], `${what}: ${chosen.length - wrong.length} of ${chosen.length}`);
}

t.test('there are 607 cases, and one of them spells special tokens', async (t) => {
  t.equal(cases.length, 607);
  t.equal(cases.filter(({ text }) => special.test(text)).length, 1);
});

t.test('SentencePiece alone', async (t) => {
  const tokenizer = await nativeTokenizer();
  compareAll(t, 'ids', cases, ({ text, sp_ids }) => ({
    got: Array.from(tokenizer.sentencepiece_ids(text)),
    expected: sp_ids,
  }));
});

t.test("Hugging Face's rules", async (t) => {
  const tokenizer = await load();
  const plain = cases.filter(({ text }) => !special.test(text));
  t.equal(plain.length, 606);
  const ids = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false });
  compareAll(t, 'ids', plain, ({ text, hf_ids }) => ({ got: ids(text), expected: hf_ids }));
  compareAll(t, 'pieces', plain, ({ text, hf_pieces }) => ({
    got: tokenizer.tokenize(text),
    expected: hf_pieces,
  }));
  compareAll(t, 'with [CLS] and [SEP]', plain, ({ text, hf_ids }) => ({
    got: tokenizer.encode(text),
    expected: [2, ...hf_ids, 3],
  }));
  const [tokens] = cases.filter(({ text }) => special.test(text));
  t.same(ids(tokens?.text ?? ''), [2, 3, 4, 0, 1], 'special tokens in the text are those tokens');
});

t.test('with accents kept', async (t) => {
  const tokenizer = await load({ keep_accents: true });
  const plain = cases.filter(({ text }) => !special.test(text));
  compareAll(t, 'ids', plain, ({ text, hf_keep_accents_ids }) => ({
    got: tokenizer.encode(text, { add_special_tokens: false }),
    expected: hf_keep_accents_ids,
  }));
  const changed = plain.filter(({ hf_ids, hf_keep_accents_ids }) => {
    return hf_ids.join() !== hf_keep_accents_ids.join();
  });
  t.ok(changed.length > 10, `accents matter in ${changed.length} cases`);
});

t.test("Google's rules", async (t) => {
  const tokenizer = await load({ google_rules: true });
  compareAll(t, 'ids', cases, ({ text, google_ids }) => ({
    got: tokenizer.encode(text, { add_special_tokens: false }),
    expected: google_ids,
  }));
  compareAll(t, 'pieces', cases, ({ text, google_pieces }) => ({
    got: tokenizer.tokenize(text),
    expected: google_pieces,
  }));
});

t.test('decoding', async (t) => {
  const tokenizer = await load();
  const options = { clean_up_tokenization_spaces: false };
  const known = cases.filter(({ hf_ids }) => !hf_ids.includes(1));
  t.ok(known.length > 300);
  compareAll(t, 'text', known, ({ hf_ids, decode_hf }) => ({
    got: tokenizer.decode(hf_ids, options),
    expected: decode_hf,
  }));
  // The golden text was joined of pieces, which ids cannot give back where they are unknown.
  const unknown = cases.filter(({ hf_ids }) => hf_ids.includes(1));
  compareAll(t, 'with unknown tokens', unknown, ({ hf_ids }) => ({
    got: tokenizer.decode(hf_ids, options),
    expected: joinTokens(tokenizer.convert_ids_to_tokens(hf_ids)),
  }));
  compareAll(t, 'skipping unknown tokens', unknown, ({ hf_ids }) => ({
    got: tokenizer.decode([2, ...hf_ids, 3, 0, 0], { ...options, skip_special_tokens: true }),
    expected: joinTokens(tokenizer.convert_ids_to_tokens(hf_ids.filter((id) => id > 4))),
  }));
});

/** Hugging Face's convert_tokens_to_string: a space goes before a run that a special token ends. */
function joinTokens(tokens: string[]): string {
  let text = '';
  let run: string[] = [];
  let wasSpecial = false;
  const decoded = (): string => run.join('').replace(/^▁+/, '').replaceAll('▁', ' ');
  for (const token of tokens) {
    if (!special.test(token)) {
      run.push(token);
      wasSpecial = false;
      continue;
    }
    text += `${wasSpecial ? '' : ' '}${decoded()}${token}`;
    run = [];
    wasSpecial = true;
  }
  return (text + decoded()).trim();
}

t.test('encode_batch gives the same, off the JavaScript thread', async (t) => {
  const tokenizer = await load();
  const options = { return_offsets_mapping: true, return_sequence_ids: true };
  const texts = cases.map(({ text }) => text);
  const batch = await tokenizer.encode_batch(texts, options);
  t.equal(batch.input_ids.length, 607);
  t.same(batch, tokenizer(texts, options));
  const pairs = { ...options, text_pair: [...texts].reverse(), truncation: true, max_length: 20 };
  t.same(await tokenizer.encode_batch(texts, pairs), tokenizer(texts, pairs));
});

t.test('the vocabulary is that of the published models', async (t) => {
  const tokenizer = await AlbertTokenizer.from_pretrained(path.dirname(spiece));
  t.equal(tokenizer.vocab_size, 30_000);
  t.same(tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 4, 13, 29_999]), [
    '<pad>',
    '<unk>',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    '▁',
    '▁eloquent',
  ]);
  t.equal(tokenizer.convert_tokens_to_ids('<pad>'), 0);
  t.equal(tokenizer.convert_tokens_to_ids('no such piece'), 1);
  const all = Array.from({ length: 30_000 }, (_, id) => id);
  const there = tokenizer.convert_tokens_to_ids(tokenizer.convert_ids_to_tokens(all));
  t.same(there, all, 'every id leads to its piece and back');
});

t.test("Hugging Face's own integration cases", async (t) => {
  const tokenizer = await load();
  const texts = [
    'The quick brown fox jumps over the lazy dog.',
    'BERT is designed to pre-train deep bidirectional representations from unlabeled text by ' +
      'jointly conditioning on both left and right context in all layers.',
  ];
  t.same(
    tokenizer(texts, { padding: true }).input_ids[0]?.slice(0, 12),
    [2, 14, 2231, 886, 2385, 17659, 84, 14, 16792, 1952, 9, 3],
  );
  t.same(
    tokenizer.encode(texts[1] ?? ''),
    [
      2, 11502, 25, 1006, 20, 782, 8, 11809, 855, 1732, 19393, 18667, 37, 367, 21018, 69, 1854, 34,
      11860, 19124, 27, 156, 225, 17, 193, 4141, 19, 65, 9124, 9, 3,
    ],
  );
  const accents = await load({ keep_accents: true });
  const born = 'I was born in 92000, and this is falsé.';
  const ids = accents.encode(born, { add_special_tokens: false });
  t.same(ids, [31, 23, 386, 19, 561, 3050, 15, 17, 48, 25, 8256, 18, 1, 9]);
  t.same(accents.convert_ids_to_tokens(ids).slice(-3), ['s', '<unk>', '.']);
  t.same(tokenizer.encode(born, { add_special_tokens: false }).slice(-2), [4997, 9]);
});
