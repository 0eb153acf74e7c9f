// Compares numbers in bulk: one pass, the worst error, and how many were compared.

/** Nested arrays of numbers, as golden files have them. */
export type Nested = number | readonly Nested[];

/** What a comparison found; a test asserts both. */
export interface Comparison {
  compared: number;
  worst: number;
}

/** Whether an element of a flat array takes part. */
export type Keep = (index: number) => boolean;

export function flatten(nested: Nested): number[] {
  if (typeof nested === 'number') return [nested];
  return nested.flatMap((inner) => flatten(inner));
}

/** The largest |a - b|; different lengths and NaN count as infinitely wrong. */
export function absoluteError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  keep: Keep = () => true,
): Comparison {
  return worstOf(actual, expected, keep, (a, b) => Math.abs(a - b));
}

/** The largest |a - b| / max(|b|, 1e-3): for values of order 1, relative where they are larger. */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  keep: Keep = () => true,
): Comparison {
  return worstOf(actual, expected, keep, (a, b) => Math.abs(a - b) / Math.max(Math.abs(b), 1e-3));
}

/** |a - b| / |b| of whole arrays; different lengths and NaN count as infinitely wrong. */
export function relativeNorm(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  keep: Keep = () => true,
): Comparison {
  if (actual.length !== expected.length) return { compared: 0, worst: Infinity };
  let away = 0;
  let size = 0;
  let compared = 0;
  for (let i = 0; i < expected.length; ++i) {
    if (!keep(i)) continue;
    ++compared;
    away += (Number(actual[i]) - Number(expected[i])) ** 2;
    size += Number(expected[i]) ** 2;
  }
  const worst = size === 0 ? away : Math.sqrt(away / size);
  return { compared, worst: Number.isNaN(worst) ? Infinity : worst };
}

function worstOf(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  keep: Keep,
  errorOf: (a: number, b: number) => number,
): Comparison {
  if (actual.length !== expected.length) return { compared: 0, worst: Infinity };
  let worst = 0;
  let compared = 0;
  for (let i = 0; i < expected.length; ++i) {
    if (!keep(i)) continue;
    const error = errorOf(Number(actual[i]), Number(expected[i]));
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
    ++compared;
  }
  return { compared, worst };
}

/** The bits of numbers as text, so that equal means equal to the bit (0 and -0 differ). */
export function bits(values: ArrayLike<number>): string {
  return Buffer.from(Float64Array.from(values).buffer).toString('base64');
}

/** A reproducible source of numbers in [0, 1): mulberry32. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
