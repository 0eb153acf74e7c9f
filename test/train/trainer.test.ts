// Trainer, update by update: golden curves, equal bits, accumulation, recomputation, evaluation.
import path from 'node:path';
import t from 'tap';
import { Trainer } from '../../dist/index.js';
import { gradientError } from '../support/gradients';
import { relativeNorm } from '../support/tensors';
import {
  fingerprint,
  goldenTrainer,
  makeTrainer,
  readGoldenTraining,
  stepAll,
  variants,
  withDropout,
} from '../support/training';
import { readSafetensors } from '../support/safetensors';

const golden = readGoldenTraining();
const few = golden.batches.slice(0, 6);
/** Of float32 as a file has them. */
const norm = (bytes: Buffer): number => {
  const floats = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  return Math.hypot(...floats);
};

for (const [device, tolerance] of [['reference', 1e-9], ['cpu', 1e-4]] as const) {
  t.test(`fifty golden updates on ${device}`, async (t) => {
    const trainer = await goldenTrainer({ device, bf16: false });
    const reports = await stepAll(trainer, golden.batches);
    const errors = reports.flatMap(({ loss, grad_norm, learning_rate }, i) => {
      const actual = [loss, grad_norm, learning_rate];
      return actual.map((value, j) => Math.abs(value / Number(golden.float64[i]?.[j]) - 1));
    });
    t.equal(errors.length, 150);
    t.ok(Math.max(...errors) <= tolerance, `relative error ${Math.max(...errors)}`);
    t.same(reports.map(({ step }) => step), [...golden.batches.keys()].map((i) => i + 1));
    const folder = path.join(t.testdir({}), 'end');
    await trainer.save(folder);
    const tensors = readSafetensors(path.join(folder, 'model.safetensors'));
    // The file has float32, also of the reference, and no second copy of what is tied.
    const worst = [...tensors].map(([name, { bytes }]) =>
      Math.abs(norm(bytes) / Number(golden.final_parameter_norms[name]) - 1),
    );
    t.ok(worst.length > 30 && Math.max(...worst) <= 1e-4, `norms: ${Math.max(...worst)}`);
  });
}

for (const variant of variants) {
  t.test(`${variant.name}: the same seed gives the same bits, another seed others`, async (t) => {
    const directory = withDropout(t.testdir({}));
    const run = async (seed: number, name: string): Promise<[string, string]> => {
      const trainer = await makeTrainer(directory, variant, { seed });
      const reports = JSON.stringify(await stepAll(trainer, few));
      const folder = path.join(directory, name);
      await trainer.save(folder);
      return [reports, fingerprint(folder)];
    };
    const first = await run(1, 'first');
    t.same(await run(1, 'again'), first);
    const other = await run(2, 'other');
    t.notSame(other[0], first[0]);
    t.notSame(other[1], first[1]);
  });

  t.test(`${variant.name}: saved and resumed, the run goes on to the bit`, async (t) => {
    const directory = withDropout(t.testdir({}));
    const whole = await makeTrainer(directory, variant, { seed: 5 });
    await stepAll(whole, few.slice(0, 3));
    const half = path.join(directory, 'half');
    await whole.save(half);
    const rest = await stepAll(whole, few.slice(3));
    await whole.save(path.join(directory, 'whole'));

    const resumed = await Trainer.resume(half, { device: variant.device });
    t.equal(resumed.global_step, 3);
    t.same(await stepAll(resumed, few.slice(3)), rest);
    await resumed.save(path.join(directory, 'resumed'));
    const prints = ['whole', 'resumed'].map((name) => fingerprint(path.join(directory, name)));
    t.equal(prints[1], prints[0]);
  });

  t.test(`${variant.name}: recomputing gives the same bits`, async (t) => {
    const directory = withDropout(t.testdir({}));
    const run = async (recompute: boolean): Promise<unknown> => {
      const trainer = await makeTrainer(directory, variant, { seed: 5, recompute });
      return stepAll(trainer, few);
    };
    t.same(await run(true), await run(false));
  });
}

