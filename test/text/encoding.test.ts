// Special tokens, pairs, truncation, windows, offsets in UTF-16, and texts nobody should write.
import t, { type Test } from 'tap';
import { AlbertTokenizer, type BatchEncoding } from '../../dist/index.js';
import { expectError } from '../support/errors';
import { spiece } from '../support/spiece';
import { randomSource } from '../support/tensors';

let tokenizer: AlbertTokenizer;

t.before(async () => {
  tokenizer = await AlbertTokenizer.from_pretrained(spiece);
});

const words = (count: number): string => Array.from({ length: count }, () => 'the').join(' ');

t.test('special tokens in text, alone and among words', async (t) => {
  t.same(tokenizer.tokenize('the [MASK].'), ['▁the', '[MASK]', '▁', '.']);
  t.same(tokenizer.encode('the [MASK].'), [2, 14, 4, 13, 9, 3]);
  t.same(tokenizer.encode('[CLS][SEP]'), [2, 2, 3, 3]);
  t.same(tokenizer.encode('[MASK][MASK] [MASK]', { add_special_tokens: false }), [4, 4, 4]);
  t.same(tokenizer.encode('[mask]', { add_special_tokens: false }).includes(4), false);
  t.same(tokenizer.tokenize('a [MAS K]').includes('[MASK]'), false);
  t.same(tokenizer.decode([2, 14, 4, 9, 3], { skip_special_tokens: true }), 'the.');
});

t.test('pairs and their segments', async (t) => {
  const pair = tokenizer('the', { text_pair: 'of and', return_sequence_ids: true });
  t.same(pair.input_ids, [[2, 14, 3, 16, 17, 3]]);
  t.same(pair.token_type_ids, [[0, 0, 0, 1, 1, 1]]);
  t.same(pair.sequence_ids, [[-1, 0, -1, 1, 1, -1]]);
  const bare = tokenizer('the', { text_pair: 'of', add_special_tokens: false });
  t.same([bare.input_ids, bare.token_type_ids], [[[14, 16]], [[0, 1]]]);
  t.same(tokenizer('', { text_pair: '' }).input_ids, [[2, 3, 3]]);
});

t.test('truncation strategies', async (t) => {
  const lengths = (first: number, second: number, max_length: number, truncation: string) => {
    const options = { text_pair: words(second), max_length, truncation, return_sequence_ids: true };
    const ids = tokenizer(words(first), options as never).sequence_ids?.[0] ?? [];
    return [ids.filter((id) => id === 0).length, ids.filter((id) => id === 1).length];
  };
  t.same(lengths(10, 4, 13, 'longest_first'), [6, 4]);
  t.same(lengths(4, 10, 13, 'longest_first'), [4, 6]);
  t.same(lengths(10, 10, 14, 'longest_first'), [6, 5], 'the second gives way on ties');
  t.same(lengths(10, 10, 3, 'longest_first'), [0, 0]);
  t.same(lengths(10, 4, 13, 'only_first'), [6, 4]);
  t.same(lengths(4, 10, 13, 'only_second'), [4, 6]);
  t.same(lengths(4, 10, 13, 'do_not_truncate'), [4, 10]);
  t.equal(tokenizer.encode(words(600), { truncation: true }).length, 512);
  t.equal(tokenizer.encode(words(600)).length, 602);
  const range = (options: object, message: RegExp) =>
    expectError(
      t,
      () => tokenizer(words(9), options),
      'RangeError',
      message,
      JSON.stringify(options),
    );
  await range({ max_length: 1 }, /max_length/);
  await range({ max_length: 5, truncation: 'only_second' }, /text_pair/);
  await range({ max_length: 5, text_pair: words(5), truncation: 'only_first' }, /may not cut/);
  await range(
    { max_length: 5, stride: 3, truncation: true, return_overflowing_tokens: true },
    /stride/,
  );
});

/** Checks windows over one side against the list they were cut from. */
function checkWindows(t: Test, batch: BatchEncoding, side: 0 | 1, stride: number): number[] {
  const parts = batch.input_ids.map((row, w) =>
    row.filter((_, i) => batch.sequence_ids?.[w]?.[i] === side),
  );
  const joined = [...(parts[0] ?? [])];
  for (const [w, part] of parts.entries()) {
    if (w === 0) continue;
    const previous = parts[w - 1] ?? [];
    t.same(part.slice(0, stride), previous.slice(previous.length - stride), `window ${w} overlaps`);
    joined.push(...part.slice(stride));
  }
  return joined;
}

