// SQuAD against ALBERT's original code: features, answers, scores and thresholds of real questions.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { AlbertTokenizer } from '../../dist/index.js';
import {
  bestAnswers,
  spansOfBeams,
  spansOfLogits,
  type NbestAnswer,
  type ScoredSpan,
} from '../../dist/training/tasks/squad/decode.js';
import {
  answerMask,
  featuresOf,
  targetOf,
  type SquadFeature,
  type SquadSizes,
} from '../../dist/training/tasks/squad/features.js';
import { readSquad, type SquadQuestion } from '../../dist/training/tasks/squad/questions.js';
import { collectV1, collectV2 } from '../../dist/training/tasks/squad/results.js';
import { take } from '../support/pretraining';
import { folder } from './folder.cjs';

t.setTimeout(120_000);

interface Feature {
  example_index: number | null;
  tok_start_to_orig_index: number[];
  tok_end_to_orig_index: number[];
  token_is_max_context: Record<string, boolean>;
  input_ids: number[];
  segment_ids: number[];
  p_mask: number[];
  paragraph_len: number;
  start_position: number | null;
  end_position: number | null;
  is_impossible: boolean;
}

type Nbest = Record<string, NbestAnswer[]>;

interface Golden {
  config: SquadSizes;
  train_features: Feature[];
  dev_features: Feature[] | null;
  v1: {
    results: { start_log_prob: number[]; end_log_prob: number[] }[];
    predictions: Record<string, string>;
    nbest: Nbest;
    metrics_on_answerable: Record<string, number>;
  } | null;
  v2: {
    results: {
      start_top_log_probs: number[];
      start_top_index: number[];
      end_top_log_probs: number[];
      end_top_index: number[];
      cls_logits: number;
    }[];
    final_predictions: Record<string, string>;
    null_odds: Record<string, number>;
    nbest: Nbest;
    metrics: Record<string, number>;
  } | null;
}

const file = path.join(folder, 'golden/squad_features.json');
const { configs } = JSON.parse(readFileSync(file, 'utf8')) as { configs: Golden[] };
const decoding = { n_best_size: 20, max_answer_length: 30 };

async function load(sizes: SquadSizes): Promise<[SquadQuestion[], SquadFeature[]]> {
  const vocabulary = path.join(folder, 'spiece.model');
  const tokenizer = await AlbertTokenizer.from_pretrained(vocabulary, { google_rules: true });
  const questions = await take(readSquad(path.join(folder, 'squad-sample/sample-v2.0.json')));
  return [questions, featuresOf(tokenizer, questions, sizes)];
}

function compare(t: Test, feature: SquadFeature, golden: Feature, question: SquadQuestion): void {
  const length = golden.paragraph_len;
  const { paragraph, first, count, offset } = feature;
  t.same(feature.input_ids, golden.input_ids.slice(0, length));
  t.same(feature.token_type_ids, golden.segment_ids.slice(0, length));
  t.same(answerMask(feature), golden.p_mask.slice(0, length));
  t.same(paragraph.starts.slice(first, first + count), golden.tok_start_to_orig_index);
  t.same(paragraph.ends.slice(first, first + count), golden.tok_end_to_orig_index);
  const most = feature.isMaxContext.map((is, i) => [String(i + offset), is]);
  t.same(Object.fromEntries(most), golden.token_is_max_context);
  if (golden.start_position === null) return;
  const { start_position, end_position, is_impossible } = golden;
  t.same(targetOf(feature, question), { start_position, end_position, is_impossible });
}

for (const golden of configs) {
  const { max_seq_length, doc_stride, max_query_length } = golden.config;
  const name = `windows of ${max_seq_length}, ${doc_stride} apart, queries of ${max_query_length}`;
  t.test(name, async (t) => {
    const [questions, features] = await load(golden.config);
    t.equal(questions.length, 14);
    t.equal(features.length, golden.train_features.length);
    features.forEach((feature, i) => {
      const question = questions[feature.question]!;
      compare(t, feature, golden.train_features[i]!, question);
      const dev = golden.dev_features?.[i];
      if (!dev) return;
      compare(t, feature, dev, question);
      t.equal(feature.question, dev.example_index);
    });
  });
}

/** The best answers of each question, from what a model said of each window. */
function answersOf(
  questions: readonly SquadQuestion[],
  features: readonly SquadFeature[],
  spans: (window: SquadFeature, index: number) => ScoredSpan[],
  nothing: Omit<NbestAnswer, 'probability'>,
): NbestAnswer[][] {
  const found = features.map((window, i) => ({ window, spans: spans(window, i) }));
  return questions.map((_, q) =>
    bestAnswers(
      found.filter(({ window }) => window.question === q),
      20,
      nothing,
    ),
  );
}

function compareNbest(t: Test, got: NbestAnswer[], expected: NbestAnswer[]): void {
  const plain = (list: NbestAnswer[]) => list.map(({ probability: _, ...rest }) => rest);
  t.same(plain(got), plain(expected));
  const worst = expected.map(({ probability }, i) => Math.abs(probability - got[i]!.probability));
  t.ok(Math.max(...worst) < 1e-12);
}

t.test('SQuAD 1.1: answers and scores', async (t) => {
  const { config, v1 } = configs[0]!;
  const [questions, features] = await load(config);
  const answers = answersOf(
    questions,
    features,
    (window, i) => {
      const { start_log_prob, end_log_prob } = v1!.results[i]!;
      return spansOfLogits(window, start_log_prob, end_log_prob, decoding);
    },
    { text: 'empty', start_log_prob: 0, end_log_prob: 0 },
  );
  const [all, answerable] = [collectV1(), collectV1()];
  questions.forEach((question, q) => {
    const prediction = { answers: answers[q]! };
    compareNbest(t, prediction.answers, v1!.nbest[question.id]!);
    all.add(question, prediction);
    if (question.answers!.length > 0) answerable.add(question, prediction);
  });
  t.same(JSON.parse(all.files()['predictions.json']!), v1!.predictions);
  t.same(answerable.scores(), v1!.metrics_on_answerable);
});

t.test('SQuAD 2.0: answers, threshold and scores', async (t) => {
  const { config, v2 } = configs[0]!;
  const [questions, features] = await load(config);
  const answers = answersOf(
    questions,
    features,
    (window, i) => {
      const result = v2!.results[i]!;
      const beams = {
        startScores: result.start_top_log_probs,
        startColumns: result.start_top_index,
        endScores: result.end_top_log_probs,
        endColumns: result.end_top_index,
      };
      return spansOfBeams(window, beams, decoding);
    },
    { text: '', start_log_prob: -1e6, end_log_prob: -1e6 },
  );
  const collector = collectV2({ threshold: undefined, logitsAsProbabilities: true });
  questions.forEach((question, q) => {
    compareNbest(t, answers[q]!, v2!.nbest[question.id]!);
    const logits = v2!.results.filter((_, i) => features[i]!.question === q);
    const noAnswer = Math.min(...logits.map(({ cls_logits }) => cls_logits));
    collector.add(question, { answers: answers[q]!, noAnswer });
  });
  const files = collector.files();
  t.same(JSON.parse(files['predictions.json']!), v2!.final_predictions);
  t.same(JSON.parse(files['null_odds.json']!), v2!.null_odds);
  const scores = collector.scores();
  const named = Object.keys(v2!.metrics).map((key) => [key, scores[key]]);
  t.same(Object.fromEntries(named), v2!.metrics);
});
