// Packs a caller's rows into one batch without padding, which is what the engine reads.
import type { NativeForwardRequest } from './native.js';
import { readGrid, rowName, type Grid, type IntegerRows, type IntegerTensor } from './grid.js';
import { isRecord, show, unknownOption } from './options.js';

/** Token-level integers: rows that may differ in length, or a padded [B, S] tensor. */
export type InputField = IntegerRows | IntegerTensor;

/** The same for multiple choice: [B][C][S] lists or a [B, C, S] tensor. */
export type ChoiceField = readonly IntegerRows[] | IntegerTensor;

/** What every model reads; for multiple choice `Field` is {@link ChoiceField}. */
export interface ModelInputs<Field = InputField> {
  /** Vocabulary ids. */
  input_ids: Field;
  /** Segment ids, 0 or 1; all 0 where absent. */
  token_type_ids?: Field | undefined;
  /** 1 = read this position, 0 = drop it; all 1 where absent. The first of a row must be 1. */
  attention_mask?: Field | undefined;
  /** Rows of the position table; 0, 1, 2 … where absent. */
  position_ids?: Field | undefined;
}

/** A packed batch, and what is needed to lead labels and outputs back to the caller's rows. */
export interface PackedInputs {
  request: NativeForwardRequest;
  /** Each row's length as the caller gave it, masked positions included. */
  rowLengths: number[];
  /** 1, or the choices of one question. */
  choices: number;
}

const fieldNames = ['input_ids', 'token_type_ids', 'attention_mask', 'position_ids'] as const;

/** What tokenizers and datasets give besides the inputs; accepted and not read. */
const ignoredNames: readonly string[] = [
  'offset_mapping',
  'special_tokens_mask',
  'sequence_ids',
  'overflow_to_sample_mapping',
  'token_boundary',
];

/**
 * Checks that inputs are an object with known fields.
 *
 * @param extra the fields this model knows besides the common ones: labels, mostly
 */
export function checkFields(where: string, inputs: unknown, extra: readonly string[]): void {
  if (!isRecord(inputs)) {
    throw new TypeError(`${where}: expected { input_ids, … }, got ${show(inputs)}`);
  }
  const known = [...fieldNames, ...extra];
  for (const name of Object.keys(inputs)) {
    if (known.includes(name) || ignoredNames.includes(name)) continue;
    throw unknownOption(where, name, known, 'input');
  }
  if (inputs['input_ids'] === undefined) throw new TypeError(`${where}: input_ids is missing`);
}

/**
 * Packs inputs: masked positions are dropped, the others keep their positions and columns.
 *
 * @param rank 2 for [B, S], 3 for [B, C, S]
 * @throws TypeError and RangeError that name the field and the row
 */
export function packInputs(inputs: ModelInputs<unknown>, rank: 2 | 3 = 2): PackedInputs {
  const ids = readGrid('input_ids', inputs.input_ids, rank);
  if (ids.rows.length === 0) throw new RangeError('input_ids: expected at least one row, got none');
  checkRowsFilled(ids);
  const mask = readLike('attention_mask', inputs.attention_mask, ids, rank);
  const fields: Fields = {
    ids,
    segments: readLike('token_type_ids', inputs.token_type_ids, ids, rank),
    positions: readLike('position_ids', inputs.position_ids, ids, rank),
    kept: ids.rows.map((row, b) => keptColumns(row.length, mask?.rows[b], b, ids.choices)),
  };
  return {
    request: packRows(fields),
    rowLengths: ids.rows.map((row) => row.length),
    choices: ids.choices,
  };
}

interface Fields {
  ids: Grid;
  segments: Grid | undefined;
  positions: Grid | undefined;
  /** For each row the columns that count. */
  kept: Int32Array[];
}

function checkRowsFilled(ids: Grid): void {
  const empty = ids.rows.findIndex((row) => row.length === 0);
  if (empty < 0) return;
  throw new RangeError(`${rowName('input_ids', empty, ids.choices)}: expected at least one token`);
}

