// Runs many sequences through a model in bounded batches, and gives the results back in order.

/** What a batch is measured by. */
export interface Sized {
  input_ids: { readonly length: number };
  /** Rows that a wide head computes for this sequence (masks to fill); absent = none. */
  rows?: number;
}

// A batch's outputs are rectangles, [sequences, longest, …]: both limits are areas of rectangles,
// so that a long sequence among short ones cannot blow them up. Measured in tokens, and in rows of
// a 30,000-column decoder (120 KB each in float32).
const tokensPerBatch = 8192;
const rowsPerBatch = 128;
// One batch fills the engine; the second is there while the first one's last tiles run out.
const batchesInFlight = 2;
// How many inputs are tokenized at once: bounds the ids that wait for the model.
const inputsPerSlice = 1024;

/** Indices of the sequences in batches: long ones first, neighbours in a batch alike in length. */
export function planBatches(sequences: readonly Sized[]): number[][] {
  const order = sequences.map((_, index) => index);
  const length = (index: number) => sequences[index]!.input_ids.length;
  order.sort((a, b) => length(b) - length(a) || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  let longest = 0;
  let mostRows = 0;
  for (const index of order) {
    const rows = Math.max(mostRows, sequences[index]!.rows ?? 0);
    const count = batch.length + 1;
    const full = count * longest > tokensPerBatch || count * rows > rowsPerBatch;
    if (batch.length === 0 || full) {
      batches.push((batch = []));
      longest = length(index);
      mostRows = 0;
    }
    batch.push(index);
    mostRows = Math.max(mostRows, sequences[index]!.rows ?? 0);
  }
  return batches;
}

/**
 * Calls `run` with batches of the sequences, a few at a time, and resolves to one result for each
 * sequence, in their order. `run` must resolve to as many results as it was given sequences.
 */
export async function mapBatches<Sequence extends Sized, Result>(
  sequences: readonly Sequence[],
  run: (batch: Sequence[]) => Promise<Result[]>,
): Promise<Result[]> {
  const results = new Array<Result>(sequences.length);
  const waiting = planBatches(sequences).reverse();
  let failed = false;
  const work = async () => {
    for (let batch = waiting.pop(); batch && !failed; batch = waiting.pop()) {
      try {
        const outputs = await run(batch.map((index) => sequences[index]!));
        batch.forEach((index, i) => (results[index] = outputs[i]!));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: batchesInFlight }, work));
  return results;
}

/** Maps inputs slice by slice, so that only one slice's tokens exist at a time. */
export async function mapSlices<Input, Result>(
  inputs: readonly Input[],
  signal: AbortSignal | undefined,
  map: (slice: Input[]) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let begin = 0; begin < inputs.length; begin += inputsPerSlice) {
    signal?.throwIfAborted();
    for (const result of await map(inputs.slice(begin, begin + inputsPerSlice))) {
      results.push(result);
    }
  }
  return results;
}
