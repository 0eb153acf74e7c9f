// What each class returns: names in order, shapes, zeros past the end, losses by their formulas.
import t, { type Test } from 'tap';
import * as albert from '../../dist/index.js';
import { Tensor } from '../../dist/index.js';
import { relativeError } from '../support/tensors';

const config = {
  vocab_size: 60,
  embedding_size: 12,
  hidden_size: 24,
  num_attention_heads: 3,
  intermediate_size: 40,
  num_hidden_layers: 3,
  inner_group_num: 2,
  max_position_embeddings: 16,
  initializer_range: 0.5,
  num_labels: 4,
};
const [B, S, V, H, A] = [3, 6, 60, 24, 3];
const input_ids = [
  [2, 7, 3],
  [2, 9, 11, 13, 15, 3],
  [2, 8, 10, 3],
];
const token_type_ids = [
  [0, 0, 0],
  [0, 0, 0, 1, 1, 1],
  [0, 0, 1, 1],
];
const inputs = { input_ids, token_type_ids };
const exact = { device: 'reference', seed: 4 } as const;
const float64 = { output_dtype: 'float64' } as const;

const shapesOf = (outputs: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Tensor ? [...value.dims] : typeof value === 'number' ? 'number' : value,
    ]),
  );

type AnyClass = {
  from_config(
    config: object,
    options: object,
  ): Promise<(inputs: object, options?: object) => Promise<object>>;
};

const wanted: Record<string, { inputs?: object; shapes: Record<string, unknown> }> = {
  AlbertModel: { shapes: { last_hidden_state: [B, S, H], pooler_output: [B, H] } },
  AlbertForPreTraining: {
    inputs: {
      labels: [[-100, 7, -100], Array(6).fill(-100), [1, -100, -100, -100]],
      sentence_order_label: [0, 1, 1],
    },
    shapes: {
      prediction_logits: [B, S, V],
      sop_logits: [B, 2],
      mlm_loss: 'number',
      sop_loss: 'number',
      loss: 'number',
    },
  },
  AlbertForMaskedLM: { shapes: { logits: [B, S, V] } },
  AlbertForSequenceClassification: {
    inputs: { labels: [0, 3, 2] },
    shapes: { logits: [B, 4], loss: 'number' },
  },
  AlbertForTokenClassification: { shapes: { logits: [B, S, 4] } },
  AlbertForQuestionAnswering: {
    inputs: { start_positions: [1, 2, 1], end_positions: [1, 4, 2] },
    shapes: { start_logits: [B, S], end_logits: [B, S], loss: 'number' },
  },
  AlbertForQuestionAnsweringV2: {
    shapes: {
      start_top_log_probs: [B, 5],
      start_top_index: [B, 5],
      end_top_log_probs: [B, 25],
      end_top_index: [B, 25],
      cls_logits: [B],
    },
  },
};

for (const [name, { inputs: extra, shapes }] of Object.entries(wanted)) {
  t.test(`${name} returns its outputs in order`, async (t) => {
    const Model = (albert as unknown as Record<string, AnyClass>)[name] as AnyClass;
    for (const device of ['cpu', 'reference']) {
      const model = await Model.from_config(config, { device });
      const outputs = await model({ ...inputs, ...extra });
      t.same(shapesOf(outputs), shapes, device);
      t.same(Object.keys(outputs), Object.keys(shapes), `${device}: order`);
    }
  });
}

t.test('multiple choice returns [B, choices]', async (t) => {
  const model = await albert.AlbertForMultipleChoice.from_config(config);
  const rows = [input_ids, input_ids];
  const outputs = await model({ input_ids: rows, labels: [2, 0] });
  t.same(shapesOf(outputs), { logits: [2, 3], loss: 'number' });
  t.same(outputs.logits.data.subarray(0, 3), outputs.logits.data.subarray(3));
});

t.test('hidden states and attentions: one per pass, one per block, in order', async (t) => {
  const model = await albert.AlbertModel.from_config(config, { device: 'cpu' });
  const outputs = await model(inputs, { output_hidden_states: true, output_attentions: true });
  t.same(Object.keys(outputs), [
    'last_hidden_state',
    'pooler_output',
    'hidden_states',
    'attentions',
  ]);
  t.same(
    outputs.hidden_states?.map(({ dims }) => [...dims]),
    Array(4).fill([B, S, H]),
  );
  t.same(
    outputs.attentions?.map(({ dims }) => [...dims]),
    Array(6).fill([B, A, S, S]),
  );
  t.same(outputs.hidden_states?.at(-1)?.data, outputs.last_hidden_state.data);
  let rows = 0;
  for (const { data } of outputs.attentions ?? []) {
    for (let b = 0; b < B; ++b) {
      const length = input_ids[b]?.length ?? 0;
      for (let row = 0; row < A * S; ++row) {
        const at = (b * A * S + row) * S;
        const line = Array.from(data.subarray(at, at + S));
        const sum = line.reduce((total, x) => total + x, 0);
        if (row % S < length) {
          rows += Number(Math.abs(sum - 1) < 1e-5 && line.slice(length).every((x) => x === 0));
        } else {
          rows += Number(line.every((x) => x === 0));
        }
      }
    }
  }
  t.equal(rows, 6 * B * A * S, 'rows sum to 1 over real tokens; past the end all is 0');
  const { hidden_states } = await model(inputs, { output_hidden_states: true });
  t.same(
    hidden_states?.[2]?.data,
    outputs.hidden_states?.[2]?.data,
    'asking for less changes nothing',
  );
});

