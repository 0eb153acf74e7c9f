// What changes speed and memory changes no gradient: recomputation, selection, packing, repetition.
import t from 'tap';
import type { NativeGradients, NativeGradientOptions } from '../../dist/native.js';
import { goldenConfig, goldenDirectory, goldenNames, readGolden } from '../support/golden';
import { gradientError, gradientsOf, packRows } from '../support/gradients';
import { bits } from '../support/tensors';

const dropout = {
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  classifier_dropout_prob: 0.1,
};
const drawn: NativeGradientOptions = { dropout: true, seed: 3, update: 17 };

/** Pretraining gradients of rows of a golden batch. */
async function pretrain(
  name: string,
  options: NativeGradientOptions,
  chosen: number[] = [0, 1],
): Promise<NativeGradients> {
  const golden = readGolden(name);
  const pick = <T>(all: T[]): T[] => chosen.map((b) => all[b]!);
  const { request, select } = packRows({
    input_ids: pick(golden.input_ids),
    token_type_ids: pick(golden.token_type_ids),
    attention_mask: pick(golden.attention_mask),
  });
  const labels = {
    labels: select(pick(golden.mlm_labels)),
    sentence_order: Int32Array.from(pick(golden.sentence_order_label)),
  };
  const config = { ...goldenConfig(name), ...dropout };
  const model = { directory: goldenDirectory(name), kind: 'pretraining', config } as const;
  return gradientsOf(model, request, labels, options);
}

const bitsOf = ({ loss, gradients }: NativeGradients): string =>
  [bits([loss]), ...Object.entries(gradients).map(([key, { data }]) => key + bits(data))].join();

const valuesOf = ({ gradients }: NativeGradients): Record<string, number[]> =>
  Object.fromEntries(Object.entries(gradients).map(([key, { data }]) => [key, [...data]]));

for (const name of goldenNames) {
  t.test(name, async (t) => {
    const kept = await pretrain(name, drawn);
    const again = await pretrain(name, drawn);
    t.equal(bitsOf(again), bitsOf(kept), 'the same seed gives the same bits');

    const recomputed = await pretrain(name, { ...drawn, recompute: true });
    t.equal(bitsOf(recomputed), bitsOf(kept), 'recomputed activations give the same bits');
    const [less, more] = [recomputed.activation_bytes, kept.activation_bytes];
    t.ok(less < more, `and take ${less} bytes instead of ${more}`);

    const all = await pretrain(name, { ...drawn, all_rows: true });
    const { worst, where } = gradientError(all, valuesOf(kept));
    t.ok(worst <= 1e-12, `rows that nobody reads change nothing: ${worst} (${where})`);
    t.ok(Math.abs(all.loss / kept.loss - 1) <= 1e-14, 'nor the loss');
    t.not(all.activation_bytes, kept.activation_bytes, 'but the memory');
    const allRecomputed = await pretrain(name, { ...drawn, all_rows: true, recompute: true });
    t.equal(bitsOf(allRecomputed), bitsOf(all), 'recomputed in all rows');
  });
}

t.test('two micro-batches make one batch', async (t) => {
  const name = 'tiny_gelu_new_g1';
  // Both rows have two labels and one sentence order: every mean is the mean of the halves.
  for (const options of [drawn, { ...drawn, dialect: 'google' as const }]) {
    const whole = await pretrain(name, options);
    const first = await pretrain(name, options, [0]);
    const second = await pretrain(name, { ...options, first_sequence: 1 }, [1]);
    const sum = Object.entries(valuesOf(first)).map(([key, values]) => {
      const others = second.gradients[key]?.data;
      return [key, values.map((value, i) => (value + Number(others?.[i])) / 2)] as const;
    });
    const { parameters, worst } = gradientError(whole, Object.fromEntries(sum));
    const allowed = options.dialect === 'google' ? 1e-5 : 1e-12; // 1e-5 is added to each count
    t.ok(parameters > 30 && worst <= allowed, `${options.dialect ?? 'huggingface'}: ${worst}`);
    const { worst: apart } = gradientError(
      await pretrain(name, options, [1]),
      valuesOf(second),
    );
    t.ok(apart > 1e-3, 'another ordinal draws another mask');
  }
});

t.test('seed, update, dialect and dropout itself make a difference', async (t) => {
  const name = 'tiny_gelu_new_g1';
  const losses = await Promise.all(
    [
      drawn,
      { ...drawn, seed: 4 },
      { ...drawn, update: 18 },
      { ...drawn, dialect: 'google' as const },
      { ...drawn, dropout: false },
    ].map(async (options) => (await pretrain(name, options)).loss),
  );
  t.equal(new Set(losses).size, losses.length, losses.join(', '));
  const { loss } = readGolden(name).f64;
  t.ok(Math.abs(Number(losses.at(-1)) / loss - 1) < 1e-12, 'no dropout: the golden loss');
});
