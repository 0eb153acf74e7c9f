// Parameters in float64: drawn, changed one by one, and written as checkpoints for the reference.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AlbertConfig } from '../../dist/index.js';
import { native, type ModelKind } from '../../dist/native.js';
import { readGolden, goldenConfig, goldenDirectory } from './golden';
import { packRows } from './gradients';
import { float64Tensor, floatsOf, readSafetensors, writeSafetensors } from './safetensors';
import { randomSource } from './tensors';

export type Parameters = Map<string, { dims: number[]; data: Float64Array }>;

/** The parameters of a kind of model by name, with what shapes they have. */
async function shapesOf(kind: ModelKind, config: AlbertConfig): Promise<Map<string, number[]>> {
  const load = { config: JSON.stringify(config), kind, seed: 1, device: 'reference' };
  const { request } = packRows({ input_ids: [[2, 3]] });
  const position = Int32Array.of(0);
  const labels = {
    pretraining: { labels: Int32Array.of(5, 6) },
    masked_lm: { labels: Int32Array.of(5, 6) },
    sequence_classification: { labels: position },
    token_classification: { labels: Int32Array.of(0, 1) },
    multiple_choice: { labels: position },
    question_answering: { start_positions: position, end_positions: position },
    question_answering_v2: {
      start_positions: position,
      end_positions: position,
      is_impossible: Float32Array.of(0),
    },
    base: {},
  }[kind];
  const all = { ...load, dtype: 'fp32', threads: 1 };
  const { gradients } = await native.batch_gradients(all, { ...request, labels }, {});
  return new Map(Object.entries(gradients).map(([name, { dims }]) => [name, dims]));
}

/** Random parameters of a kind of model: norms around 1, all else around 0. */
export async function drawParameters(
  kind: ModelKind,
  config: AlbertConfig,
  seed: number,
): Promise<Parameters> {
  const next = randomSource(seed);
  const parameters: Parameters = new Map();
  for (const [name, dims] of await shapesOf(kind, config)) {
    const center = /(LayerNorm|layer_norm)\.weight$/.test(name) ? 1 : 0;
    const size = dims.reduce((product, n) => product * n, 1);
    const data = Float64Array.from({ length: size }, () => center + next() - 0.5);
    parameters.set(name, { dims, data });
  }
  return parameters;
}

/** The parameters of a golden model for pretraining. */
export function goldenParameters(name: string): Parameters {
  const stored = readSafetensors(path.join(goldenDirectory(name), 'model.safetensors'));
  const wanted = Object.keys(readGolden(name).f64.grads);
  const parameters: Parameters = new Map();
  for (const key of wanted) {
    const tensor = stored.get(key);
    if (!tensor) throw new Error(`${name} has no ${key}`);
    parameters.set(key, { dims: tensor.shape, data: Float64Array.from(floatsOf(tensor)) });
  }
  return parameters;
}

/** Writes a checkpoint that the reference reads without rounding. */
export function writeParameters(
  directory: string,
  parameters: Parameters,
  config: AlbertConfig = goldenConfig('tiny_gelu_new_g1'),
): string {
  mkdirSync(directory, { recursive: true });
  const tensors = [...parameters].map(
    ([name, { dims, data }]) => [name, float64Tensor(dims, data)] as const,
  );
  writeSafetensors(path.join(directory, 'model.safetensors'), new Map(tensors));
  writeFileSync(path.join(directory, 'config.json'), JSON.stringify(config));
  return directory;
}
