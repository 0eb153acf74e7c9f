// Makes a curve readable: the mean of the last updates, and no more points than pixels.
import type { Curve } from './read-log.js';

/** For each update the mean of it and those before it, `window` at most. */
export function smooth({ steps, values }: Curve, window: number): Curve {
  let sum = 0;
  const means = values.map((value, i) => {
    sum += value;
    if (i >= window) sum -= values[i - window]!;
    return sum / Math.min(i + 1, window);
  });
  return { steps, values: means };
}

/** Every n-th point and the last one, so that about `most` are left. */
export function thin({ steps, values }: Curve, most: number): Curve {
  const every = Math.max(1, Math.ceil(steps.length / most));
  const kept = [...steps.keys()].filter((i) => i % every === 0 || i === steps.length - 1);
  return { steps: kept.map((i) => steps[i]!), values: kept.map((i) => values[i]!) };
}

/** Round numbers that divide a range into about `count` parts, those inside it. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}