for (const { name, device, bf16 } of variants.slice(0, 2)) {
  t.test(`${name}: micro-batches change nothing`, async (t) => {
    const directory = withDropout(t.testdir({}));
    const [batch] = golden.batches;
    const pick = (rows: [number, number]) =>
      Object.fromEntries(Object.entries(batch!).map(([key, all]) => [key, all.slice(...rows)]));
    const parts = ([[0, 1], [1, 4], [4, 7], [7, 8]] as [number, number][]).map(pick);
    const together = await makeTrainer(directory, { device, bf16 });
    const apart = await makeTrainer(directory, { device, bf16 });
    const [a, b] = [await together.gradients(batch!), await apart.gradients(parts as never)];
    const limit = device === 'reference' ? 1e-12 : 1e-6;
    t.ok(Math.abs(a.loss / b.loss - 1) <= limit, `losses ${a.loss}, ${b.loss}`);
    const names = Object.keys(a.gradients);
    const flat = (from: typeof a) => names.flatMap((one) => [...(from.gradients[one] ?? [])]);
    const { compared, worst } = relativeNorm(flat(b), flat(a));
    t.ok(compared > 1000 && worst <= limit, `${compared} gradients, ${worst}`);
    const steps = [await together.step(batch!), await apart.step(parts as never)];
    t.ok(Math.abs(Number(steps[0]?.grad_norm) / Number(steps[1]?.grad_norm) - 1) <= limit);
    t.equal(steps[0]?.tokens, steps[1]?.tokens);
  });

  t.test(`${name}: evaluation drops nothing, takes means over all, changes nothing`, async (t) => {
    const directory = withDropout(t.testdir({}));
    const trainer = await makeTrainer(directory, { device, bf16 });
    const [batch] = golden.batches;
    const before = await trainer.gradients(batch!);
    const evaluation = await trainer.evaluate(golden.batches.slice(0, 2));
    const model = trainer.model;
    const forward = [];
    for (const one of golden.batches.slice(0, 2)) forward.push(await model(one));
    const counts = golden.batches.slice(0, 2).map(({ labels }) =>
      labels.flat().filter((label) => label !== -100).length,
    );
    const total = counts.reduce((sum, count) => sum + count, 0);
    const mlm = forward.reduce((sum, { mlm_loss }, i) => sum + mlm_loss * counts[i]!, 0) / total;
    t.ok(Math.abs(Number(evaluation.mlm_loss) / mlm - 1) < 1e-5, `${evaluation.mlm_loss}, ${mlm}`);
    t.equal(trainer.global_step, 0);
    t.same(await trainer.gradients(batch!), before, 'the next update is the same one');
  });

  t.test(`${name}: the model has the new weights behind each update`, async (t) => {
    const trainer = await goldenTrainer({ device, bf16 });
    const [batch] = golden.batches;
    const losses = [];
    for (let i = 0; i < 3; ++i) {
      const { loss } = await trainer.model(batch!);
      losses.push(loss);
      const evaluated = await trainer.evaluate([batch!]);
      t.ok(Math.abs(loss / evaluated.loss - 1) < 1e-5, `${loss}, ${evaluated.loss}`);
      await trainer.step(batch!);
    }
    t.equal(new Set(losses).size, 3);
    const folder = t.testdir({});
    await trainer.model.save_pretrained(folder);
    await trainer.save(path.join(folder, 'trainer'));
    const file = 'model.safetensors';
    const [a, b] = [folder, path.join(folder, 'trainer')].map((one) =>
      readSafetensors(path.join(one, file)),
    );
    t.ok(a && a.size > 30);
    for (const [key, { bytes }] of a ?? []) t.same(b?.get(key)?.bytes, bytes, key);
  });
}

t.test('gradients on the CPU are those of the reference', async (t) => {
  const [reference, cpu] = await Promise.all(
    variants.slice(0, 2).map(async (variant) => {
      const trainer = await goldenTrainer(variant, { dropout: false });
      return trainer.gradients(golden.batches[0]!);
    }),
  );
  const as = (report: typeof cpu) => ({
    gradients: Object.fromEntries(
      Object.entries(report!.gradients).map(([name, data]) => [name, { dims: [], data }]),
    ),
  });
  const expected = Object.fromEntries(
    Object.entries(reference!.gradients).map(([name, data]) => [name, [...data]]),
  );
  const { parameters, worst, where } = gradientError(as(cpu) as never, expected);
  t.ok(parameters > 30 && worst <= 2e-4, `${parameters} parameters, ${worst} (${where})`);
});
