// The golden models on the emulated device: every output, every gradient, in float32 and narrower.
import t from 'tap';
import { info } from '../../dist/index.js';
import { emulated } from '../support/cuda';
import { compareAll, goldenCases, goldenDirectory, goldenNames } from '../support/golden';
import { readGolden, runGolden } from '../support/golden';
import { gradientError, gradientsOf, packRows } from '../support/gradients';
import { relativeNorm } from '../support/tensors';

const onHardware = process.env.ALBERT_TEST_GPU !== undefined;
if (!onHardware) Object.assign(process.env, emulated());
t.setTimeout(600_000);

/** How far outputs and gradients may be from Hugging Face's in float64, as relative norms. */
const bounds = { fp32: 1e-5, bf16: 2e-2, fp16: 4e-3 } as const;

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
        const { compared, worst } = compareAll(outputs, golden, relativeNorm);
        t.ok(compared > 0, `${golden.name}: ${compared} values`);
        t.ok(worst <= bound, `${golden.name}: relative error ${worst}`);
      }
    });
  }

  t.test(`${name}: losses and every gradient`, async (t) => {
    const golden = readGolden(name);
    const { request, select } = packRows(golden);
    const labels = {
      labels: select(golden.mlm_labels),
      sentence_order: Int32Array.from(golden.sentence_order_label),
    };
    const model = { directory: goldenDirectory(name), kind: 'pretraining' } as const;
    for (const [dtype, bound] of Object.entries(bounds)) {
      const actual = await gradientsOf({ ...model, device: 'cuda', dtype }, request, labels);
      for (const part of ['loss', 'mlm_loss', 'sop_loss'] as const) {
        const error = Math.abs(actual[part] / golden.f64[part] - 1);
        t.ok(error <= bound, `${dtype}, ${part}: relative error ${error}`);
      }
      const { parameters, worst, where } = gradientError(actual, golden.f64.grads);
      t.ok(parameters > 30 && worst <= bound, `${dtype}: ${parameters}, ${worst} (${where})`);
    }
  });
}
