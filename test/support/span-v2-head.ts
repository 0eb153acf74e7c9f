// Google's SQuAD 2.0 head in float64, written from its formulas: the oracle of the engine's own.

import type { Nested } from './tensors';

/** Matrices as (outputs × inputs) rows. */
export interface SpanV2Weights {
  start: { weight: number[][]; bias: number[] };
  endHidden: { weight: number[][]; bias: number[] };
  endNorm: { weight: number[]; bias: number[] };
  end: { weight: number[][]; bias: number[] };
  answerHidden: { weight: number[][]; bias: number[] };
  answer: { weight: number[][] };
}

/** One sequence: hidden states and which positions cannot be an answer (1). */
export interface SpanV2Row {
  hidden: number[][];
  mask: number[];
}

export interface SpanV2Beams {
  start_top_log_probs: number[];
  start_top_index: number[];
  end_top_log_probs: number[];
  end_top_index: number[];
}

export interface SpanV2Gold {
  start: number;
  end: number;
  impossible: number;
}

const dot = (a: number[], b: number[]): number =>
  a.reduce((sum, x, i) => sum + x * Number(b[i]), 0);

const linear = (x: number[], weight: number[][], bias?: number[]): number[] =>
  weight.map((row, i) => dot(row, x) + (bias?.[i] ?? 0));

const logSoftmax = (values: number[]): number[] => {
  const most = Math.max(...values);
  const total = Math.log(values.reduce((sum, x) => sum + Math.exp(x - most), 0)) + most;
  return values.map((x) => x - total);
};

function layerNorm(x: number[], weight: number[], bias: number[]): number[] {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
  const scale = 1 / Math.sqrt(variance + 1e-12);
  return x.map((v, i) => (v - mean) * scale * Number(weight[i]) + Number(bias[i]));
}

/** Masked positions get a logit that no other can fall below. */
const masked = (logits: number[], mask: number[]): number[] =>
  logits.map((x, i) => x * (1 - Number(mask[i])) - 1e30 * Number(mask[i]));

export function startLogProbs({ start }: SpanV2Weights, { hidden, mask }: SpanV2Row): number[] {
  return logSoftmax(
    masked(
      hidden.map((x) => linear(x, start.weight, start.bias)[0] ?? 0),
      mask,
    ),
  );
}

/** The end's distribution for an answer that starts at `start`. */
export function endLogProbs(
  w: SpanV2Weights,
  { hidden, mask }: SpanV2Row,
  start: number,
): number[] {
  const logits = hidden.map((x) => {
    const inner = linear([...x, ...(hidden[start] ?? [])], w.endHidden.weight, w.endHidden.bias);
    const normed = layerNorm(inner.map(Math.tanh), w.endNorm.weight, w.endNorm.bias);
    return linear(normed, w.end.weight, w.end.bias)[0] ?? 0;
  });
  return logSoftmax(masked(logits, mask));
}

/** The higher, the less likely there is an answer. */
export function answerLogit(w: SpanV2Weights, row: SpanV2Row): number {
  const probabilities = startLogProbs(w, row).map(Math.exp);
  const first = row.hidden[0] ?? [];
  const feature = first.map((_, h) =>
    row.hidden.reduce((sum, x, s) => sum + Number(probabilities[s]) * Number(x[h]), 0),
  );
  const inner = linear([...feature, ...first], w.answerHidden.weight, w.answerHidden.bias);
  return linear(inner.map(Math.tanh), w.answer.weight)[0] ?? 0;
}

/** Positions of the largest values, best first, equal ones by position. */
function best(values: number[], count: number): number[] {
  const order = values.map((_, i) => i);
  return order.sort((a, b) => Number(values[b]) - Number(values[a]) || a - b).slice(0, count);
}

export function beams(w: SpanV2Weights, row: SpanV2Row, starts: number, ends: number): SpanV2Beams {
  const start = startLogProbs(w, row);
  const start_top_index = best(start, starts);
  const perStart = start_top_index.map((s) => endLogProbs(w, row, s));
  const ranked = perStart.map((values) => best(values, ends));
  return {
    start_top_index,
    start_top_log_probs: start_top_index.map((s) => Number(start[s])),
    end_top_index: ranked.flat(),
    end_top_log_probs: ranked.flatMap((order, k) => order.map((e) => Number(perStart[k]?.[e]))),
  };
}

/** Start, end and answerability loss of one sequence. */
export function losses(
  w: SpanV2Weights,
  row: SpanV2Row,
  { start, end, impossible }: SpanV2Gold,
): [number, number, number] {
  const x = answerLogit(w, row);
  return [
    -Number(startLogProbs(w, row)[start]),
    -Number(endLogProbs(w, row, start)[end]),
    Math.max(x, 0) - x * impossible + Math.log1p(Math.exp(-Math.abs(x))),
  ];
}

/** (start + end) / 2 + answerability / 2, averaged over the batch. */
export function totalLoss(rows: [number, number, number][]): number {
  const sum = rows.reduce((total, [s, e, a]) => total + 0.5 * (s + e) + 0.5 * a, 0);
  return sum / rows.length;
}

/** golden/squad_v2_head.json. */
export interface GoldenHead {
  weights: Record<string, number[][] | number[]>;
  sequence_output: number[][][];
  p_mask: number[][];
  train: {
    start_positions: number[];
    end_positions: number[];
    is_impossible: number[];
    start_loss: number;
    end_loss: number;
    answer_loss: number;
    total_loss: number;
    cls_logits: number[];
    /** By name, TensorFlow's shapes; and `sequence_output`. */
    grads: Record<string, Nested>;
  };
  infer: (Record<keyof SpanV2Beams, number[][]> & {
    start_n_top: number;
    end_n_top: number;
    cls_logits: number[];
  })[];
}

/** TensorFlow's kernels are (inputs × outputs). */
export function fromGolden(weights: GoldenHead['weights']): SpanV2Weights {
  const kernel = (name: string): number[][] => {
    const rows = weights[`${name}/kernel`] as number[][];
    return (rows[0] ?? []).map((_, o) => rows.map((row) => Number(row[o])));
  };
  const vector = (name: string): number[] => weights[name] as number[];
  const dense = (name: string) => ({ weight: kernel(name), bias: vector(`${name}/bias`) });
  return {
    start: dense('start_logits/dense'),
    endHidden: dense('end_logits/dense_0'),
    endNorm: {
      weight: vector('end_logits/LayerNorm/gamma'),
      bias: vector('end_logits/LayerNorm/beta'),
    },
    end: dense('end_logits/dense_1'),
    answerHidden: dense('answer_class/dense_0'),
    answer: { weight: kernel('answer_class/dense_1') },
  };
}
