// Reads what callers pass as integers per row (lists or tensors) into one checked form.
import { types } from 'node:util';
import { show } from './options.js';
import { isInt32, isTensorLike, readDims, showDims, sizeOf, type TensorLike } from './tensor.js';

/** A tensor of integers, or anything shaped like one. */
export interface IntegerTensor {
  readonly data: Int32Array | BigInt64Array;
  readonly dims: readonly number[];
}

/** Rows of integers, which may differ in length. */
export type IntegerRows = readonly (readonly number[])[];

/** Checked rows; those of several choices follow one another. */
export interface Grid {
  rows: Int32Array[];
  /** How many consecutive rows belong together: 1, or the number of choices. */
  choices: number;
}

/** "input_ids row 3", with the choice where there are several. */
export function rowName(field: string, row: number, choices: number): string {
  if (choices === 1) return `${field} row ${row}`;
  return `${field} row ${Math.floor(row / choices)}, choice ${row % choices}`;
}

/**
 * Reads [B][S] lists or a [B, S] tensor; with `rank` 3, [B][C][S] and [B, C, S].
 *
 * @throws TypeError for wrong types (non-integers among them), RangeError for wrong values
 */
export function readGrid(field: string, value: unknown, rank: 2 | 3): Grid {
  if (isTensorLike(value)) return readTensorGrid(field, value, rank);
  if (!Array.isArray(value)) {
    const shape = rank === 2 ? 'number[][]' : 'number[][][]';
    throw new TypeError(`${field}: expected ${shape} or a tensor of integers, got ${show(value)}`);
  }
  if (rank === 2) {
    return { rows: Array.from(value, (row, i) => readRow(`${field} row ${i}`, row)), choices: 1 };
  }
  return readChoices(field, value);
}

function readChoices(field: string, questions: unknown[]): Grid {
  const first = questions[0];
  const choices = Array.isArray(first) ? first.length : 0;
  // Array.from visits holes, too, which map skips.
  const rows = Array.from(questions, (question, i) => {
    if (!Array.isArray(question)) {
      throw new TypeError(`${field} row ${i}: expected one list per choice, got ${show(question)}`);
    }
    if (question.length !== choices || choices === 0) {
      const expected = choices === 0 ? 'at least one choice' : `${choices} choices, as row 0 has`;
      throw new RangeError(`${field} row ${i}: expected ${expected}, got ${question.length}`);
    }
    return Array.from(question, (row, c) => readRow(`${field} row ${i}, choice ${c}`, row));
  });
  return { rows: rows.flat(), choices };
}

function readRow(name: string, row: unknown): Int32Array {
  if (!Array.isArray(row)) {
    throw new TypeError(`${name}: expected an array of integers, got ${show(row)}`);
  }
  const out = new Int32Array(row.length);
  for (let i = 0; i < out.length; ++i) out[i] = readInteger(`${name}, column ${i}`, row[i]);
  return out;
}

function readInteger(name: string, value: unknown): number {
  if (isInt32(value)) return value;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`${name}: expected an integer, got ${show(value)}`);
  }
  throw new RangeError(`${name}: expected an integer of 32 bits, got ${value}`);
}

/** Reads number[] or a [B] tensor of integers. */
export function readColumn(field: string, value: unknown): Int32Array {
  if (!isTensorLike(value)) return readRow(field, value);
  const dims = readDims(field, value.dims);
  const flat = dims.length === 1 || (dims.length === 2 && dims[1] === 1);
  if (!flat) throw new RangeError(`${field}: expected dims [B], got ${showDims(dims)}`);
  return readIntegers(field, value.data, sizeOf(dims));
}

function readTensorGrid(field: string, tensor: TensorLike, rank: 2 | 3): Grid {
  const dims = readDims(field, tensor.dims);
  if (dims.length !== rank) {
    const expected = rank === 2 ? '[B, S]' : '[B, C, S]';
    throw new RangeError(`${field}: expected dims ${expected}, got ${showDims(dims)}`);
  }
  // First of all: rows without tokens cost their caller no data, and could be any number.
  const empty = dims.indexOf(0);
  if (empty >= 0) {
    const what = empty === 0 ? 'row' : empty === rank - 1 ? 'token' : 'choice';
    throw new RangeError(`${field}: expected at least one ${what}, got dims ${showDims(dims)}`);
  }
  const width = dims[rank - 1] ?? 0;
  const choices = rank === 3 ? (dims[1] ?? 0) : 1;
  const all = readIntegers(field, tensor.data, sizeOf(dims));
  const count = (dims[0] ?? 0) * choices;
  const rows = Array.from({ length: count }, (_, i) => all.subarray(i * width, (i + 1) * width));
  return { rows, choices };
}

/**
 * A private copy of integer data: nobody can change or detach it under the engine, and shared
 * memory is read once.
 */
function readIntegers(field: string, data: unknown, size: number): Int32Array {
  if (!types.isInt32Array(data) && !types.isBigInt64Array(data)) {
    throw new TypeError(`${field}: expected Int32Array or BigInt64Array data, got ${show(data)}`);
  }
  if (size > 0) checkAttached(field, data);
  if (data.length !== size) {
    throw new RangeError(`${field}: expected ${size} elements as dims say, got ${data.length}`);
  }
  if (types.isInt32Array(data)) return new Int32Array(data);
  const out = new Int32Array(size);
  for (let i = 0; i < size; ++i) out[i] = readInteger(`${field} element ${i}`, Number(data[i]));
  return out;
}

/** Refuses a view whose memory was transferred away, which otherwise just looks empty. */
export function checkAttached(field: string, data: ArrayBufferView): void {
  if (data.buffer.byteLength > 0) return;
  throw new TypeError(`${field}: its buffer is detached (was it transferred to another thread?)`);
}
