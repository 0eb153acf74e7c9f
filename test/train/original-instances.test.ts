// The original script's instances, draw for draw: every one of the golden file's three runs.
import path from 'node:path';
import t from 'tap';
import {
  AlbertTokenizer,
  PretrainingDataset,
  type PretrainingExample,
} from '../../dist/index.js';
import { fixtures, readJson } from '../support/golden';
import { take } from '../support/pretraining';
import { spiece } from '../support/spiece';

interface Run {
  config: {
    max_seq_length: number;
    max_predictions_per_seq: number;
    dupe_factor: number;
    ngram: number;
    favor_shorter_ngram: boolean;
    random_next_sentence: boolean;
    do_permutation: boolean;
    do_whole_word_mask: boolean;
    np_seed: number;
    masked_lm_prob: number;
    short_seq_prob: number;
    random_seed: number;
  };
  instances: {
    input_ids: number[];
    segment_ids: number[];
    is_random_next: boolean;
    token_boundary: number[];
    masked_lm_positions: number[];
    masked_lm_ids: number[];
  }[];
}

const { runs } = readJson<{ runs: Run[] }>(fixtures, 'golden/pretraining_instances.json');

const open = async ({ config }: Run): Promise<PretrainingDataset> =>
  new PretrainingDataset(
    path.join(fixtures, 'sample_text.txt'),
    await AlbertTokenizer.from_pretrained(spiece, { google_rules: true }),
    {
      original: true,
      max_seq_length: config.max_seq_length,
      max_predictions_per_seq: config.max_predictions_per_seq,
      dupe_factor: config.dupe_factor,
      ngram: config.ngram,
      favor_longer_ngram: !config.favor_shorter_ngram,
      random_next_sentence: config.random_next_sentence,
      permutation: config.do_permutation,
      whole_word_mask: config.do_whole_word_mask,
      original_ngram_seed: config.np_seed,
      masked_lm_prob: config.masked_lm_prob,
      short_seq_prob: config.short_seq_prob,
      seed: config.random_seed,
    },
  );

const masked = ({ labels }: PretrainingExample): number[] =>
  [...labels.keys()].filter((i) => labels[i] !== -100);

for (const [index, run] of runs.entries()) {
  t.test(`run ${index}: ${run.instances.length} instances`, async (t) => {
    const examples = await take(await open(run));
    t.same(
      examples.map((example) => ({
        input_ids: example.input_ids,
        segment_ids: example.token_type_ids,
        is_random_next: example.sentence_order_label === 1,
        token_boundary: example.token_boundary,
        masked_lm_positions: masked(example),
        masked_lm_ids: masked(example).map((i) => example.labels[i]),
      })),
      run.instances.map((instance) => ({
        input_ids: instance.input_ids,
        segment_ids: instance.segment_ids,
        is_random_next: instance.is_random_next,
        token_boundary: instance.token_boundary,
        masked_lm_positions: instance.masked_lm_positions,
        masked_lm_ids: instance.masked_lm_ids,
      })),
    );
  });
}

t.test('a position inside the original instances is restored', async (t) => {
  const [run] = runs as [Run];
  const all = await take(await open(run));
  const first = await open(run);
  await take(first, 17);
  const second = await open(run);
  await second.restore(await first.state());
  t.same(await take(second), all.slice(17));
});
