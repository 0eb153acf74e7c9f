// Reads, rewrites and writes safetensors files, independently of the engine's own code.
import { readFileSync, writeFileSync } from 'node:fs';

/** A tensor as it lies in a file. */
export interface StoredTensor {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

export type Tensors = Map<string, StoredTensor>;

export function readSafetensors(file: string): Tensors {
  const content = readFileSync(file);
  const begin = 8 + Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.toString('utf8', 8, begin)) as Record<string, HeaderEntry>;
  const tensors: Tensors = new Map();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = data_offsets;
    tensors.set(name, { dtype, shape, bytes: content.subarray(begin + from, begin + to) });
  }
  return tensors;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Writes a file from header text and data, true to each other or not. */
export function writeRaw(file: string, header: string, data: Uint8Array, length?: bigint): void {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  writeFileSync(file, Buffer.concat([prefix, text, data]));
}

export function writeSafetensors(file: string, tensors: Tensors): void {
  const header: Record<string, HeaderEntry> = {};
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, (at += bytes.length)] };
  }
  const data = Buffer.concat([...tensors.values()].map(({ bytes }) => bytes));
  writeRaw(file, JSON.stringify(header), data);
}

export function float32Tensor(shape: number[], values: readonly number[]): StoredTensor {
  return { dtype: 'F32', shape, bytes: Buffer.from(Float32Array.from(values).buffer) };
}

export function float64Tensor(shape: number[], values: ArrayLike<number>): StoredTensor {
  return { dtype: 'F64', shape, bytes: Buffer.from(Float64Array.from(values).buffer) };
}

/** The values of an F32 tensor. */
export function floatsOf({ bytes }: StoredTensor): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** The same values in bfloat16, rounded to nearest even. */
export function toBFloat16(tensor: StoredTensor): StoredTensor {
  const words = new Uint32Array(Uint8Array.from(tensor.bytes).buffer);
  const halves = Uint16Array.from(words, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
  return { ...tensor, dtype: 'BF16', bytes: Buffer.from(halves.buffer) };
}

/** What bfloat16 values are in float32. */
export function fromBFloat16(tensor: StoredTensor): StoredTensor {
  const halves = new Uint16Array(Uint8Array.from(tensor.bytes).buffer);
  const words = Uint32Array.from(halves, (half) => half << 16);
  return { ...tensor, dtype: 'F32', bytes: Buffer.from(words.buffer) };
}

/** Float16 tensors whose bits are given, and what they are in float32. */
export function float16Pair(shape: number[], halves: Uint16Array): [StoredTensor, StoredTensor] {
  const wide = Float32Array.from(halves, float16Value);
  return [
    { dtype: 'F16', shape, bytes: Buffer.from(Uint16Array.from(halves).buffer) },
    { dtype: 'F32', shape, bytes: Buffer.from(wide.buffer) },
  ];
}

function float16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
