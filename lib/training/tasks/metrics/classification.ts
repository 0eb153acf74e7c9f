// Scores of predicted labels: accuracy, F1, Matthews correlation.

/** Right answers among all, 0 to 1. */
export function accuracy(predicted: readonly number[], gold: readonly number[]): number {
  checkPaired('accuracy', predicted, gold);
  return predicted.filter((label, i) => label === gold[i]).length / gold.length;
}

/**
 * F1 of one label against all others: 2·tp / (2·tp + fp + fn), 0 where it was neither there nor
 * predicted.
 *
 * @param positive the label that counts; GLUE's is 1
 */
export function f1(predicted: readonly number[], gold: readonly number[], positive = 1): number {
  checkPaired('f1', predicted, gold);
  let [both, either] = [0, 0];
  predicted.forEach((label, i) => {
    if (label === positive && gold[i] === positive) ++both;
    either += Number(label === positive) + Number(gold[i] === positive);
  });
  return either === 0 ? 0 : (2 * both) / either;
}

/** The mean of the F1 of every label that was there or was predicted. */
export function macroF1(predicted: readonly number[], gold: readonly number[]): number {
  const labels = [...new Set([...predicted, ...gold])];
  return labels.reduce((sum, label) => sum + f1(predicted, gold, label), 0) / labels.length;
}

/**
 * Matthews correlation, -1 to 1, for two labels or more (Gorodkin 2004); 0 where one side has one
 * label only. For two labels (tp·tn - fp·fn) / √((tp+fp)(tp+fn)(tn+fp)(tn+fn)).
 */
export function matthewsCorrelation(predicted: readonly number[], gold: readonly number[]): number {
  checkPaired('matthewsCorrelation', predicted, gold);
  const count = gold.length;
  const right = predicted.filter((label, i) => label === gold[i]).length;
  const [predictedCounts, goldCounts] = [countsOf(predicted), countsOf(gold)];
  let products = 0;
  for (const [label, times] of goldCounts) products += times * (predictedCounts.get(label) ?? 0);
  const spread = (counts: Map<number, number>): number =>
    count * count - [...counts.values()].reduce((sum, times) => sum + times * times, 0);
  const scale = Math.sqrt(spread(predictedCounts)) * Math.sqrt(spread(goldCounts));
  return scale === 0 ? 0 : (right * count - products) / scale;
}

function countsOf(labels: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** @throws RangeError for lists of different lengths, and for none */
export function checkPaired(
  name: string,
  predicted: ArrayLike<unknown>,
  gold: ArrayLike<unknown>,
): void {
  if (gold.length > 0 && predicted.length === gold.length) return;
  const got = `${predicted.length} and ${gold.length}`;
  throw new RangeError(
    `${name}: expected as many predictions as answers, at least one; got ${got}`,
  );
}
