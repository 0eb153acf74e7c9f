// Scores from logits, and the best of them.

/** Numbers by index, as typed arrays and plain arrays have them. */
export type Numbers = ArrayLike<number>;

/** Probabilities of one row of logits; the maximum is subtracted first: nothing overflows. */
export function softmax(logits: Numbers): Float64Array {
  let maximum = -Infinity;
  for (let i = 0; i < logits.length; i++) maximum = Math.max(maximum, logits[i]!);
  const scores = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += scores[i] = Math.exp(logits[i]! - maximum);
  for (let i = 0; i < scores.length; i++) scores[i]! /= sum;
  return scores;
}

/** 1 / (1 + e^-x), in the form that does not overflow for either sign. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const exponential = Math.exp(x);
  return exponential / (1 + exponential);
}

/** The index of the largest number; of equal ones the first. */
export function argmax(numbers: Numbers): number {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! > numbers[best]!) best = i;
  return best;
}

/** The indices of the `count` largest numbers, largest first; of equal ones the lower index. */
export function topIndices(numbers: Numbers, count: number): number[] {
  if (count * 8 >= numbers.length) {
    const all = Array.from({ length: numbers.length }, (_, index) => index);
    return all.sort((a, b) => numbers[b]! - numbers[a]! || a - b).slice(0, count);
  }
  const best: number[] = [];
  for (let i = 0; i < numbers.length; i++) {
    if (best.length === count && numbers[i]! <= numbers[best[count - 1]!]!) continue;
    if (best.length === count) best.pop();
    let at = best.length;
    while (at > 0 && numbers[best[at - 1]!]! < numbers[i]!) at--;
    best.splice(at, 0, i);
  }
  return best;
}

/** Scales a vector to length 1 in place; a zero vector stays zero. */
export function normalizeInPlace(vector: Float32Array): void {
  let squares = 0;
  for (const x of vector) squares += x * x;
  if (squares === 0) return;
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
}
