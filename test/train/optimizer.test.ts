// AdamW and LAMB: golden updates in float64, every instruction set against it, clipping, schedules.
import t from 'tap';
import { info } from '../../dist/index.js';
import { type KernelOptions, traceOptimizer, type TraceOptions } from '../../dist/kernels.js';
import { expectError } from '../support/errors';
import { fixtures, readJson } from '../support/golden';
import { flatten, type Nested } from '../support/tensors';

type Values = Record<string, Nested>;
interface Step {
  step: number;
  lr: number;
  global_norm: number;
  trust_ratio: Record<string, number>;
  params: Values;
}
interface Golden {
  init_lr: number;
  num_train_steps: number;
  num_warmup_steps: number;
  init: Values;
  grads: Values[];
  lamb: Step[];
  adamw: Step[];
}

const golden = readJson<Golden>(fixtures, 'golden/optimizers.json');
const flat = (values: Values): Record<string, Float64Array> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Float64Array.from(flatten(value))]),
  );
const google: TraceOptions = {
  learning_rate: golden.init_lr,
  lr_scheduler_type: 'polynomial',
  warmup_steps: golden.num_warmup_steps,
  max_steps: golden.num_train_steps,
  decay_from_start: true,
};

/** The largest difference of two sets of arrays. */
function distance(a: Record<string, Float64Array>, b: Record<string, Float64Array>): number {
  const each = Object.entries(a).flatMap(([name, values]) =>
    Array.from(values, (value, i) => Math.abs(value - (b[name]?.[i] ?? NaN))),
  );
  return each.reduce((most, one) => (one <= most ? most : one), 0);
}

for (const optimizer of ['lamb', 'adamw'] as const) {
  t.test(`golden updates of ${optimizer}`, async (t) => {
    for (const [backend, tolerance] of [['reference', 1e-9], ['cpu', 2e-7]] as const) {
      const gradients = golden.grads.map(flat);
      const options = { ...google, optimizer, backend };
      const updates = await traceOptimizer(flat(golden.init), gradients, options);
      t.equal(updates.length, golden[optimizer].length);
      for (const [i, step] of golden[optimizer].entries()) {
        const { learning_rate, grad_norm, trust_ratios, parameters } = updates[i]!;
        const off = distance(parameters, flat(step.params));
        t.ok(off <= tolerance, `${backend}, step ${i}: parameters off by ${off}`);
        t.ok(Math.abs(learning_rate - step.lr) <= 1e-15, `rate ${learning_rate}`);
        t.ok(Math.abs(grad_norm - step.global_norm) <= tolerance * 20, `norm ${grad_norm}`);
        const ratios = Object.entries(trust_ratios);
        t.equal(ratios.length, optimizer === 'lamb' ? Object.keys(step.trust_ratio).length : 0);
        for (const [name, ratio] of ratios) {
          const error = Math.abs(ratio - (step.trust_ratio[name] ?? NaN));
          t.ok(error <= tolerance * 10, `ratio of ${name} off by ${error}`);
        }
      }
    }
  });
}

/** Numbers that float32 holds, spread over a few orders of magnitude. */
function numbers(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    Math.fround(Math.sin(i * 12.9898 + seed) * 10 ** (((i * 7 + seed) % 5) - 3)),
  );
}

t.test('every instruction set follows the reference, at any size', async (t) => {
  const sizes = [0, 1, 3, 7, 8, 17, 63, 511, 513, 16384, 16385, 50000];
  const values = (seed: number): Record<string, Float64Array> =>
    Object.fromEntries(
      sizes.map((size, i) => [`${i % 3 ? 'w' : 'bias'}${size}`, numbers(size, seed + i)]),
    );
  const gradients = [1, 2, 3].map(values);
  for (const optimizer of ['adamw', 'lamb'] as const) {
    const options = { optimizer, learning_rate: 0.01, exact_bias_correction: true };
    const expected = await traceOptimizer(values(9), gradients, {
      ...options,
      backend: 'reference',
    });
    for (const isa of info().cpu.instruction_sets as KernelOptions['isa'][]) {
      const got = await traceOptimizer(values(9), gradients, { ...options, isa });
      const again = await traceOptimizer(values(9), gradients, { ...options, isa });
      t.same(again, got, 'the same bits again');
      for (const [i, update] of got.entries()) {
        const off = distance(update.parameters, expected[i]!.parameters);
        t.ok(off < 2e-6, `${optimizer}, ${isa}, step ${i}: off by ${off}`);
        const norm = expected[i]!.grad_norm;
        t.ok(Math.abs(update.grad_norm - norm) < 1e-6 * norm, `norm ${update.grad_norm}`);
      }
    }
  }
});

