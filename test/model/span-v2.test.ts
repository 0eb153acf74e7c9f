// The SQuAD 2.0 head: an independent float64 version, tied to the golden file, judges the engine.
import t from 'tap';
import { AlbertForQuestionAnsweringV2, AlbertModel, type Tensor } from '../../dist/index.js';
import { forwardElsewhere, instructionSets, type PlainTensor } from '../support/forward';
import { fixtures, goldenNames, makeCheckpoint, readGolden, readJson } from '../support/golden';
import { float32Tensor, type Tensors } from '../support/safetensors';
import * as head from '../support/span-v2-head';
import { absoluteError, randomSource, relativeError } from '../support/tensors';

const beamNames = [
  'start_top_log_probs',
  'start_top_index',
  'end_top_log_probs',
  'end_top_index',
] as const;

const mean = (values: number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

t.test('the float64 version gives the golden beams and losses', async (t) => {
  const golden = readJson<head.GoldenHead>(fixtures, 'golden/squad_v2_head.json');
  const w = head.fromGolden(golden.weights);
  const rows = golden.sequence_output.map((hidden, b) => ({
    hidden,
    mask: golden.p_mask[b] ?? [],
  }));
  const { train } = golden;
  const all = rows.map((row, b) =>
    head.losses(w, row, {
      start: Number(train.start_positions[b]),
      end: Number(train.end_positions[b]),
      impossible: Number(train.is_impossible[b]),
    }),
  );
  const near = (actual: number[], expected: number[], what: string): void => {
    const { compared, worst } = relativeError(actual, expected);
    t.ok(compared > 0 && worst < 1e-9, `${what}: ${compared} values, error ${worst}`);
  };
  near(
    [0, 1, 2].map((part) => mean(all.map((row) => Number(row[part])))),
    [train.start_loss, train.end_loss, train.answer_loss],
    'losses',
  );
  near([head.totalLoss(all)], [train.total_loss], 'total');
  near(
    rows.map((row) => head.answerLogit(w, row)),
    train.cls_logits,
    'answerability',
  );
  t.ok(golden.infer.length > 0);
  for (const expected of golden.infer) {
    const { start_n_top, end_n_top } = expected;
    const got = rows.map((row) => head.beams(w, row, start_n_top, end_n_top));
    for (const name of beamNames) {
      near(
        got.flatMap((beam) => beam[name]),
        expected[name].flat(),
        name,
      );
    }
  }
});

/** Random head weights for hidden size H: as a file has them, and as the oracle reads them. */
function randomHead(H: number, seed: number): { tensors: Tensors; weights: head.SpanV2Weights } {
  const next = randomSource(seed);
  const tensors: Tensors = new Map();
  const draw = (name: string, shape: number[], center: number): number[] => {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Array.from({ length: count }, () => Math.fround(center + next() - 0.5));
    tensors.set(name, float32Tensor(shape, values));
    return values;
  };
  const matrix = (name: string, outputs: number, inputs: number): number[][] => {
    const flat = draw(`${name}.weight`, [outputs, inputs], 0);
    return Array.from({ length: outputs }, (_, o) => flat.slice(o * inputs, (o + 1) * inputs));
  };
  const dense = (name: string, outputs: number, inputs: number) => ({
    weight: matrix(name, outputs, inputs),
    bias: draw(`${name}.bias`, [outputs], 0),
  });
  const weights: head.SpanV2Weights = {
    start: dense('start_logits.dense', 1, H),
    endHidden: dense('end_logits.dense_0', H, 2 * H),
    endNorm: {
      weight: draw('end_logits.LayerNorm.weight', [H], 1),
      bias: draw('end_logits.LayerNorm.bias', [H], 0),
    },
    end: dense('end_logits.dense_1', 1, H),
    answerHidden: dense('answer_class.dense_0', H, 2 * H),
    answer: { weight: matrix('answer_class.dense_1', 1, H) },
  };
  return { tensors, weights };
}

const rowsOf = (tensor: Tensor): number[][][] => tensor.tolist() as number[][][];

for (const name of goldenNames) {
  t.test(`${name} with random heads`, async (t) => {
    const { input_ids, attention_mask, token_type_ids } = readGolden(name);
    const { tensors, weights } = randomHead(16, 7);
    const path = makeCheckpoint(t.testdir({}), name, {
      tensors: (golden) => new Map([...golden, ...tensors]),
    });
    const exact = { device: 'reference' } as const;
    const inputs = { input_ids, attention_mask, token_type_ids };
    const encoder = await AlbertModel.from_pretrained(path, exact);
    const { last_hidden_state } = await encoder(inputs, { output_dtype: 'float64' });
    // The masked end of the first row takes no part, as if it could not be an answer.
    const p_mask = [
      [0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0],
      [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1],
    ];
    const rows = rowsOf(last_hidden_state).map((hidden, b) => ({
      hidden,
      mask: (p_mask[b] ?? []).map((m, s) => (attention_mask[b]?.[s] === 1 ? m : 1)),
    }));
    const gold = { start_positions: [3, 0], end_positions: [6, 0], is_impossible: [0, 1] };
    const all = rows.map((row, b) =>
      head.losses(weights, row, {
        start: Number(gold.start_positions[b]),
        end: Number(gold.end_positions[b]),
        impossible: Number(gold.is_impossible[b]),
      }),
    );
    const got = rows.map((row) => head.beams(weights, row, 4, 3));
    const expected = {
      ...Object.fromEntries(beamNames.map((key) => [key, got.flatMap((beam) => beam[key])])),
      cls_logits: rows.map((row) => head.answerLogit(weights, row)),
      loss: [head.totalLoss(all)],
    } as Record<string, number[]>;

    const options = { start_n_top: 4, end_n_top: 3 };
    const labelled = { ...inputs, p_mask, ...gold };
    const model = await AlbertForQuestionAnsweringV2.from_pretrained(path, exact);
    const outputs = await model(labelled, { ...options, output_dtype: 'float64' });
    t.same(outputs.start_top_index.dims, [2, 4]);
    t.same(outputs.end_top_index.dims, [2, 12]);
    for (const [key, values] of Object.entries(expected)) {
      const output = outputs[key as 'cls_logits'] as Tensor | number;
      const data = typeof output === 'number' ? [output] : (output.data as Float64Array);
      const { compared, worst } = relativeError(data, values);
      t.ok(compared > 0 && worst <= 1e-9, `reference ${key}: ${compared}, error ${worst}`);
    }
    for (const set of instructionSets) {
      const job = { model: 'AlbertForQuestionAnsweringV2', path, inputs: labelled, options };
      const env = { ALBERT_CPU_ISA: set };
      const child = await forwardElsewhere([{ ...job, load: { device: 'cpu' } }], { env });
      t.equal(child.instruction_set, set);
      for (const [key, values] of Object.entries(expected)) {
        const output = child.results[0]?.[key] as PlainTensor | number;
        const data = typeof output === 'number' ? [output] : output.data;
        const { compared, worst } = absoluteError(data, values);
        t.ok(compared > 0 && worst <= 2e-5, `${set} ${key}: ${compared}, error ${worst}`);
      }
    }
  });
}

t.test('beams beyond the candidates are impossible and point at column 0', async (t) => {
  const { tensors } = randomHead(16, 8);
  const path = makeCheckpoint(t.testdir({}), 'tiny_gelu_new_g1', {
    tensors: (golden) => new Map([...golden, ...tensors]),
  });
  const model = await AlbertForQuestionAnsweringV2.from_pretrained(path);
  const inputs = { input_ids: [[2, 7, 9, 3]], p_mask: [[0, 1, 0, 1]] };
  const outputs = await model(inputs, { start_n_top: 3, end_n_top: 3 });
  t.same([...outputs.start_top_index.data].slice(0, 2).sort(), [0, 2]);
  t.same(outputs.start_top_index.data[2], 0);
  t.equal(outputs.start_top_log_probs.data[2], Math.fround(-1e30));
  const ends = [...outputs.end_top_log_probs.data];
  t.ok(
    ends.slice(0, 2).every((x) => x <= 0 && x > -100),
    'two ends of the first start',
  );
  t.ok(
    [2, 5, 6, 7, 8].every((i) => ends[i] === Math.fround(-1e30)),
    'no third one',
  );
});