t.test('positions past the end of a row are 0', async (t) => {
  const model = await albert.AlbertForTokenClassification.from_config(config);
  const { logits } = await model(inputs);
  const rows = logits.tolist() as number[][][];
  rows.forEach((row, b) =>
    row.forEach((values, s) => {
      const inside = s < (input_ids[b]?.length ?? 0);
      t.equal(
        values.some((x) => x !== 0),
        inside,
        `row ${b}, column ${s}`,
      );
    }),
  );
});

t.test('tensors with int32 and int64 data equal lists', async (t) => {
  const model = await albert.AlbertModel.from_config(config);
  const ids = input_ids.flatMap((row) => [...row, ...Array<number>(S - row.length).fill(0)]);
  const mask = input_ids.flatMap((row) =>
    Array.from({ length: S }, (_, s) => Number(s < row.length)),
  );
  const expected = (await model({ input_ids })).last_hidden_state.data;
  const int32 = await model({
    input_ids: new Tensor('int32', ids, [B, S]),
    attention_mask: new Tensor('int32', mask, [B, S]),
  });
  const int64 = await model({
    input_ids: { data: BigInt64Array.from(ids, BigInt), dims: [B, S] },
    attention_mask: { data: BigInt64Array.from(mask, BigInt), dims: [B, S] },
  });
  t.same(int32.last_hidden_state.data, expected);
  t.same(int64.last_hidden_state.data, expected);
});

/** Checks a loss against its formula. */
function sameLoss(t: Test, loss: number | undefined, expected: number): void {
  const { compared, worst } = relativeError([Number(loss)], [expected]);
  t.ok(compared === 1 && worst <= 1e-9, `loss ${loss}, by the formula ${expected}`);
}

const mean = (values: number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const negativeLog = (logits: number[], label: number): number =>
  Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - Number(logits[label]);

t.test('losses of sequence classification', async (t) => {
  const Model = albert.AlbertForSequenceClassification;
  const model = await Model.from_config(config, exact);
  const { logits, loss } = await model({ ...inputs, labels: [0, 3, -100] }, float64);
  const rows = logits.tolist() as number[][];
  sameLoss(t, loss, mean([negativeLog(rows[0] ?? [], 0), negativeLog(rows[1] ?? [], 3)]));

  const targets = [
    [1, 0, 0.5, 1],
    [0, 0, 0, 1],
    [1, 1, 1, 0],
  ];
  const binary = rows.flatMap((row, b) =>
    row.map((x, c) => Math.log1p(Math.exp(x)) - x * Number(targets[b]?.[c])),
  );
  sameLoss(t, (await model({ ...inputs, labels: targets }, float64)).loss, mean(binary));

  const regression = await Model.from_config({ ...config, num_labels: 1 }, exact);
  const numbers = [0.5, -2, 7.25];
  const one = await regression({ ...inputs, labels: numbers }, float64);
  const squares = (one.logits.tolist() as number[][]).map((row, b) => {
    return (Number(row[0]) - Number(numbers[b])) ** 2;
  });
  sameLoss(t, one.loss, mean(squares));
});

t.test('losses of tokens, choices and spans', async (t) => {
  const token = await albert.AlbertForTokenClassification.from_config(config, exact);
  const labels = [
    [1, -100, 2],
    [-100, -100, 3, 0, -100, -100],
    [-100, -100, -100, -100],
  ];
  const tokens = await token({ ...inputs, labels }, float64);
  const rows = tokens.logits.tolist() as number[][][];
  const chosen = labels.flatMap((row, b) =>
    row.flatMap((label, s) => (label < 0 ? [] : [negativeLog(rows[b]?.[s] ?? [], label)])),
  );
  t.equal(chosen.length, 4);
  sameLoss(t, tokens.loss, mean(chosen));

  const choice = await albert.AlbertForMultipleChoice.from_config(config, exact);
  const choices = await choice({ input_ids: [input_ids, input_ids], labels: [1, 2] }, float64);
  const scores = choices.logits.tolist() as number[][];
  sameLoss(
    t,
    choices.loss,
    mean([negativeLog(scores[0] ?? [], 1), negativeLog(scores[1] ?? [], 2)]),
  );

  const span = await albert.AlbertForQuestionAnswering.from_config(config, exact);
  const positions = { start_positions: [1, 2, 9], end_positions: [2, -4, 3] };
  const spans = await span({ ...inputs, ...positions }, float64);
  const real = (tensor: Tensor): number[][] =>
    (tensor.tolist() as number[][]).map((row, b) => row.slice(0, input_ids[b]?.length));
  const [starts, ends] = [real(spans.start_logits), real(spans.end_logits)];
  // Row 2 starts past its end: ignored. A negative position counts as 0.
  const start = mean([negativeLog(starts[0] ?? [], 1), negativeLog(starts[1] ?? [], 2)]);
  const end = mean([2, 0, 3].map((position, b) => negativeLog(ends[b] ?? [], position)));
  sameLoss(t, spans.loss, (start + end) / 2);
});

t.test('next_sentence_label is sentence_order_label', async (t) => {
  const model = await albert.AlbertForPreTraining.from_config(config, exact);
  const a = await model({ ...inputs, sentence_order_label: [0, 1, 1] });
  const b = await model({ ...inputs, next_sentence_label: [0, 1, 1] });
  t.equal(a.loss, b.loss);
  t.equal(a.sop_loss, a.loss);
  t.equal(a.mlm_loss, undefined);
});
