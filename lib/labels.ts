// Packs a caller's labels to the tokens that count, by the rules of Hugging Face's losses.
import { types } from 'node:util';
import { numLabels, type AlbertConfig, type ProblemType } from './config.js';
import { checkAttached, readColumn, rowName, type IntegerTensor } from './grid.js';
import { readLike, tokenOfColumn, type PackedInputs } from './inputs.js';
import type { NativeLabels } from './native.js';
import { show } from './options.js';
import { isTensorLike, readDims, sizeOf, type TensorLike } from './tensor.js';

/** One integer per row: a list or a [B] tensor. */
export type LabelColumn = readonly number[] | IntegerTensor;

/** Numbers per row and label: a [B, labels] (or [B]) list or float tensor. */
export type LabelFloats =
  | readonly number[]
  | readonly (readonly number[])[]
  | { readonly data: Float32Array | Float64Array; readonly dims: readonly number[] };

/** The label that no loss counts. */
export const ignoredLabel = -100;

/**
 * Packs one label per token: those of masked positions are dropped.
 *
 * @param count labels run from 0 to count - 1; -100 is ignored
 */
export function packTokenLabels(value: unknown, packed: PackedInputs, count: number): Int32Array {
  const shape = { rows: packed.rowLengths.map((length) => ({ length })), choices: 1 };
  const rows = readLike('labels', value, shape, 2)?.rows ?? [];
  const { columns, cu_seqlens } = packed.request;
  const out = new Int32Array(columns.length);
  rows.forEach((row, b) => {
    for (let t = cu_seqlens[b] ?? 0; t < (cu_seqlens[b + 1] ?? 0); ++t) {
      const label = row[columns[t] ?? 0] ?? ignoredLabel;
      checkLabel(`${rowName('labels', b, 1)}, column ${columns[t]}`, label, count);
      out[t] = label;
    }
  });
  return out;
}

/** Reads one label per row (or question), each from 0 to count - 1, or -100. */
export function readRowLabels(
  field: string,
  value: unknown,
  rows: number,
  count: number,
): Int32Array {
  const labels = readColumn(field, value);
  if (labels.length !== rows) {
    throw new RangeError(`${field}: expected ${rows} labels, one a row, got ${labels.length}`);
  }
  labels.forEach((label, b) => checkLabel(`${field} row ${b}`, label, count));
  return labels;
}

function checkLabel(name: string, label: number, count: number): void {
  if (label === ignoredLabel || (label >= 0 && label < count)) return;
  throw new RangeError(`${name}: expected a label from 0 to ${count - 1} or -100, got ${label}`);
}

/**
 * How a sequence classifier reads its labels: `problem_type` of the configuration where it is set,
 * else regression for one label, else one integer per row or one number per row and label.
 */
export function problemType(config: AlbertConfig, labels: unknown): ProblemType {
  if (config.problem_type) return config.problem_type;
  if (numLabels(config) === 1) return 'regression';
  const rank = isTensorLike(labels) ? undefined : listRank(labels);
  const data = isTensorLike(labels) ? labels.data : undefined;
  const integers = types.isInt32Array(data) || types.isBigInt64Array(data) || rank === 1;
  return integers ? 'single_label_classification' : 'multi_label_classification';
}

function listRank(labels: unknown): number {
  if (!Array.isArray(labels)) {
    throw new TypeError(`labels: expected an array or a tensor, got ${show(labels)}`);
  }
  return Array.isArray(labels[0]) ? 2 : 1;
}

/** Labels of a sequence classifier, with the problem type that says how to read them. */
export function packSequenceLabels(
  value: unknown,
  config: AlbertConfig,
  rows: number,
): Pick<NativeLabels, 'labels' | 'problem_type'> {
  const problem_type = problemType(config, value);
  const count = numLabels(config);
  if (problem_type === 'single_label_classification') {
    return { labels: readRowLabels('labels', value, rows, count), problem_type };
  }
  return { labels: readFloats('labels', value, rows, count), problem_type };
}

/** Reads (rows × count) numbers: nested lists, a flat list where count is 1, or a float tensor. */
function readFloats(field: string, value: unknown, rows: number, count: number): Float32Array {
  const flat = isTensorLike(value) ? tensorFloats(field, value) : listFloats(field, value, count);
  if (flat.length !== rows * count) {
    const expected = `${rows} rows of ${count} (${rows * count} numbers)`;
    throw new RangeError(`${field}: expected ${expected}, got ${flat.length}`);
  }
  return flat;
}

function tensorFloats(field: string, tensor: TensorLike): Float32Array {
  const { data } = tensor;
  const floats = types.isFloat32Array(data) || types.isFloat64Array(data);
  if (!floats && !types.isInt32Array(data)) {
    throw new TypeError(`${field}: expected Float32Array or Float64Array data, got ${show(data)}`);
  }
  const size = sizeOf(readDims(field, tensor.dims));
  if (size > 0) checkAttached(field, data);
  if (data.length !== size) {
    throw new RangeError(`${field}: expected ${size} elements as dims say, got ${data.length}`);
  }
  return checkFinite(field, Float32Array.from(data));
}

function listFloats(field: string, value: unknown, count: number): Float32Array {
  if (!Array.isArray(value)) {
    throw new TypeError(`${field}: expected an array or a tensor, got ${show(value)}`);
  }
  // Array.from visits holes, too, which map skips.
  const perRow = Array.from(value, (row: unknown, b) => {
    const numbers = Array.isArray(row) ? row : [row];
    if (numbers.length !== count) {
      throw new RangeError(`${field} row ${b}: expected ${count} numbers, got ${numbers.length}`);
    }
    const wrong = numbers.find((number) => typeof number !== 'number');
    if (wrong === undefined && !numbers.includes(undefined)) return numbers as number[];
    throw new TypeError(`${field} row ${b}: expected numbers, got ${show(wrong)}`);
  });
  return checkFinite(field, Float32Array.from(perRow.flat()));
}

function checkFinite(field: string, values: Float32Array): Float32Array {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return values;
  throw new RangeError(`${field} element ${wrong}: expected a finite number, got ${values[wrong]}`);
}

/**
 * Answer positions as packed token indices within each sequence. As in Hugging Face, a negative
 * position counts as 0 and one that is masked or past the row's end is ignored (-100).
 */
export function packSpanPositions(field: string, value: unknown, packed: PackedInputs): Int32Array {
  const rows = packed.rowLengths.length;
  const columns = readColumn(field, value);
  if (columns.length !== rows) {
    throw new RangeError(`${field}: expected ${rows} positions, one a row, got ${columns.length}`);
  }
  return columns.map((column, b) => {
    const token = tokenOfColumn(packed, b, Math.max(column, 0));
    return token < 0 ? ignoredLabel : token;
  });
}
