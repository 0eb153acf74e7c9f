// The golden models on the emulated device: every output, every gradient, in float32 and narrower.
import t from 'tap';
import { info } from '../../dist/index.js';
import { emulated, needEmulator } from '../support/cuda';
import { compareAll, goldenCases, goldenDirectory, goldenNames } from '../support/golden';
import { goldenConfig, readGolden, runGolden } from '../support/golden';
import { gradientError, gradientsOf, packPretraining, valuesOf } from '../support/gradients';
import { norm, reachOf } from '../support/reach';
import { relativeNorm, type Comparison, type Keep } from '../support/tensors';

const onHardware = process.env.ALBERT_TEST_GPU !== undefined;
if (!onHardware) {
  needEmulator(t);
  Object.assign(process.env, emulated());
}
t.setTimeout(600_000);

/** How far outputs and losses may be from Hugging Face's in float64, as relative norms. */
const bounds = { fp32: 1e-5, bf16: 2e-2, fp16: 4e-3 } as const;

/**
 * How far gradients may be, as shares of the larger of their norm and `floor` × the norm of all. A
 * bfloat16 is off by 2^-9 of itself, so that smaller gradients drown in rounding, a half by an
 * eighth of that. (PyTorch 2.13 on a CPU, autocast to bfloat16, is off by 2.1e-2 and 4.6e-2 with
 * this floor on the first two models.)
 */
const gradientBounds = {
  fp32: { bound: 1e-5, floor: 1e-3 },
  bf16: { bound: 2e-2, floor: 0.1 },
  fp16: { bound: 5e-3, floor: 0.1 },
} as const;

/** A relative norm; logits that are small because large terms cancel are measured by these. */
const errorWithin =
  (reach: number) =>
  (actual: ArrayLike<number>, expected: ArrayLike<number>, keep: Keep = () => true): Comparison => {
    const { compared, worst } = relativeNorm(actual, expected, keep);
    const size = norm(Array.from(expected).filter((_, i) => keep(i)));
    const isLoss = expected.length === 1;
    return { compared, worst: !isLoss && reach > size ? (worst * size) / reach : worst };
  };

t.test('info tells what the device is', async (t) => {
  const cuda = info().backends.find(({ name }) => name === 'cuda');
  t.ok(cuda?.available, cuda?.reason ?? 'the binary names no such device');
  t.match(cuda?.reason, /, \d+ MiB, driver for CUDA \d+\.\d/);
  t.equal(cuda?.reason.startsWith('CUDA emulator'), !onHardware);
  t.same(cuda?.dtypes, ['fp32', 'bf16', 'int8', 'fp16']);
});

for (const name of goldenNames) {
  for (const [dtype, bound] of Object.entries(bounds)) {
    t.test(`${name}, ${dtype}: outputs`, async (t) => {
      for (const golden of goldenCases(name, t.testdir({}))) {
        const outputs = await runGolden(golden, { device: 'cuda', dtype });
        const reach = dtype === 'fp32' ? 0 : await reachOf(golden.job, golden.name);
        const { compared, worst } = compareAll(outputs, golden, errorWithin(reach));
        t.ok(compared > 0, `${golden.name}: ${compared} values`);
        t.ok(worst <= bound, `${golden.name}: relative error ${worst}`);
      }
    });
  }

  t.test(`${name}: losses and every gradient`, async (t) => {
    const golden = readGolden(name);
    const { mlm_labels, sentence_order_label } = golden;
    const { request, labels } = packPretraining(golden, mlm_labels, sentence_order_label);
    const model = { directory: goldenDirectory(name), kind: 'pretraining' } as const;
    for (const [dtype, bound] of Object.entries(bounds)) {
      const actual = await gradientsOf({ ...model, device: 'cuda', dtype }, request, labels);
      for (const part of ['loss', 'mlm_loss', 'sop_loss'] as const) {
        const error = Math.abs(actual[part] / golden.f64[part] - 1);
        t.ok(error <= bound, `${dtype}, ${part}: relative error ${error}`);
      }
    }
    // Rounding may put what is near a kink of ReLU on its other side: a smooth function instead.
    const smooth = { ...model, config: { ...goldenConfig(name), hidden_act: 'gelu' } };
    const exact = valuesOf(await gradientsOf(smooth, request, labels));
    for (const [dtype, { bound, floor }] of Object.entries(gradientBounds)) {
      const [trained, wanted] =
        dtype === 'fp32' ? [model, golden.f64.grads] : [smooth, exact];
      const actual = await gradientsOf({ ...trained, device: 'cuda', dtype }, request, labels);
      const { parameters, worst, where } = gradientError(actual, wanted, floor);
      t.ok(parameters > 30 && worst <= bound, `${dtype}: ${parameters}, ${worst} (${where})`);
    }
  });
}
