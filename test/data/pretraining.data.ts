// Pretraining examples of real corpora: the recipe of the small checkpoint, on all of its text.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import {
  AlbertForPreTraining,
  AlbertTokenizer,
  PretrainingDataset,
  type PretrainingDatasetOptions,
  type PretrainingExample,
} from '../../dist/index.js';
import { faultOf, take } from '../support/pretraining';
import { folder } from './folder.cjs';

t.setTimeout(300_000);

const filesOf = (name: string): string[] =>
  readdirSync(path.join(folder, name))
    .sort()
    .map((file) => path.join(folder, name, file));

const articles = filesOf('corpus-wikipedia-featured');
const novels = filesOf('corpus-novels');

/** Sentences in pairs of 64 tokens, positions masked one by one: see ckpt-mini/make.py. */
const recipe: PretrainingDatasetOptions = {
  max_seq_length: 64,
  dupe_factor: 1,
  seed: 1,
  split_sentences: true,
  skip_single_segments: true,
  truncate_at_end: true,
  short_seq_prob: 0,
  independent_mask: true,
  random_tokens_from: 5,
  whole_word_mask: false,
  blank_line_ends_document: false,
  min_document_segments: 4,
  hold_out_every: 50,
};

async function open(
  files: string[],
  options: PretrainingDatasetOptions,
): Promise<PretrainingDataset> {
  const model = path.join(folder, 'spiece.model');
  const tokenizer = await AlbertTokenizer.from_pretrained(model, { keep_accents: true });
  return new PretrainingDataset(files, tokenizer, options);
}

t.test('the recipe of the small checkpoint on its corpus', async (t) => {
  const totals = { examples: 0, tokens: 0, guessed: 0, swapped: 0 };
  const faults: string[] = [];
  const count = (example: PretrainingExample): void => {
    const fault = faultOf(example, 64);
    if (fault) faults.push(fault);
    totals.examples += 1;
    totals.tokens += example.labels.length;
    totals.guessed += example.labels.filter((label) => label !== -100).length;
    totals.swapped += example.sentence_order_label ?? 0;
  };
  const before = process.memoryUsage().rss;
  for await (const example of await open(articles, { ...recipe, skip_first_line: true })) {
    count(example);
  }
  for await (const example of await open(novels, recipe)) count(example);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  t.same(faults.slice(0, 5), []);
  t.ok(totals.examples > 40_000, `${totals.examples} examples of ${totals.tokens} tokens`);
  t.ok(Math.abs(totals.swapped / totals.examples - 0.5) < 0.01, `${totals.swapped} swapped`);
  const share = totals.guessed / (totals.tokens - 3 * totals.examples);
  t.ok(Math.abs(share - 0.15) < 0.002, `${share} of the pieces to be guessed`);
  t.ok(grown < 400, `${grown} MiB`);
});

t.test('n-grams of whole words, and a position in the middle', async (t) => {
  const options = { max_seq_length: 128, dupe_factor: 1, shuffle_tokens: 2 ** 17 };
  const files = articles.slice(0, 2);
  const all = await take(await open(files, options));
  t.same(all.map((one) => faultOf(one, 128)).filter(Boolean), []);
  const first = await open(files, options);
  await take(first, Math.floor(all.length * 0.7));
  const second = await open(files, options);
  await second.restore(await first.state());
  const rest = await take(second);
  t.ok(isDeepStrictEqual(rest, all.slice(-rest.length)), `${rest.length} of ${all.length}`);
  t.equal(rest.length, all.length - Math.floor(all.length * 0.7));
});

t.test('the small checkpoint knows these examples for its own', async (t) => {
  await using model = await AlbertForPreTraining.from_pretrained(
    path.join(folder, 'ckpt-mini/pretrained'),
  );
  const dataset = await open(articles, { ...recipe, skip_first_line: true });
  const losses = { masked: 0, order: 0 };
  const batches = 10;
  for (let batch = 0; batch < batches; ++batch) {
    const examples = await take(dataset, 64);
    const inputs = {
      input_ids: examples.map(({ input_ids }) => input_ids),
      token_type_ids: examples.map(({ token_type_ids }) => token_type_ids),
      labels: examples.map(({ labels }) => labels),
      sentence_order_label: examples.map((example) => example.sentence_order_label ?? 0),
    };
    const { mlm_loss, sop_loss } = await model(inputs, {
      logits_positions: examples.map(({ labels }) =>
        [...labels.keys()].filter((i) => labels[i] !== -100),
      ),
    });
    losses.masked += (mlm_loss ?? NaN) / batches;
    losses.order += (sop_loss ?? NaN) / batches;
  }
  // Its training ended at 4.20 and 0.46, over articles and novels.
  t.ok(losses.masked < 4.6, `masked LM loss ${losses.masked}`);
  t.ok(losses.order < 0.5, `sentence-order loss ${losses.order}`);
});
