// The last pass computes only the rows that heads read, to the same bits as among all rows.
import t from 'tap';
import {
  AlbertForMaskedLM,
  AlbertForPreTraining,
  AlbertForSequenceClassification,
} from '../../dist/index.js';

const config = {
  vocab_size: 40,
  embedding_size: 8,
  hidden_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 3,
  intermediate_size: 40,
  inner_group_num: 2,
  max_position_embeddings: 64,
};

/** Rows of different lengths, with a masked position in the middle of the second. */
const inputs = {
  input_ids: [[2, 7, 9, 3], Array.from({ length: 50 }, (_, i) => (i * 7) % 40), [5]],
  attention_mask: [[1, 1, 1, 1], Array.from({ length: 50 }, (_, i) => (i === 20 ? 0 : 1)), [1]],
};
const logits_positions = [[1, 3], [49, 0, 21], []];

for (const device of ['cpu', 'reference'] as const) {
  t.test(`masked LM on ${device}`, async (t) => {
    const model = await AlbertForMaskedLM.from_config(config, { seed: 3, device });
    const selected = await model(inputs, { logits_positions });
    const whole = await model(inputs, { logits_positions, output_hidden_states: true });
    t.same(selected.logits.dims, [3, 3, 40]);
    t.ok(selected.logits.data.some((x) => x !== 0));
    t.strictSame(selected.logits.data, whole.logits.data);
  });

  t.test(`pooled heads on ${device}`, async (t) => {
    const classifier = await AlbertForSequenceClassification.from_config(config, { device });
    const { logits } = await classifier(inputs);
    const whole = await classifier(inputs, { output_hidden_states: true });
    t.ok(logits.data.some((x) => x !== 0));
    t.strictSame(logits.data, whole.logits.data);

    const both = await AlbertForPreTraining.from_config(config, { seed: 3, device });
    const few = await both(inputs, { logits_positions });
    const all = await both(inputs, { output_hidden_states: true });
    t.strictSame(few.sop_logits.data, all.sop_logits.data);
    const row = (values: ArrayLike<number>, index: number) =>
      Array.from({ length: 40 }, (_, i) => values[index * 40 + i]);
    t.strictSame(
      row(few.prediction_logits.data, 1),
      row(all.prediction_logits.data, 3),
      'row 0, position 3',
    );
    t.strictSame(
      row(few.prediction_logits.data, 3 + 2),
      row(all.prediction_logits.data, 50 + 21),
      'row 1, position 21, behind the masked one',
    );
  });
}
