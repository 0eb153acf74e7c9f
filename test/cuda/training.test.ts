// Updates on the emulated device: AdamW and LAMB against the reference's, and two training steps.
import t from 'tap';
import { traceOptimizer, type TraceOptions } from '../../dist/kernels.js';
import { emulated, needEmulator } from '../support/cuda';
import { fixtures, goldenConfig, readJson } from '../support/golden';
import { gradientsOf, packPretraining, type Rows } from '../support/gradients';
import { goldenParameters, writeParameters, type Parameters } from '../support/parameters';
import { absoluteError, randomSource, relativeNorm } from '../support/tensors';

needEmulator(t);
Object.assign(process.env, emulated());
t.setTimeout(300_000);

type Arrays = Record<string, Float64Array>;

/** Numbers that float32 holds, of a few sizes, under names that decay and names that do not. */
function draw(seed: number, scale: number): Arrays {
  const random = randomSource(seed);
  const array = (size: number): Float64Array =>
    Float64Array.from({ length: size }, () => Math.fround(scale * (2 * random() - 1)));
  return { weight: array(4099), bias: array(17), single: array(1), block: array(16384) };
}

for (const optimizer of ['adamw', 'lamb'] as const) {
  t.test(`${optimizer}: three updates within 1e-6 of the reference's`, async (t) => {
    const options: TraceOptions = { optimizer, learning_rate: 0.01, max_grad_norm: 1 };
    const gradients = [1, 2, 3].map((seed) => draw(seed, 0.1));
    const [actual, expected] = await Promise.all(
      (['cuda', 'reference'] as const).map((backend) =>
        traceOptimizer(draw(0, 1), gradients, { ...options, backend }),
      ),
    );
    t.equal(actual?.length, 3);
    for (const [step, { parameters, grad_norm }] of (actual ?? []).entries()) {
      const wanted = expected![step]!;
      t.ok(Math.abs(grad_norm / wanted.grad_norm - 1) <= 1e-6, `norm ${grad_norm}`);
      for (const [name, values] of Object.entries(wanted.parameters)) {
        const { compared, worst } = absoluteError(parameters[name] ?? [], values);
        t.ok(compared === values.length && worst <= 1e-6, `step ${step}, ${name}: off by ${worst}`);
      }
    }
  });
}

interface Batch extends Rows {
  labels: number[][];
  sentence_order_label: number[];
}

/** Two LAMB steps on golden batches: each loss, and the parameters that come of them. */
async function train(device: 'cuda' | 'reference', dtype: string, directory: string) {
  const golden = readJson<{ model: string; batches: Batch[] }>(
    fixtures,
    'golden/tiny_training.json',
  );
  const parameters: Parameters = goldenParameters(golden.model);
  const losses: number[] = [];
  for (const batch of golden.batches.slice(0, 2)) {
    const { request, labels } = packPretraining(
      batch,
      batch.labels,
      batch.sentence_order_label,
    );
    writeParameters(directory, parameters, goldenConfig(golden.model));
    const model = { directory, kind: 'pretraining', device, dtype } as const;
    const { loss, gradients } = await gradientsOf(model, request, labels);
    losses.push(loss);
    const arrays = (of: (name: string) => ArrayLike<number>): Arrays =>
      Object.fromEntries([...parameters.keys()].map((name) => [name, Float64Array.from(of(name))]));
    const [update] = await traceOptimizer(
      arrays((name) => parameters.get(name)!.data),
      [arrays((name) => gradients[name]!.data)],
      { optimizer: 'lamb', learning_rate: 0.01, backend: device, warmup_steps: 0 },
    );
    for (const [name, values] of Object.entries(update!.parameters)) {
      parameters.get(name)!.data.set(values);
    }
  }
  return { losses, parameters };
}

/** How far parameters may be, each and all together, after two steps. */
const bounds = {
  fp32: { each: 1e-4, all: 1e-4 },
  // LAMB's first steps go by the sign of a gradient, however small it is: where rounding turns it,
  // a number of the smallest tensors moves the other way (in bfloat16 on the CPU as well).
  bf16: { each: 5e-2, all: 2e-2 },
} as const;

t.test('two training steps', async (t) => {
  const wanted = await train('reference', 'fp32', t.testdir({}));
  for (const [dtype, { each, all }] of Object.entries(bounds)) {
    const { losses, parameters } = await train('cuda', dtype, t.testdir({}));
    for (const [step, loss] of losses.entries()) {
      const error = Math.abs(loss / wanted.losses[step]! - 1);
      t.ok(error <= all, `${dtype}, step ${step}: loss off by ${error}`);
    }
    const [are, should]: [number[], number[]] = [[], []];
    for (const [name, { data }] of wanted.parameters) {
      const actual = Array.from(parameters.get(name)?.data ?? []);
      const { compared, worst } = relativeNorm(actual, data);
      t.ok(compared > 0 && worst <= each, `${dtype}, ${name}: relative error ${worst}`);
      for (const value of actual) are.push(value);
      for (const value of data) should.push(value);
    }
    const { worst } = relativeNorm(are, should);
    t.ok(worst <= all, `${dtype}, all parameters: relative error ${worst}`);
  }
});
