// What is run: the lengths of the texts, and the ways to cut them into calls.

/** SST-2 sentences and SQuAD questions with their contexts: 64 texts, 5,568 tokens. */
const mixed = [
  33, 27, 40, 28, 32, 16, 22, 14, 166, 185, 22, 45, 27, 384, 26, 26, 130, 16, 384, 164, 32, 161, 20,
  28, 40, 13, 22, 24, 27, 264, 290, 361, 13, 320, 324, 14, 40, 45, 214, 11, 11, 94, 190, 12, 40, 34,
  35, 182, 20, 28, 24, 202, 303, 9, 33, 30, 16, 55, 36, 34, 26, 35, 31, 38,
];

/**
 * @typedef {object} Workload
 * @property {string} name what --workload names
 * @property {string} title
 * @property {string} [texts] whose texts these are, where several workloads share them
 * @property {number[]} lengths tokens of each text
 * @property {string[]} batchings the ways to cut it that are tried; the best one counts
 */

/** @type {Workload[]} */
export const workloads = [
  { name: '1x128', title: 'batch 1 × 128', lengths: [128], batchings: ['together'] },
  { name: '1x512', title: 'batch 1 × 512', lengths: [512], batchings: ['together'] },
  {
    name: '8x128',
    title: 'batch 8 × 128',
    lengths: Array(8).fill(128),
    batchings: ['together', 'one-at-a-time'],
  },
  {
    name: 'mixed',
    title: '64 mixed texts, best batching',
    lengths: mixed,
    batchings: ['packed', 'one-at-a-time', 'sorted-8', 'sorted-32'],
  },
  {
    name: 'mixed-sorted-32',
    title: '64 mixed texts, sorted batches of 32',
    texts: 'mixed',
    lengths: mixed,
    batchings: ['sorted-32'],
  },
];

/** What --quick runs: it shows that everything works, not how fast. */
export const quickWorkloads = workloads
  .filter(({ name }) => name === '1x128' || name.startsWith('mixed'))
  .map((workload) => ({ ...workload, lengths: workload.lengths.slice(0, 8) }));

/** A short batch with padding in it: small enough for the float64 reference. */
export const checkWorkload = {
  name: 'check',
  title: 'check against float64',
  lengths: [19, 7, 12],
  batchings: ['together'],
};

/** The ways to cut indices of texts into calls; 'packed' is for engines that pad nothing. */
const cuts = {
  together: (indices) => [indices],
  packed: (indices) => [indices],
  'one-at-a-time': (indices) => indices.map((index) => [index]),
  'sorted-8': (indices, lengths) => groups(byLength(indices, lengths), 8),
  'sorted-32': (indices, lengths) => groups(byLength(indices, lengths), 32),
};

/** Which texts go into which call: lists of indices into `lengths`. */
export function cut(lengths, batching) {
  return cuts[batching]([...lengths.keys()], lengths);
}

/** The token ids of each text: [CLS], words drawn by a fixed generator, [SEP]. */
export function tokenIds(lengths, vocabularySize = 30000) {
  let state = 12345;
  const word = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 5 + (state % (vocabularySize - 5));
  };
  return lengths.map((length) => [2, ...Array.from({ length: length - 2 }, word), 3]);
}

export const tokensOf = (lengths) => lengths.reduce((sum, length) => sum + length, 0);

function byLength(indices, lengths) {
  return indices.toSorted((a, b) => lengths[a] - lengths[b]);
}

function groups(items, size) {
  const list = [];
  for (let i = 0; i < items.length; i += size) list.push(items.slice(i, i + size));
  return list;
}
