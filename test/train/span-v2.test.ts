// Gradients of the SQuAD 2.0 head: the golden file's, an independent head's, and the engine's.
import t from 'tap';
import { AlbertModel } from '../../dist/index.js';
import { fixtures, goldenConfig, readGolden, readJson } from '../support/golden';
import { gradientError, gradientsOf, packRows, valuesOf } from '../support/gradients';
import { drawParameters, writeParameters, type Parameters } from '../support/parameters';
import * as head from '../support/span-v2-head';
import { flatten, relativeError } from '../support/tensors';

/** The slope of a loss along one element, by five points. */
function slope(loss: () => number, values: number[], index: number): number {
  const [center, step] = [Number(values[index]), 1e-3];
  const at = (offset: number): number => {
    values[index] = center + offset;
    return loss();
  };
  const result = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
  values[index] = center;
  return result;
}

const slopes = (loss: () => number, rows: number[][]): number[][] =>
  rows.map((row) => row.map((_, i) => slope(loss, row, i)));

/** Every parameter of the head under its name in Hugging Face's style, as rows. */
function rowsByName(w: head.SpanV2Weights): Record<string, number[][]> {
  return {
    'start_logits.dense.weight': w.start.weight,
    'start_logits.dense.bias': [w.start.bias],
    'end_logits.dense_0.weight': w.endHidden.weight,
    'end_logits.dense_0.bias': [w.endHidden.bias],
    'end_logits.LayerNorm.weight': [w.endNorm.weight],
    'end_logits.LayerNorm.bias': [w.endNorm.bias],
    'end_logits.dense_1.weight': w.end.weight,
    'end_logits.dense_1.bias': [w.end.bias],
    'answer_class.dense_0.weight': w.answerHidden.weight,
    'answer_class.dense_0.bias': [w.answerHidden.bias],
    'answer_class.dense_1.weight': w.answer.weight,
  };
}

/** TensorFlow's name, and whether its matrix is (inputs × outputs). */
function googleName(name: string): string {
  const path = name.replaceAll('.', '/');
  if (path.includes('LayerNorm')) return path.replace(/weight$/, 'gamma').replace(/bias$/, 'beta');
  return path.replace(/weight$/, 'kernel');
}

const transposed = (rows: number[][]): number[][] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => Number(row[column])));

t.test('the golden gradients are those of the independent head', async (t) => {
  const { weights, sequence_output, p_mask, train } = readJson<head.GoldenHead>(
    fixtures,
    'golden/squad_v2_head.json',
  );
  const w = head.fromGolden(weights);
  const rows = sequence_output.map((hidden, b) => ({ hidden, mask: p_mask[b] ?? [] }));
  const loss = (): number =>
    head.totalLoss(
      rows.map((row, b) =>
        head.losses(w, row, {
          start: Number(train.start_positions[b]),
          end: Number(train.end_positions[b]),
          impossible: Number(train.is_impossible[b]),
        }),
      ),
    );
  const near = (actual: number[], name: string): void => {
    const { compared, worst } = relativeError(actual, flatten(train.grads[name] ?? []));
    t.ok(compared > 0 && worst <= 1e-9, `${name}: ${compared} values, error ${worst}`);
  };
  for (const [name, matrix] of Object.entries(rowsByName(w))) {
    const google = googleName(name);
    const gradient = slopes(loss, matrix);
    near((google.endsWith('kernel') ? transposed(gradient) : gradient).flat(), google);
  }
  near(sequence_output.flatMap((row) => slopes(loss, row).flat()), 'sequence_output');
});

/** The head's part of drawn parameters, as the independent head reads it. */
function headOf(parameters: Parameters): head.SpanV2Weights {
  const rows = (name: string): number[][] => {
    const { dims, data } = parameters.get(name)!;
    const columns = Number(dims.at(-1));
    return Array.from({ length: data.length / columns }, (_, r) => [
      ...data.subarray(r * columns, (r + 1) * columns),
    ]);
  };
  const dense = (name: string) => ({
    weight: rows(`${name}.weight`),
    bias: rows(`${name}.bias`)[0]!,
  });
  const norm = (field: string): number[] => rows(`end_logits.LayerNorm.${field}`)[0]!;
  return {
    start: dense('start_logits.dense'),
    endHidden: dense('end_logits.dense_0'),
    endNorm: { weight: norm('weight'), bias: norm('bias') },
    end: dense('end_logits.dense_1'),
    answerHidden: dense('answer_class.dense_0'),
    answer: { weight: rows('answer_class.dense_1.weight') },
  };
}

t.test("the engine's gradients are those of the independent head", async (t) => {
  const config = goldenConfig('tiny_gelu_new_g1');
  const parameters = await drawParameters('question_answering_v2', config, 21);
  const directory = writeParameters(t.testdir({}), parameters, config);
  const { input_ids, token_type_ids, attention_mask } = readGolden('tiny_gelu_new_g1');
  const inputs = { input_ids, token_type_ids, attention_mask };
  const encoder = await AlbertModel.from_pretrained(directory, { device: 'reference' });
  const { last_hidden_state } = await encoder(inputs, { output_dtype: 'float64' });
  const masks = [
    [0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1],
    [0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1],
  ];
  const hidden = last_hidden_state.tolist() as number[][][];
  const rows = hidden.map((all, b) => ({ hidden: all, mask: masks[b] ?? [] }));
  const w = headOf(parameters);
  const gold = [
    { start: 3, end: 5, impossible: 0 },
    { start: 0, end: 0, impossible: 1 },
  ];
  const loss = (): number => head.totalLoss(rows.map((row, b) => head.losses(w, row, gold[b]!)));

  const { request } = packRows(inputs);
  const candidates = {
    head_rows: Int32Array.of(0, 3, 4, 5, 6, 9, 12, 13, 14, 15),
    head_cu: Int32Array.of(0, 5, 10),
  };
  const labels = {
    start_positions: Int32Array.of(1, 0), // among the candidates
    end_positions: Int32Array.of(3, 0),
    is_impossible: Float32Array.of(0, 1),
  };
  const model = { directory, kind: 'question_answering_v2' } as const;
  const actual = await gradientsOf(model, { ...request, ...candidates }, labels);
  const cpu = { ...model, device: 'cpu' };
  const onCpu = await gradientsOf(cpu, { ...request, ...candidates }, labels);
  t.ok(Math.abs(actual.loss / loss() - 1) <= 1e-12, `loss ${actual.loss}`);
  t.ok(Math.abs(onCpu.loss / loss() - 1) <= 1e-6, `loss ${onCpu.loss} on the CPU`);
  for (const [name, matrix] of Object.entries(rowsByName(w))) {
    const data = actual.gradients[name]?.data ?? [];
    const expected = slopes(loss, matrix).flat();
    const { compared, worst } = relativeError(data, expected);
    t.ok(compared > 0 && worst <= 2e-9, `${name}: ${compared} values, error ${worst}`);
  }
  const { parameters: compared, worst, where } = gradientError(onCpu, valuesOf(actual));
  t.ok(compared > 30 && worst <= 2e-4, `the CPU: ${worst} (${where})`);
});
