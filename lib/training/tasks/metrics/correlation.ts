// Scores of predicted numbers: Pearson and Spearman correlation, mean squared error.
import { checkPaired } from './classification.js';

/** Pearson's r, -1 to 1; 0 where one side is constant. */
export function pearson(predicted: readonly number[], gold: readonly number[]): number {
  checkPaired('pearson', predicted, gold);
  const [a, b] = [centered(predicted), centered(gold)];
  const scale = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return scale === 0 ? 0 : Math.max(-1, Math.min(1, dot(a, b) / scale));
}

/** Spearman's rank correlation: Pearson's r of ranks; equal numbers share their mean rank. */
export function spearman(predicted: readonly number[], gold: readonly number[]): number {
  return pearson(ranksOf(predicted), ranksOf(gold));
}

/** The mean of the squared differences. */
export function meanSquaredError(predicted: readonly number[], gold: readonly number[]): number {
  checkPaired('meanSquaredError', predicted, gold);
  const squares = predicted.reduce((sum, value, i) => sum + (value - (gold[i] ?? 0)) ** 2, 0);
  return squares / gold.length;
}

function centered(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Array<number>(values.length).fill(0);
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && values[order[end]!] === values[order[first]!]) ++end;
    for (let i = first; i < end; ++i) ranks[order[i]!] = (first + end + 1) / 2;
    first = end;
  }
  return ranks;
}
