// Pretraining examples from text: sound, deterministic, restorable, sharded, as the settings say.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t, { type Test } from 'tap';
import {
  PretrainingDataset,
  type PretrainingDatasetOptions,
  type PretrainingExample,
} from '../../dist/index.js';
import { expectError } from '../support/errors';
import { faultOf, loadTokenizer, plainText, take } from '../support/pretraining';

const small: PretrainingDatasetOptions = { max_seq_length: 48, dupe_factor: 2, seed: 7 };

function corpus(t: Test, files: Record<string, string>): string[] {
  const folder = t.testdir();
  return Object.entries(files).map(([name, text]) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  });
}

async function dataset(
  files: string | string[],
  options: PretrainingDatasetOptions = small,
): Promise<PretrainingDataset> {
  return new PretrainingDataset(files, await loadTokenizer(), options);
}

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
const guessed = ({ labels }: PretrainingExample): number =>
  labels.filter((label) => label !== -100).length;

/** Whether lists of examples are equal; `t.same` would compare hundreds of arrays for minutes. */
function same(t: Test, got: unknown[], expected: unknown[], name = 'the same examples'): void {
  t.ok(isDeepStrictEqual(got, expected), `${name} (${got.length} of ${expected.length})`);
}

function differ(t: Test, got: unknown[], other: unknown[], name = 'other examples'): void {
  t.notOk(isDeepStrictEqual(got, other), name);
}

t.test('examples are sound, and masked as often as asked for', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(40, 12) });
  for (const options of [{}, { random_next_sentence: true }, { independent_mask: true }]) {
    const examples = await take(await dataset(files, { ...small, ...options }));
    t.ok(examples.length > 200, `${examples.length} examples`);
    t.same(examples.map((one) => faultOf(one, 48)).filter(Boolean), []);
    const share = sum(examples.map(guessed)) / sum(examples.map((one) => one.labels.length));
    t.ok(Math.abs(share - 0.15) < 0.02, `${share} of the tokens`);
    const swapped = sum(examples.map((one) => one.sentence_order_label ?? 0)) / examples.length;
    t.ok(Math.abs(swapped - 0.5) < 0.12, `${swapped} of the pairs`);
    const replaced = examples.flatMap(({ labels, input_ids }) =>
      labels.flatMap((label, i) => (label === -100 ? [] : [[label, input_ids[i]]])),
    );
    const asMask = replaced.filter(([, id]) => id === 4).length / replaced.length;
    const kept = replaced.filter(([label, id]) => label === id).length / replaced.length;
    t.ok(Math.abs(asMask - 0.8) < 0.05 && Math.abs(kept - 0.1) < 0.04, `${asMask}, ${kept}`);
  }
});

t.test('special tokens stand in for others only where they may', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(60, 12) });
  // Of the 29,999 pieces only the last few may: the share of the special ones can be seen.
  const strangers = async (random_tokens_from: number): Promise<number[]> => {
    const examples = await take(await dataset(files, { ...small, random_tokens_from }));
    return examples.flatMap(({ labels, input_ids }) =>
      input_ids.filter((id, i) => labels[i] !== -100 && labels[i] !== id && id !== 4),
    );
  };
  const last = await strangers(29990);
  t.ok(last.length > 50 && last.every((id) => id >= 29990), `${last.length} tokens`);
  const any = await strangers(0);
  t.ok(any.some((id) => id < 15000) && any.some((id) => id > 15000));
  const beyond = await dataset(files, { ...small, random_tokens_from: 30000 });
  await t.rejects(take(beyond), { name: 'RangeError', message: /an id of the 30000/ });
});

t.test('the same seed gives the same examples, in blocks of any size another order', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(30, 9), 'b.txt': plainText(20, 5) });
  const first = await take(await dataset(files));
  same(t, await take(await dataset(files)), first);
  differ(t, await take(await dataset(files, { ...small, seed: 8 })), first);
  const blocks = { ...small, shuffle_tokens: 200 };
  same(t, await take(await dataset(files, blocks)), await take(await dataset(files, blocks)));
  const passes = await take(await dataset(files, { ...small, short_seq_prob: 0 }));
  const half = passes.length / 2;
  t.ok(Number.isInteger(half), 'both passes have as many examples');
  differ(t, passes.slice(half), passes.slice(0, half), 'and each its own draws');
});

t.test('every position is restored exactly', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(12, 9), 'b.txt': plainText(9, 7) });
  const options = { ...small, shuffle_tokens: 300 };
  const all = await take(await dataset(files, options));
  t.ok(all.length > 60, `${all.length} examples`);
  for (const consumed of [0, 1, 13, 14, 40, all.length - 1, all.length]) {
    const first = await dataset(files, options);
    await take(first, consumed);
    const state: unknown = JSON.parse(JSON.stringify(await first.state()));
    const second = await dataset(files, options);
    await second.restore(state as never);
    same(t, await take(second), all.slice(consumed), `behind ${consumed}`);
  }
});

