// The golden models on the reference and on every instruction set of the cpu backend.
import t from 'tap';
import * as albert from '../../dist/index.js';
import { forwardElsewhere, instructionSets } from '../support/forward';
import {
  compareAll,
  goldenCases,
  goldenDirectory,
  goldenNames,
  readGolden,
  runGolden,
} from '../support/golden';
import { absoluteError, relativeError } from '../support/tensors';

for (const name of goldenNames) {
  t.test(`${name} on the reference`, async (t) => {
    for (const golden of goldenCases(name, t.testdir({}))) {
      const options = { output_dtype: 'float64' };
      const outputs = await runGolden(golden, { device: 'reference' }, options);
      const { compared, worst } = compareAll(outputs, golden, relativeError);
      t.ok(compared > 0, `${golden.name}: ${compared} values`);
      t.ok(worst <= 1e-9, `${golden.name}: relative error ${worst}`);
    }
  });

  t.test(`${name}: Google's masked-LM loss from the reference's logits`, async (t) => {
    const { input_ids, attention_mask, token_type_ids, f64 } = readGolden(name);
    const model = await albert.AlbertForPreTraining.from_pretrained(goldenDirectory(name), {
      device: 'reference',
    });
    const { positions, ids, weights, per_example_loss, loss } = f64.google_masked_lm;
    const { prediction_logits } = await model(
      { input_ids, attention_mask, token_type_ids },
      { logits_positions: positions, output_dtype: 'float64' },
    );
    const vocabulary = prediction_logits.dims[2] ?? 0;
    const losses = ids.flat().map((id, row) => {
      const logits = prediction_logits.data.subarray(row * vocabulary, (row + 1) * vocabulary);
      const sum = Array.from(logits).reduce((total, x) => total + Math.exp(x), 0);
      return Math.log(sum) - Number(logits[id]);
    });
    const { compared, worst } = relativeError(losses, per_example_loss);
    t.equal(compared, 6);
    t.ok(worst <= 1e-9, `relative error ${worst}`);
    const weight = weights.flat();
    const sum = losses.reduce((total, x, i) => total + x * Number(weight[i]), 0);
    const mean = sum / (weight.reduce((total, w) => total + w, 0) + 1e-5);
    t.ok(Math.abs(mean - loss) <= 1e-9 * loss, `loss ${mean}, expected ${loss}`);
  });
}

t.test('cpu, every instruction set', async (t) => {
  t.ok(instructionSets.includes('portable') || process.arch === 'arm64');
  const directory = t.testdir({});
  const cases = goldenNames.flatMap((name) => goldenCases(name, directory));
  const jobs = cases.map(({ job }) => ({ ...job, load: { device: 'cpu' } }));
  for (const name of instructionSets) {
    const child = await forwardElsewhere(jobs, { env: { ALBERT_CPU_ISA: name } });
    t.equal(child.instruction_set, name);
    cases.forEach((golden, i) => {
      const { compared, worst } = compareAll(child.results[i] ?? {}, golden, absoluteError);
      t.ok(compared > 0, `${name}, ${golden.name}: ${compared} values`);
      t.ok(worst <= 2e-5, `${name}, ${golden.name}: absolute error ${worst}`);
    });
  }
});