/** Reads an optional field whose rows must be as many and as long as those of input_ids. */
export function readLike(
  field: string,
  value: unknown,
  ids: { rows: readonly { length: number }[]; choices: number },
  rank: 2 | 3,
): Grid | undefined {
  if (value === undefined || value === null) return undefined;
  const grid = readGrid(field, value, rank);
  if (grid.rows.length !== ids.rows.length || grid.choices !== ids.choices) {
    const expected = `${ids.rows.length} rows as input_ids has`;
    throw new RangeError(`${field}: expected ${expected}, got ${grid.rows.length}`);
  }
  grid.rows.forEach((row, b) => {
    const length = ids.rows[b]?.length;
    if (row.length === length) return;
    const name = rowName(field, b, ids.choices);
    throw new RangeError(`${name}: expected ${length} values as input_ids has, got ${row.length}`);
  });
  return grid;
}

function keptColumns(
  length: number,
  mask: Int32Array | undefined,
  row: number,
  choices: number,
): Int32Array {
  if (!mask) return Int32Array.from({ length }, (_, column) => column);
  const name = rowName('attention_mask', row, choices);
  const wrong = mask.findIndex((value) => value !== 0 && value !== 1);
  if (wrong >= 0) {
    throw new RangeError(`${name}, column ${wrong}: expected 0 or 1, got ${mask[wrong]}`);
  }
  if (mask[0] !== 1) {
    throw new RangeError(`${name}: the first token is masked; every row must start with a token`);
  }
  return Int32Array.from(mask.keys()).filter((column) => mask[column] === 1);
}

function packRows({ ids, segments, positions, kept }: Fields): NativeForwardRequest {
  const cu_seqlens = new Int32Array(kept.length + 1);
  kept.forEach((columns, b) => (cu_seqlens[b + 1] = (cu_seqlens[b] ?? 0) + columns.length));
  const total = cu_seqlens[kept.length] ?? 0;
  const request = {
    tokens: new Int32Array(total),
    segments: new Int32Array(total),
    positions: new Int32Array(total),
    columns: new Int32Array(total),
    cu_seqlens,
    width: ids.rows.reduce((most, row) => Math.max(most, row.length), 0),
  };
  let t = 0;
  kept.forEach((columns, b) => {
    for (const column of columns) {
      request.tokens[t] = ids.rows[b]?.[column] ?? 0;
      request.segments[t] = segments?.rows[b]?.[column] ?? 0;
      request.positions[t] = positions?.rows[b]?.[column] ?? column;
      request.columns[t++] = column;
    }
  });
  return request;
}

/** The packed index, within its sequence, of a caller's column; -1 where it is masked or absent. */
export function tokenOfColumn(packed: PackedInputs, row: number, column: number): number {
  const { columns, cu_seqlens } = packed.request;
  return columns.subarray(cu_seqlens[row], cu_seqlens[row + 1]).indexOf(column);
}

/**
 * Packs rows of chosen columns (`logits_positions`) into token indices with offsets.
 *
 * @throws TypeError and RangeError that name the row
 */
export function packPositions(field: string, value: unknown, packed: PackedInputs): HeadRows {
  const { rows } = readGrid(field, value, 2);
  const count = packed.rowLengths.length;
  if (rows.length !== count) {
    throw new RangeError(`${field}: expected ${count} rows as input_ids has, got ${rows.length}`);
  }
  const chosen = rows.map((row, b) =>
    Array.from(row, (column) => {
      const token = tokenOfColumn(packed, b, column);
      if (token >= 0) return token;
      throw new RangeError(`${field} row ${b}: position ${column} is masked or outside the row`);
    }),
  );
  return packHeadRows(chosen, packed);
}

/** The tokens a head computes, as the engine reads them. */
export type HeadRows = Required<Pick<NativeForwardRequest, 'head_rows' | 'head_cu'>>;

/** Joins token indices within each sequence to indices within the batch. */
export function packHeadRows(chosen: IntegerRows, packed: PackedInputs): HeadRows {
  const { cu_seqlens } = packed.request;
  const head_cu = new Int32Array(chosen.length + 1);
  chosen.forEach((row, b) => (head_cu[b + 1] = (head_cu[b] ?? 0) + row.length));
  const all = chosen.flatMap((row, b) => row.map((token) => token + (cu_seqlens[b] ?? 0)));
  return { head_rows: Int32Array.from(all), head_cu };
}
