// A dense array of numbers with a shape: what models return and what they take besides lists.
import { types } from 'node:util';
import { isRecord, line, show } from './options.js';

interface TensorArrays {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
}

/** The element types a {@link Tensor} can have. */
export type TensorType = keyof TensorArrays;

/** The array that holds the elements of a tensor of type `T`. */
export type TensorData<T extends TensorType = TensorType> = TensorArrays[T];

/** What one element of a tensor of type `T` is in a plain array. */
export type TensorElement<T extends TensorType = TensorType> = T extends 'int64' ? bigint : number;

/** Nested arrays of elements, as deep as the tensor has dimensions. */
export type NestedArray<E = number | bigint> = E | NestedArray<E>[];

/** Elements bound the arrays of a tensor that has any; this bounds those of one that has none. */
const mostEmptyArrays = 2 ** 20;

const isData: Record<TensorType, (value: unknown) => boolean> = {
  float32: types.isFloat32Array,
  float64: types.isFloat64Array,
  int32: types.isInt32Array,
  int64: types.isBigInt64Array,
};

const makeData: Record<TensorType, (values: readonly never[]) => TensorData> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values),
  int32: (values) => Int32Array.from(values),
  int64: (values) => BigInt64Array.from(values),
};

/**
 * Numbers in row-major order and their shape.
 *
 * @example
 * const ids = new Tensor('int32', Int32Array.of(2, 14, 3), [1, 3]);
 * console.log(ids.size, ids.tolist()); // 3 [ [ 2, 14, 3 ] ]
 */
export class Tensor<T extends TensorType = TensorType> {
  /** The element type. */
  readonly type: T;
  /** The elements, row-major; not copied from what the constructor was given. */
  readonly data: TensorData<T>;
  /** The shape, outermost dimension first; [] for a single number. */
  readonly dims: readonly number[];

  /**
   * @param type element type
   * @param data its typed array (kept, not copied), or a plain array (converted)
   * @param dims shape; its product is the number of elements
   * @throws TypeError for wrong types, RangeError where data and dims disagree
   */
  constructor(
    type: T,
    data: TensorData<T> | readonly TensorElement<T>[],
    dims: readonly number[],
  ) {
    if (!Object.hasOwn(isData, type)) {
      const known = Object.keys(isData).join(', ');
      throw new TypeError(`Tensor: expected a type of ${known}; got ${show(type)}`);
    }
    this.type = type;
    this.data = readData(type, data);
    this.dims = Object.freeze(readDims('Tensor', dims));
    if (this.data.length !== this.size) {
      const expected = `${this.size} elements for dims ${showDims(this.dims)}`;
      throw new RangeError(`Tensor: expected ${expected}, got ${this.data.length}`);
    }
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.dims);
  }

  /**
   * The elements as nested arrays; a number for dims [].
   *
   * @throws RangeError for a tensor without elements that would be over a million empty arrays
   *
   * @example
   * new Tensor('float32', [1, 2, 3, 4], [2, 2]).tolist(); // [ [ 1, 2 ], [ 3, 4 ] ]
   */
  tolist(): NestedArray<TensorElement<T>> {
    if (this.size === 0 && sizeOf(this.dims.slice(0, this.dims.indexOf(0))) > mostEmptyArrays) {
      throw new RangeError(`tolist: dims ${showDims(this.dims)} are too many empty arrays`);
    }
    const nest = (axis: number, offset: number, size: number): NestedArray<TensorElement<T>> => {
      const length = this.dims[axis];
      if (length === undefined) return this.data[offset] as TensorElement<T>;
      const step = length === 0 ? 0 : size / length;
      return Array.from({ length }, (_, i) => nest(axis + 1, offset + i * step, step));
    };
    return nest(0, 0, this.size);
  }
}

/** The number of elements of a shape. */
export function sizeOf(dims: readonly number[]): number {
  // Not by the product alone: Infinity × 0 is no number.
  return dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
}

/** A shape for error messages. */
export function showDims(dims: readonly number[]): string {
  return `[${line(dims.join(', '), 80)}]`;
}

/** A checked copy of a shape. */
export function readDims(name: string, dims: unknown): number[] {
  if (!Array.isArray(dims)) {
    throw new TypeError(`${name}: expected dims to be an array of integers, got ${show(dims)}`);
  }
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new RangeError(`${name}: expected each of dims to be an integer ≥ 0, got ${show(dim)}`);
    }
  }
  return [...(dims as number[])];
}

function readData<T extends TensorType>(type: T, data: unknown): TensorData<T> {
  if (isData[type](data)) return data as TensorData<T>;
  const element = type === 'int64' ? 'bigint' : 'number';
  if (!Array.isArray(data)) {
    const expected = `${type} data or an array of ${element}s`;
    throw new TypeError(`Tensor: expected ${expected}, got ${show(data)}`);
  }
  // entries() visits holes, too, which forEach skips.
  for (const [i, value] of data.entries()) {
    const wrong = typeof value !== element || (type === 'int32' && !isInt32(value));
    if (wrong) throw new TypeError(`Tensor: element ${i} is no ${type}: ${show(value)}`);
  }
  return makeData[type](data as never[]) as TensorData<T>;
}

/** Whether a value is an integer that 32 bits hold. */
export function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

/** What has the fields of a tensor; what is in them is yet to be checked. */
export interface TensorLike {
  data: unknown;
  dims: unknown;
}

/** Whether a value looks like a tensor: `data` and `dims`. */
export function isTensorLike(value: unknown): value is TensorLike {
  return isRecord(value) && 'data' in value && 'dims' in value;
}
