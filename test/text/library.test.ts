// Vocabularies that run in @huggingface/tokenizers: vocab.txt and tokenizer.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { AlbertTokenizer } from '../../dist/index.js';
import { fixtures, readJson } from '../support/golden';
import { nativeTokenizer, readFields, spiece, spieceBytes } from '../support/spiece';

const tokens = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'want', '##want', '##ed', 'wa', 'un', 'runn'],
  ...['##ing', ',', 'ah', '博', '推', 'zz', 'hello', '!', 'how', 'are', 'you', '?', 'toString'],
];

function vocabulary(directory: string, config: object = {}): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'vocab.txt'), `${tokens.join('\n')}\n`);
  writeFileSync(path.join(directory, 'tokenizer_config.json'), JSON.stringify(config));
  return directory;
}

t.test("WordPiece: the cases of Google's tests", async (t) => {
  const tokenizer = await AlbertTokenizer.from_pretrained(vocabulary(t.testdir({})));
  t.same(tokenizer.tokenize('UNwantéd,running'), ['un', '##want', '##ed', ',', 'runn', '##ing']);
  t.same(tokenizer.encode('UNwantéd,running'), [2, 9, 6, 7, 12, 10, 11, 3]);
  t.same(tokenizer.tokenize('ah博推zz'), ['ah', '博', '推', 'zz']);
  t.same(tokenizer.tokenize(' \tHeLLo!how  \n Are yoU?  '), [
    'hello',
    '!',
    'how',
    'are',
    'you',
    '?',
  ]);
  t.same(tokenizer.tokenize('unwantedX running'), ['[UNK]', 'runn', '##ing']);
  t.same(tokenizer.tokenize(''), []);
  t.same(tokenizer.encode('ah \ufffd\0zz'), [2, 13, 16, 3], 'NUL and U+FFFD vanish');
  t.same(tokenizer.tokenize('a'.repeat(300)), ['[UNK]']);
  t.same(tokenizer.encode('[MASK] ah'), [2, 4, 13, 3]);
  t.equal(tokenizer.convert_tokens_to_ids('toString'), 23);
  t.equal(tokenizer.convert_tokens_to_ids('constructor'), 1, 'a name of every object is no piece');
});

t.test('WordPiece: cased', async (t) => {
  const directory = vocabulary(t.testdir({}), { do_lower_case: false });
  const tokenizer = await AlbertTokenizer.from_pretrained(directory);
  t.same(tokenizer.tokenize('hello Hello'), ['hello', '[UNK]']);
});

t.test('WordPiece: lone surrogates and long lines do no harm', async (t) => {
  const tokenizer = await AlbertTokenizer.from_pretrained(vocabulary(t.testdir({})));
  for (const text of [
    '\ud800',
    'ah\udc00zz',
    '\0'.repeat(100),
    'ah '.repeat(20_000),
    '博'.repeat(20_000),
  ]) {
    const { input_ids, offset_mapping } = tokenizer(text, { return_offsets_mapping: true });
    t.equal(input_ids[0]?.length, offset_mapping?.[0]?.length);
    const sound = offset_mapping?.[0]?.every(([begin, end]) => begin <= end && end <= text.length);
    t.ok(sound, JSON.stringify(text.slice(0, 10)));
  }
});

/** tokenizer.json as Hugging Face's fast ALBERT tokenizer has it, made of the shipped model. */
async function unigramJson(): Promise<object> {
  const scores = readFields(spieceBytes).filter(({ number }) => number === 1);
  const native = await nativeTokenizer();
  const vocab = scores.map(({ bytes }, id) => {
    const score = bytes.indexOf((2 << 3) | 5, 2 + (bytes[1] ?? 0));
    return [native.piece(id), score < 0 ? 0 : bytes.readFloatLE(score + 1)];
  });
  const replace = (pattern: object, content: string): object => ({
    type: 'Replace',
    pattern,
    content,
  });
  return {
    version: '1.0',
    added_tokens: ['<pad>', '<unk>', '[CLS]', '[SEP]', '[MASK]'].map((content, id) => ({
      id,
      content,
      special: true,
      normalized: false,
      single_word: false,
      lstrip: content === '[MASK]',
      rstrip: false,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        replace({ String: '``' }, '"'),
        replace({ String: "''" }, '"'),
        { type: 'NFKD' },
        { type: 'StripAccents' },
        { type: 'Lowercase' },
        { type: 'Precompiled', precompiled_charsmap: '' },
        replace({ Regex: ' {2,}' }, ' '),
      ],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    model: { type: 'Unigram', unk_id: 1, vocab },
  };
}

t.test('tokenizer.json of the English vocabulary', async (t) => {
  const directory = t.testdir({ 'tokenizer.json': JSON.stringify(await unigramJson()) });
  const library = await AlbertTokenizer.from_pretrained(directory);
  const native = await AlbertTokenizer.from_pretrained(spiece);
  t.same([library.vocab_size, library.mask_token_id, library.pad_token_id], [30_000, 4, 0]);
  const { cases } = readJson<{ cases: { text: string }[] }>(fixtures, 'golden/tokenizer.json');
  // Plain English: where commas after digits, symbols and other scripts stand, the two may differ.
  const isPlain = (text: string): boolean =>
    /^[A-Za-z][A-Za-z ,.;]*[a-z.]$/.test(text) && !text.includes('  ');
  const plain = cases.filter(({ text }) => isPlain(text));
  t.ok(plain.length > 20, `${plain.length} texts`);
  const options = { return_offsets_mapping: true, return_sequence_ids: true };
  // A ▁ alone has no text of its own: only the others' places are compared.
  const encode = (tokenizer: AlbertTokenizer, text: string): object => {
    const { offset_mapping, ...rest } = tokenizer(text, options);
    return { ...rest, spans: offset_mapping?.[0]?.filter(([begin, end]) => begin < end) };
  };
  for (const { text } of plain) t.same(encode(library, text), encode(native, text), text);
  const text = 'The [MASK] of France, she said.';
  t.same(library.encode(text), native.encode(text));
  t.same(await library.encode_batch([text, 'a test']), library([text, 'a test']));
  const ids = native.encode('This is a test.');
  t.equal(library.decode(ids, { skip_special_tokens: true }), 'this is a test.');
});
