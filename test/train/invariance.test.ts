// What changes speed and memory changes no gradient: recomputation, selection, packing, repetition.
import t from 'tap';
import type { NativeGradients, NativeGradientOptions } from '../../dist/native.js';
import { goldenConfig, goldenDirectory, goldenNames, readGolden } from '../support/golden';
import {
  type Backend,
  gradientError,
  gradientsOf,
  packPretraining,
  valuesOf,
} from '../support/gradients';
import { bits } from '../support/tensors';

const dropout = {
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  classifier_dropout_prob: 0.1,
};
const drawn: NativeGradientOptions = { dropout: true, seed: 3, update: 17 };

/** Where the promises are kept, and how much another order of additions may change. */
const backends: (Required<Backend> & { rounding: number })[] = [
  { device: 'reference', dtype: 'fp32', rounding: 1e-12 },
  { device: 'cpu', dtype: 'fp32', rounding: 1e-6 },
  { device: 'cpu', dtype: 'bf16', rounding: 1e-2 },
];

/** Pretraining gradients of rows of a golden batch. */
async function pretrain(
  name: string,
  options: NativeGradientOptions,
  backend: Backend = {},
  chosen: number[] = [0, 1],
): Promise<NativeGradients> {
  const golden = readGolden(name);
  const pick = <T>(all: T[]): T[] => chosen.map((b) => all[b]!);
  const rows = {
    input_ids: pick(golden.input_ids),
    token_type_ids: pick(golden.token_type_ids),
    attention_mask: pick(golden.attention_mask),
  };
  const sentenceOrder = pick(golden.sentence_order_label);
  const { request, labels } = packPretraining(rows, pick(golden.mlm_labels), sentenceOrder);
  const config = { ...goldenConfig(name), ...dropout };
  const directory = goldenDirectory(name);
  const model = { directory, kind: 'pretraining', config, ...backend } as const;
  return gradientsOf(model, request, labels, options);
}

const bitsOf = ({ loss, gradients }: NativeGradients): string =>
  [bits([loss]), ...Object.entries(gradients).map(([key, { data }]) => key + bits(data))].join();

const every = backends.flatMap((backend) => goldenNames.map((name) => ({ name, ...backend })));
for (const { name, device, dtype, rounding } of every) {
  t.test(`${name} on ${device} in ${dtype}`, async (t) => {
    const run = (options: NativeGradientOptions) => pretrain(name, options, { device, dtype });
    const kept = await run(drawn);
    const again = await run(drawn);
    t.equal(bitsOf(again), bitsOf(kept), 'the same seed gives the same bits');

    const recomputed = await run({ ...drawn, recompute: true });
    t.equal(bitsOf(recomputed), bitsOf(kept), 'recomputed activations give the same bits');
    const [less, more] = [recomputed.activation_bytes, kept.activation_bytes];
    t.ok(less < more, `and take ${less} bytes instead of ${more}`);

    const all = await run({ ...drawn, all_rows: true });
    const { worst, where } = gradientError(all, valuesOf(kept));
    t.ok(worst <= rounding, `rows that nobody reads change nothing: ${worst} (${where})`);
    t.ok(Math.abs(all.loss / kept.loss - 1) <= rounding / 100, 'nor the loss');
    t.not(all.activation_bytes, kept.activation_bytes, 'but the memory');
    const allRecomputed = await run({ ...drawn, all_rows: true, recompute: true });
    t.equal(bitsOf(allRecomputed), bitsOf(all), 'recomputed in all rows');
  });
}

for (const backend of backends) {
  t.test(`four micro-batches make one batch, ${backend.device} in ${backend.dtype}`, async (t) => {
    const name = 'tiny_gelu_new_g1';
    const rows = [0, 1, 1, 0];
    // All rows have two labels and one sentence order: every mean is the mean of the parts.
    for (const options of [drawn, { ...drawn, dialect: 'google' as const }]) {
      const whole = await pretrain(name, options, backend, rows);
      const parts = await Promise.all(
        rows.map((row, b) => pretrain(name, { ...options, first_sequence: b }, backend, [row])),
      );
      const mean = Object.keys(whole.gradients).map((key) => {
        const all = parts.map(({ gradients }) => gradients[key]!.data);
        const sum = (i: number) => all.reduce((total, data) => total + Number(data[i]), 0);
        return [key, Array.from(all[0]!, (_, i) => sum(i) / rows.length)] as const;
      });
      const { parameters, worst } = gradientError(whole, Object.fromEntries(mean));
      // 1e-5 is added to each of Google's counts.
      const allowed = Math.max(options.dialect === 'google' ? 1e-5 : 0, backend.rounding);
      t.ok(parameters > 30 && worst <= allowed, `${options.dialect ?? 'huggingface'}: ${worst}`);
      const first = await pretrain(name, options, backend, [1]);
      const { worst: apart } = gradientError(first, valuesOf(parts[1]!));
      t.ok(apart > 1e-3, 'another ordinal draws another mask');
    }
  });
}

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
