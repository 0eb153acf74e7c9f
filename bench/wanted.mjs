// What this project wants of its numbers, to be printed beside them.

/** Ours against the best peer of the same dtype, by workload: how many times as fast. */
export const ratios = {
  '1x128': { fp32: 1.05, bf16: 1.2, int8: 1.4 },
  '1x512': { fp32: 1.1, bf16: 1.15, int8: 1.5 },
  '8x128': { fp32: 1.05, bf16: 1.03, int8: 1.4 },
  mixed: { fp32: 1.1, bf16: 1.25, int8: 1.3 },
  'mixed-sorted-32': { fp32: 2.5, bf16: 2.4, int8: 3 },
};

/** A layer's products with 128 rows and more: the share of the measured peak. */
export const gemmShare = { fp32: 0.87, bf16: 0.87, int8: 0.7 };

/** A mixed batch, in times of its sequences alone. */
export const companyCost = 1.02;

/** The event loop under many callers, and their throughput in shares of one big batch's. */
export const callers = { delayMilliseconds: 5, throughput: 0.95 };

/** From process start to the first result of 128 tokens of text, in milliseconds. */
export const firstResult = { fp32: 150 };

/** Resident memory after a batch of 1 × 128, in bytes. */
export const resident = { fp32: 130e6, bf16: 90e6 };

/** tokens/s with 16,384 tokens in flight, in shares of those with 4,096. */
export const linearity = 0.95;

/** Updates in bf16 against the best of the others: times as fast, and shares of its memory. */
export const training = {
  speed: { '8x128': 2, '4x512': 3.5 },
  memory: 0.5,
  recomputeMemory: 0.25,
};

/** Mean losses of a reference's run: how far above them, and how far dtypes may be apart. */
export const pretraining = {
  updates: [1000, 2000, 3000],
  above: 0.15,
  dtypes: 0.05,
  dtypeUpdates: 600,
};

/** "wanted ≥ 95 %: reached". */
export function verdict(limit, reached) {
  return `wanted ${limit}: ${reached ? 'reached' : 'missed'}`;
}