t.test("torch's rule: bias correction and its own clipping", async (t) => {
  const w = Float64Array.of(1, -2);
  const g = Float64Array.of(3, 4);
  const options: TraceOptions = {
    backend: 'reference',
    learning_rate: 0.1,
    lr_scheduler_type: 'constant',
    weight_decay: 0.5,
    exact_bias_correction: true,
    torch_clipping: true,
  };
  const [update] = await traceOptimizer({ w }, [{ w: g }], options);
  const factor = 1 / (5 + 1e-6);
  // With the bias corrected, the first step is g / (|g| + ε).
  const expected = [3, 4].map((gradient, i) => {
    const clipped = gradient * factor;
    return w[i]! * (1 - 0.1 * 0.5) - (0.1 * clipped) / (clipped + 1e-6);
  });
  t.ok(distance(update!.parameters, { w: Float64Array.from(expected) }) < 1e-12);
  t.equal(update!.grad_norm, 5);
});

t.test('gradients that are not finite skip the update', async (t) => {
  for (const backend of ['reference', 'cpu'] as const) {
    for (const optimizer of ['adamw', 'lamb'] as const) {
      for (const bad of [NaN, Infinity, -Infinity]) {
        const w = numbers(40, 1);
        const wrong = Float64Array.from(w, (value, i) => (i === 37 ? bad : value));
        const options = { backend, optimizer, exact_bias_correction: true };
        const updates = await traceOptimizer({ w }, [{ w: wrong }, { w }], options);
        t.equal(updates[0]!.skipped, true);
        t.same(updates[0]!.parameters, { w }, 'nothing changed');
        t.notOk(Number.isFinite(updates[0]!.grad_norm));
        t.equal(updates[1]!.skipped, false);
        const [only] = await traceOptimizer({ w }, [{ w }], { ...options, learning_rate: 0 });
        t.same(only!.parameters, { w });
      }
    }
  }
});

t.test('clipping leaves small gradients alone, and 0 all of them', async (t) => {
  const run = async (max_grad_norm: number, scale: number): Promise<number> => {
    const w = Float64Array.of(0);
    const options: TraceOptions = { backend: 'reference', max_grad_norm, adam_epsilon: 1 };
    const constant = { ...options, lr_scheduler_type: 'constant' as const, learning_rate: 1 };
    const [update] = await traceOptimizer({ w }, [{ w: Float64Array.of(scale) }], constant);
    return update!.parameters['w']![0]!;
  };
  t.equal(await run(1, 0.5), await run(0, 0.5));
  t.equal(await run(1, 8), await run(1, 1));
  t.not(await run(0, 8), await run(1, 8));
});

t.test('schedules', async (t) => {
  const rates = async (options: TraceOptions, steps: number): Promise<number[]> => {
    const w = Float64Array.of(1);
    const gradients = Array.from({ length: steps }, () => ({ w }));
    const updates = await traceOptimizer({ w }, gradients, { learning_rate: 1, ...options });
    return updates.map(({ learning_rate }) => Number(learning_rate.toFixed(12)));
  };
  const warm = { warmup_steps: 2, max_steps: 6 };
  const product = { warmup_from_one: true, warmup_scales_decay: true, decay_from_start: true };
  const polynomial: TraceOptions = {
    lr_scheduler_type: 'polynomial',
    power: 2,
    end_learning_rate: 0.2,
  };
  t.same(await rates(warm, 8), [0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0], "Hugging Face's linear");
  t.same(
    await rates({ ...warm, warmup_from_one: true }, 4),
    [0.5, 1, 1, 0.75],
    'the warm-up counts from one',
  );
  t.same(
    await rates({ ...warm, ...product }, 3),
    [0.5, 0.833333333333, 0.666666666667],
    'warm-up times decay',
  );
  t.same(await rates({ ...warm, lr_scheduler_type: 'constant' }, 4), [0, 0.5, 1, 1]);
  t.same(
    await rates({ max_steps: 4, lr_scheduler_type: 'cosine' }, 5),
    [1, 0.853553390593, 0.5, 0.146446609407, 0],
  );
  t.same(
    await rates({ ...polynomial, max_steps: 4 }, 5),
    [1, 0.65, 0.4, 0.25, 0.2],
  );
});

t.test('wrong calls', async (t) => {
  const w = Float64Array.of(1);
  const call = (options: object, gradient: unknown = w): Promise<unknown> =>
    traceOptimizer({ w }, [{ w: gradient as Float64Array }], options);
  await expectError(t, () => call({ optimizer: 'adam' }), 'RangeError', /optimizer/);
  await expectError(t, () => call({ adam_beta1: 1 }), 'RangeError', /adam_beta1: expected 0 to/);
  await expectError(t, () => call({ adam_epsilon: 0 }), 'RangeError', /adam_epsilon/);
  await expectError(t, () => call({ betas: 1 }), 'TypeError', /unknown option/);
  await expectError(t, () => call({}, [1]), 'TypeError', /Float64Array/);
  await expectError(t, () => call({}, Float64Array.of(1, 2)), 'ERR_SHAPE', /gradient of w/);
  await expectError(t, () => call({ isa: 'neon' }), 'ERR_BACKEND', /neon/);
});
