// Losses and gradients of the golden models, against Hugging Face's in float64.
import t from 'tap';
import { goldenDirectory, goldenNames, readGolden } from '../support/golden';
import { gradientError, gradientsOf, packRows } from '../support/gradients';

for (const name of goldenNames) {
  const golden = readGolden(name);
  const { request, select } = packRows(golden);
  const labels = {
    labels: select(golden.mlm_labels),
    sentence_order: Int32Array.from(golden.sentence_order_label),
  };
  const model = { directory: goldenDirectory(name), kind: 'pretraining' } as const;

  t.test(`${name}: loss and every gradient`, async (t) => {
    const actual = await gradientsOf(model, request, labels);
    for (const part of ['loss', 'mlm_loss', 'sop_loss'] as const) {
      const error = Math.abs(actual[part] / golden.f64[part] - 1);
      t.ok(error <= 1e-12, `${part}: relative error ${error}`);
    }
    t.same(Object.keys(actual.gradients).sort(), Object.keys(golden.f64.grads).sort());
    const { parameters, worst, where } = gradientError(actual, golden.f64.grads);
    t.ok(parameters > 30 && worst <= 1e-8, `${parameters} parameters, ${worst} (${where})`);
  });
}
