// Fifty AdamW updates from the golden batches: each loss and gradient norm as PyTorch had them.
import t, { type Test } from 'tap';
import { goldenConfig, fixtures, readJson } from '../support/golden';
import {
  type Backend,
  globalNorm,
  gradientsOf,
  packPretraining,
  type Rows,
} from '../support/gradients';
import { goldenParameters, writeParameters, type Parameters } from '../support/parameters';
import type { NativeGradients } from '../../dist/native.js';

interface Batch extends Rows {
  labels: number[][];
  sentence_order_label: number[];
}

interface GoldenTraining {
  model: string;
  batches: Batch[];
  /** [loss, gradient norm before clipping, learning rate] of each update. */
  float64: [number, number, number][];
  final_parameter_norms: Record<string, number>;
}

/** PyTorch's AdamW as the golden file's note tells it, in float64. */
class AdamW {
  readonly #first = new Map<string, Float64Array>();
  readonly #second = new Map<string, Float64Array>();
  #step = 0;

  update(parameters: Parameters, result: NativeGradients, scale: number, rate: number): void {
    const { gradients } = result;
    ++this.#step;
    const [first, second] = [1 - 0.9 ** this.#step, 1 - 0.999 ** this.#step];
    for (const [name, { data }] of parameters) {
      const decay = /bias|LayerNorm|layer_norm/.test(name) ? 0 : 0.01;
      const m = this.#moments(this.#first, name, data.length);
      const v = this.#moments(this.#second, name, data.length);
      for (let i = 0; i < data.length; ++i) {
        const g = Number(gradients[name]?.data[i]) * scale;
        m[i] = 0.9 * Number(m[i]) + 0.1 * g;
        v[i] = 0.999 * Number(v[i]) + 0.001 * g * g;
        const value = Number(data[i]) * (1 - rate * decay);
        const step = Number(m[i]) / first / (Math.sqrt(Number(v[i]) / second) + 1e-6);
        data[i] = value - rate * step;
      }
    }
  }

  #moments(all: Map<string, Float64Array>, name: string, length: number): Float64Array {
    const moments = all.get(name) ?? new Float64Array(length);
    all.set(name, moments);
    return moments;
  }
}

async function fiftyUpdates(t: Test, backend: Backend, tolerance: number): Promise<void> {
  const golden = readJson<GoldenTraining>(fixtures, 'golden/tiny_training.json');
  const config = goldenConfig(golden.model);
  const parameters = goldenParameters(golden.model);
  const directory = t.testdir({});
  const optimizer = new AdamW();
  let [worst, updates] = [0, 0];
  for (const [index, batch] of golden.batches.entries()) {
    const { request, labels } = packPretraining(
      batch,
      batch.labels,
      batch.sentence_order_label,
    );
    writeParameters(directory, parameters, config);
    const model = { directory, kind: 'pretraining', ...backend } as const;
    const result = await gradientsOf(model, request, labels);
    const [loss, norm, rate] = golden.float64[index]!;
    const actual = globalNorm(result);
    worst = Math.max(worst, Math.abs(result.loss / loss - 1), Math.abs(actual / norm - 1));
    // torch's clip_grad_norm_ divides by the norm and 1e-6.
    optimizer.update(parameters, result, Math.min(1, 1 / (actual + 1e-6)), rate);
    ++updates;
  }
  t.ok(updates === 50 && worst <= tolerance, `${updates} updates, relative error ${worst}`);
  const norms = [...parameters].map(([name, { data }]) =>
    Math.abs(Math.hypot(...data) / Number(golden.final_parameter_norms[name]) - 1),
  );
  t.ok(norms.length > 30 && Math.max(...norms) <= tolerance, `norms: ${Math.max(...norms)}`);
}

t.test('fifty updates', (t) => fiftyUpdates(t, { device: 'reference' }, 1e-9));
t.test('fifty updates on the CPU', (t) => fiftyUpdates(t, { device: 'cpu' }, 1e-4));
