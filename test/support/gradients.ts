// Gradients of batches through the binary, and how far they are from expected ones.
import path from 'node:path';
import { readFileSync } from 'node:fs';
import {
  native,
  type ModelKind,
  type NativeForwardRequest,
  type NativeGradientOptions,
  type NativeGradients,
  type NativeLabels,
} from '../../dist/native.js';
import { instructionSets } from './forward';
import { flatten, type Nested } from './tensors';

/** Rows of tokens as models take them; a mask says which count. */
export interface Rows {
  input_ids: number[][];
  token_type_ids?: number[][];
  attention_mask?: number[][];
}

/** Packs rows; `select` brings what belongs to their tokens into the same order. */
export function packRows(rows: Rows): {
  request: NativeForwardRequest;
  select: (values: number[][]) => Int32Array;
} {
  const kept = rows.input_ids.map((row, b) =>
    row.map((_, s) => s).filter((s) => rows.attention_mask?.[b]?.[s] !== 0),
  );
  const select = (values: number[][]): Int32Array =>
    Int32Array.from(kept.flatMap((columns, b) => columns.map((s) => Number(values[b]?.[s]))));
  const cu = [0];
  for (const columns of kept) cu.push(Number(cu.at(-1)) + columns.length);
  const zeros = rows.input_ids.map((row) => row.map(() => 0));
  const request = {
    tokens: select(rows.input_ids),
    segments: select(rows.token_type_ids ?? zeros),
    positions: Int32Array.from(kept.flat()),
    columns: Int32Array.from(kept.flat()),
    cu_seqlens: Int32Array.from(cu),
    width: Math.max(...rows.input_ids.map((row) => row.length)),
  };
  return { request, select };
}

/** Rows of pretraining, packed, with their labels. */
export function packPretraining(rows: Rows, labels: number[][], sentenceOrder: number[]) {
  const { request, select } = packRows(rows);
  const sentence_order = Int32Array.from(sentenceOrder);
  return { request, select, labels: { labels: select(labels), sentence_order } };
}

/** Where gradients are computed; the float64 reference where nothing is said. */
export interface Backend {
  device?: string;
  dtype?: string;
}

/** A checkpoint on a backend. */
export interface Trained extends Backend {
  directory: string;
  kind: ModelKind;
  /** Replaces fields of its config.json. */
  config?: object;
}

/** The gradients of one batch. */
export function gradientsOf(
  { directory, kind, config = {}, device = 'reference', dtype = 'fp32' }: Trained,
  request: NativeForwardRequest,
  labels: NativeLabels,
  options: NativeGradientOptions = {},
): Promise<NativeGradients> {
  const stored = JSON.parse(readFileSync(path.join(directory, 'config.json'), 'utf8')) as object;
  const load = {
    config: JSON.stringify({ ...stored, ...config }),
    kind,
    path: path.join(directory, 'model.safetensors'),
    seed: 0,
    device,
    dtype,
    threads: 1,
  };
  return native.batch_gradients(load, { ...request, labels }, options);
}

const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values, (x) => x * x).reduce((sum, x) => sum + x, 0));

/** The norm of all gradients together. */
export function globalNorm({ gradients }: NativeGradients): number {
  return norm(Object.values(gradients).map(({ data }) => norm(data)));
}

/** The gradients by name, as gradientError expects them. */
export function valuesOf({ gradients }: NativeGradients): Record<string, number[]> {
  return Object.fromEntries(Object.entries(gradients).map(([key, { data }]) => [key, [...data]]));
}

/** Calls `body` once for each set of kernels that this machine runs, with the CPU using it. */
export async function onEachInstructionSet(body: (isa: string) => Promise<unknown>): Promise<void> {
  const before = process.env['ALBERT_CPU_ISA'];
  for (const isa of instructionSets) {
    process.env['ALBERT_CPU_ISA'] = isa;
    await body(isa);
  }
  if (before === undefined) delete process.env['ALBERT_CPU_ISA'];
  else process.env['ALBERT_CPU_ISA'] = before;
}

/**
 * The largest ‖actual − expected‖ / max(‖expected‖, share × global norm) over the parameters: some
 * gradients (of key biases) are zero but for rounding.
 */
export function gradientError(
  actual: NativeGradients,
  expected: Record<string, Nested>,
  share = 1e-3,
): { parameters: number; worst: number; where: string } {
  const flat = new Map(Object.entries(expected).map(([name, nested]) => [name, flatten(nested)]));
  const floor = share * norm([...flat.values()].map(norm));
  let [worst, where] = [0, 'nowhere'];
  for (const [name, values] of flat) {
    const data = actual.gradients[name]?.data ?? [];
    const difference = norm(values.map((value, i) => Number(data[i]) - value));
    const error = difference / Math.max(norm(values), floor);
    if (!(error <= worst)) [worst, where] = [Number.isNaN(error) ? Infinity : error, name];
  }
  return { parameters: flat.size, worst, where };
}