t.test('windows cover the text and share the stride', async (t) => {
  const text = Array.from({ length: 120 }, (_, i) => `${i} apples,`).join(' ');
  const whole = tokenizer.encode(text, { add_special_tokens: false });
  const base = {
    return_overflowing_tokens: true,
    return_sequence_ids: true,
    truncation: true,
  } as const;
  for (const [max_length, stride] of [
    [20, 0],
    [20, 5],
    [33, 16],
    [12, 9],
  ] as const) {
    const one = tokenizer([text, 'the'], { ...base, max_length, stride });
    t.ok(one.input_ids.every((row) => row.length <= max_length));
    const first = one.overflow_to_sample_mapping?.filter((sample) => sample === 0).length ?? 0;
    t.equal(one.overflow_to_sample_mapping?.at(-1), 1);
    const rows = { ...one, input_ids: one.input_ids.slice(0, first) };
    t.same(checkWindows(t, rows, 0, stride), whole, `windows of ${max_length}, stride ${stride}`);
  }
  const pair = {
    ...base,
    truncation: 'only_second',
    text_pair: text,
    max_length: 40,
    stride: 11,
  } as const;
  const windows = tokenizer('who?', { ...pair, return_offsets_mapping: true });
  t.same(checkWindows(t, windows, 1, 11), whole);
  const question = tokenizer.encode('who?', { add_special_tokens: false });
  windows.input_ids.forEach((row, w) => {
    t.same(row.slice(0, question.length + 2), [2, ...question, 3], `window ${w} has the question`);
    const spans = (windows.offset_mapping?.[w] ?? []).filter(
      (_, i) => windows.sequence_ids?.[w]?.[i] === 1,
    );
    t.ok(
      spans.every(([begin], i) => i === 0 || begin >= Number(spans[i - 1]?.[0])),
      'offsets rise',
    );
  });
});

t.test('padding to the longest row, and to a length', async (t) => {
  const batch = tokenizer(['the of', ''], { padding: true });
  t.same(batch.input_ids, [
    [2, 14, 16, 3],
    [2, 3, 0, 0],
  ]);
  t.same(batch.attention_mask, [
    [1, 1, 1, 1],
    [1, 1, 0, 0],
  ]);
  const fixed = tokenizer('the', {
    padding: 'max_length',
    max_length: 6,
    return_offsets_mapping: true,
  });
  t.same(fixed.offset_mapping?.[0]?.length, 6);
  t.same(fixed.input_ids, [[2, 14, 3, 0, 0, 0]]);
});

/** The parts of a text its tokens come from. */
function parts(text: string, of = tokenizer): string[] {
  const { offset_mapping, sequence_ids } = of(text, {
    return_offsets_mapping: true,
    return_sequence_ids: true,
  });
  const spans = offset_mapping?.[0] ?? [];
  return spans.flatMap(([begin, end], i) =>
    sequence_ids?.[0]?.[i] === 0 ? [text.slice(begin, end)] : [],
  );
}

t.test('offsets are UTF-16 units of the text as it was given', async (t) => {
  t.same(parts('The  quick,fox'), ['The', 'quick', ',', 'fox']);
  t.same(parts('in 2010, we'), ['in', '2010', ',', 'we'], 'a piece that was cut at its comma');
  for (const [text, expected] of [
    ['😀the 👩‍👧 of', ['', '😀', 'the', ' ', '👩', '\u200d', '👧', 'of']],
    ['😀😀 the', ['', '😀😀', 'the']],
    ['𝒯𝒽𝑒 of', ['𝒯𝒽𝑒', 'of']],
    ['the日本語of', ['the', '日本語', 'of']],
    ['ﬁne ½', ['ﬁne', '½', '½', '½']],
    ['Ｔｈｅ\u3000of', ['Ｔｈｅ', 'of']],
    ['a [MASK] b', ['a', '[MASK]', 'b']],
    ['İstanbul', ['İstanbul']],
    ['cafe\u0301 noir', ['cafe\u0301', 'noir']],
  ] as const) {
    t.same(parts(text), expected, JSON.stringify(text));
  }
});

/** What holds for the offsets of any text. */
function offsetsHold(text: string): boolean {
  const { offset_mapping, input_ids, sequence_ids } = tokenizer(text, {
    return_offsets_mapping: true,
    return_sequence_ids: true,
  });
  const spans = (offset_mapping?.[0] ?? []).filter((_, i) => sequence_ids?.[0]?.[i] === 0);
  if (spans.length !== (input_ids[0]?.length ?? 0) - 2) return false;
  let previous = 0;
  return spans.every(([begin, end]) => {
    const fine = begin >= previous && begin <= end && end <= text.length;
    previous = begin;
    return fine;
  });
}