t.test('a loop goes on where the last one was left, and begins anew behind the end', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(6, 6) });
  const all = await take(await dataset(files));
  const source = await dataset(files);
  same(t, await take(source, 5), all.slice(0, 5));
  same(t, await take(source), all.slice(5));
  same(t, await take(source, 3), all.slice(0, 3));
});

t.test('ranks share the documents, and held-out documents stay out', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(12, 4) });
  const plain = { max_seq_length: 64, dupe_factor: 1, masked_lm_prob: 0.001, short_seq_prob: 0 };
  const tokenizer = await loadTokenizer();
  const documentsOf = async (options: PretrainingDatasetOptions): Promise<number[]> => {
    const examples = await take(await dataset(files, { ...plain, ...options }));
    const texts = examples.map(({ input_ids, labels }) =>
      tokenizer.decode(input_ids.map((id, i) => (labels[i] === -100 ? id : (labels[i] ?? id)))),
    );
    const numbers = texts.flatMap((text) => [...text.matchAll(/(\d+) and \d+\./g)]);
    return [...new Set(numbers.map(([, document]) => Number(document)))].sort((a, b) => a - b);
  };
  t.same(await documentsOf({}), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  t.same(await documentsOf({ rank: 0, world_size: 3 }), [0, 3, 6, 9]);
  t.same(await documentsOf({ rank: 2, world_size: 3 }), [2, 5, 8, 11]);
  t.same(await documentsOf({ hold_out_every: 4 }), [1, 2, 3, 5, 6, 7, 9, 10, 11]);
  t.same(await documentsOf({ hold_out_every: 4, held_out: true }), [0, 4, 8]);
});

t.test('text, WikiExtractor files and JSON lines give the same examples', async (t) => {
  const text = plainText(8, 6);
  const documents = text.split('\n\n');
  const wiki = documents.map((one, i) => `<doc id="${i}">\nTitle ${i}\n\n${one}\n\n</doc>`);
  const json = documents.map((one) => JSON.stringify({ body: one, other: 1 }));
  const [plain, crlf, marked, lines] = corpus(t, {
    'plain.txt': text,
    'crlf.txt': `\ufeff${text.replaceAll('\n', '\r\n')}\r\n`,
    'wiki_00': wiki.join('\n'),
    'lines.jsonl': `${json.join('\n')}\n`,
  }) as [string, string, string, string];
  const expected = await take(await dataset(plain));
  same(t, await take(await dataset(crlf)), expected);
  same(t, await take(await dataset(marked, { ...small, skip_first_line: true })), expected);
  same(t, await take(await dataset(lines, { ...small, text_field: 'body' })), expected);
});

t.test('sentences, single segments and the end of a document', async (t) => {
  const paragraph = plainText(1, 30).replaceAll('\n', ' ');
  const files = corpus(t, { 'a.txt': `${paragraph}\n\n${paragraph}`, 'b.txt': plainText(3, 1) });
  const one = { ...small, dupe_factor: 1 };
  const split = await take(await dataset(files[0]!, { ...one, split_sentences: true }));
  t.ok(split.length > 10, `${split.length} examples of sentences`);
  t.equal((await take(await dataset(files[0]!, one))).length, 2, 'one of each paragraph');
  await expectError(
    t,
    async () => take(await dataset(files[0]!, { ...one, skip_single_segments: true })),
    'RangeError',
    /split_sentences/,
  );
  const joined = { ...one, blank_line_ends_document: false, max_seq_length: 24 };
  const [whole] = await take(await dataset(files[1]!, joined));
  t.equal(whole && faultOf(whole, 24), undefined, 'blank lines may be no more than that');
});

t.test('without an order to tell, examples have no order label', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(6, 6) });
  const examples = await take(await dataset(files, { ...small, sentence_order: false }));
  t.ok(examples.length > 10);
  t.notOk(examples.some((example) => 'sentence_order_label' in example));
});

t.test('words stay whole, unless the example begins or ends inside', async (t) => {
  const files = corpus(t, { 'a.txt': plainText(30, 10).replaceAll('bridge', 'quartermastership') });
  const examples = await take(await dataset(files, { ...small, ngram: 1 }));
  const cut = examples.filter(({ input_ids: ids, labels, token_boundary: boundary }) =>
    labels.some((label, i) => {
      const inside = boundary[i] === 0 && ids[i - 1] !== 2 && ids[i - 1] !== 3;
      return inside && (label === -100) !== (labels[i - 1] === -100);
    }),
  );
  t.same(cut, [], `words of ${examples.length} examples`);
});
