// Whole models in float64, dropout and all: gradients against differences of the loss.
import t, { type Test } from 'tap';
import type { ModelKind, NativeForwardRequest, NativeLabels } from '../../dist/native.js';
import { goldenConfig, goldenNames, readGolden } from '../support/golden';
import { globalNorm, gradientsOf, packRows } from '../support/gradients';
import { drawParameters, writeParameters, type Parameters } from '../support/parameters';
import { randomSource } from '../support/tensors';

const rows = readGolden('tiny_gelu_new_g1');
const { request, select } = packRows(rows);
const tokens = request.tokens.length;
const every = (count: number, value: (i: number) => number) =>
  Int32Array.from({ length: count }, (_, i) => value(i));

interface Case {
  kind: ModelKind;
  what: string;
  labels: NativeLabels;
  request?: Partial<NativeForwardRequest>;
}

const words = { labels: select(rows.mlm_labels) };
const spans = { start_positions: Int32Array.of(3, 0), end_positions: Int32Array.of(6, 2) };
const cases: Case[] = [
  {
    kind: 'pretraining',
    what: 'both heads',
    labels: { ...words, sentence_order: Int32Array.of(1, 0) },
  },
  { kind: 'masked_lm', what: 'masked tokens', labels: words },
  { kind: 'sequence_classification', what: 'classes', labels: { labels: Int32Array.of(2, 0) } },
  {
    kind: 'sequence_classification',
    what: 'several labels',
    labels: {
      labels: Float32Array.of(1, 0, 1, 0, 1, 0),
      problem_type: 'multi_label_classification',
    },
  },
  {
    kind: 'sequence_classification',
    what: 'regression',
    labels: { labels: Float32Array.of(1, -2, 0.5, 0, 3, 1), problem_type: 'regression' },
  },
  {
    kind: 'token_classification',
    what: 'some tokens ignored',
    labels: { labels: every(tokens, (i) => (i % 4 === 1 ? -100 : i % 3)) },
  },
  {
    kind: 'multiple_choice',
    what: 'two choices',
    labels: { labels: Int32Array.of(1) },
    request: { choices: 2 },
  },
  { kind: 'question_answering', what: 'spans', labels: spans },
  {
    kind: 'question_answering_v2',
    what: 'candidates',
    labels: {
      start_positions: Int32Array.of(2, 0),
      end_positions: Int32Array.of(4, 0),
      is_impossible: Float32Array.of(0, 1),
    },
    request: {
      head_rows: Int32Array.of(0, 3, 4, 5, 6, 9, 12, 13, 14),
      head_cu: Int32Array.of(0, 5, 9),
    },
  },
];

/** Two elements of every parameter, and what the loss says of them. */
async function worstError(
  parameters: Parameters,
  gradients: Record<string, { data: ArrayLike<number> }>,
  floor: number,
  loss: () => Promise<number>,
): Promise<{ compared: number; worst: number; where: string }> {
  const next = randomSource(3);
  let [compared, worst, where] = [0, 0, 'nowhere'];
  for (const [name, { data }] of parameters) {
    for (let sample = 0; sample < 2; ++sample) {
      const index = Math.floor(next() * data.length);
      const center = Number(data[index]);
      const at = async (offset: number): Promise<number> => {
        data[index] = center + offset;
        return loss();
      };
      const step = 1e-5;
      const slope = ((await at(step)) - (await at(-step))) / (2 * step);
      data[index] = center;
      const expected = Number(gradients[name]?.data[index]);
      const error = Math.abs(slope - expected) / Math.max(Math.abs(expected), floor);
      if (!(error <= worst)) [worst, where] = [Number.isNaN(error) ? Infinity : error, name];
      ++compared;
    }
  }
  return { compared, worst, where };
}

async function compare(t: Test, golden: string, one: Case): Promise<void> {
  const { kind, labels, request: extra } = one;
  const config = {
    ...goldenConfig(golden),
    num_labels: 3,
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.15,
    classifier_dropout_prob: 0.2,
  };
  const parameters = await drawParameters(kind, config, 11);
  const directory = t.testdir({});
  const options = { dropout: true, dialect: 'google', seed: 5, update: 9 } as const;
  const run = () => {
    writeParameters(directory, parameters, config);
    return gradientsOf({ directory, kind }, { ...request, ...extra }, labels, options);
  };
  const result = await run();
  const floor = 1e-3 * globalNorm(result);
  const loss = async () => (await run()).loss;
  const found = await worstError(parameters, result.gradients, floor, loss);
  const told = `${found.compared} elements, worst ${found.worst} (${found.where})`;
  t.ok(found.compared === 2 * parameters.size && found.worst <= 1e-6, told);
}

for (const one of cases) {
  t.test(`${one.kind}, ${one.what}`, (t) => compare(t, 'tiny_gelu_new_g1', one));
}

for (const golden of goldenNames.slice(1)) {
  t.test(`pretraining, ${golden}`, (t) => compare(t, golden, cases[0]!));
}