t.test('random texts of every kind encode, decode and have sound offsets', async (t) => {
  const next = randomSource(9);
  const pick = (from: string[]): string => from[Math.floor(next() * from.length)] ?? '';
  const kinds = [
    ['a', 'the', ' ', '  ', ',', '9,', '10,', '.', "''", '``', '-', '('],
    ['é', 'e\u0301', 'ﬁ', '½', 'Å', 'İ', 'ß', 'Σ', '\u0345', '\u0300\u0301'],
    ['日', '本', '語', 'が', 'か\u3099', '한', '\u1112\u1161\u11ab', 'ｶﾞ', '　'],
    ['😀', '👩‍🚀', '🏳️‍🌈', '\u200d', '\ufe0f', '🇩🇪', '\u{1d4af}', '\u{10ffff}'],
    ['\ud800', '\udc00', '\ud83d', '\0', '\u0001', '\ufffd', '\uffff', '\u2028', '\u0085', '\x1c'],
    ['[MASK]', '[CLS]', '<pad>', '[MAS', 'K]', '<unk>', '▁', '▁the', '⁇'],
  ];
  let sound = 0;
  for (let i = 0; i < 3000; ++i) {
    const text = Array.from({ length: Math.floor(next() * 30) }, () =>
      pick(kinds[Math.floor(next() * kinds.length)] ?? []),
    ).join('');
    const decoded = tokenizer.decode(tokenizer.encode(text), { skip_special_tokens: true });
    if (typeof decoded !== 'string' || !offsetsHold(text)) t.fail(JSON.stringify(text));
    else ++sound;
  }
  t.equal(sound, 3000);
});

t.test('lone surrogates, NUL characters and empty texts', async (t) => {
  t.same(tokenizer.encode(''), [2, 3]);
  t.same(tokenizer.encode(' \t\n\u3000\u200b '), [2, 3]);
  t.same(tokenizer.tokenize(''), []);
  t.same(tokenizer.decode([]), '');
  t.same(tokenizer.encode('a\ud800b'), tokenizer.encode('a\ufffdb'), 'a lone surrogate is U+FFFD');
  t.same(tokenizer.encode('\udc00'), tokenizer.encode('\ufffd'));
  t.same(tokenizer.encode('the\0of').slice(0, 2), [2, 14], 'a NUL does not end the text');
  t.equal(tokenizer.encode('the\0of').length > 4, true);
  t.same(tokenizer([], {}).input_ids, []);
  t.same((await tokenizer.encode_batch([])).input_ids, []);
});

t.test('lines of a megabyte', async (t) => {
  const megabyte = 2 ** 20;
  const texts: Record<string, string> = {
    spaces: ' '.repeat(megabyte),
    'one letter': 'a'.repeat(megabyte),
    words: 'the quick brown fox, 2010, '.repeat(megabyte / 27),
    unknown: '日'.repeat(megabyte),
    emoji: '😀'.repeat(megabyte / 2),
    marks: `a${'\u0301'.repeat(megabyte)}`,
    'many bases and marks': 'a\u0301\u0323'.repeat(megabyte / 3),
    commas: '1,'.repeat(megabyte / 2),
    quotes: '`'.repeat(megabyte),
    surrogates: '\ud83d'.repeat(megabyte),
    masks: '[MASK]'.repeat(megabyte / 6),
    brackets: '[MAS'.repeat(megabyte / 4),
    nothing: '\0'.repeat(megabyte),
  };
  for (const [name, text] of Object.entries(texts)) {
    const begin = performance.now();
    const [ids = []] = (await tokenizer.encode_batch([text])).input_ids;
    const took = performance.now() - begin;
    t.ok(ids.length >= 2 && ids[0] === 2 && ids.at(-1) === 3, `${name}: ${ids.length} tokens`);
    t.ok(took < 10_000, `${name}: ${took.toFixed(0)} ms`);
    t.type(tokenizer.decode(ids.slice(0, 1000)), 'string');
    const cut = tokenizer.encode(text.slice(0, 50_000), { truncation: true, max_length: 16 });
    t.ok(cut.length <= 16, `${name}: cut`);
  }
});

t.test('encode_batch computes off the JavaScript thread', async (t) => {
  const texts = Array.from({ length: 3000 }, (_, i) => `${i} ${words(300)}`);
  tokenizer.encode(texts[0] ?? '');
  let turns = 0;
  let longest = 0;
  let last = performance.now();
  const ticking = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    ++turns;
  }, 1);
  const begin = performance.now();
  const batch = await tokenizer.encode_batch(texts);
  const took = performance.now() - begin;
  clearInterval(ticking);
  t.equal(batch.input_ids.length, 3000);
  t.ok(took > 50, `${took.toFixed(0)} ms of work`);
  t.ok(
    turns > took / 50,
    `${turns} turns of the event loop, longest wait ${longest.toFixed(0)} ms`,
  );
});
