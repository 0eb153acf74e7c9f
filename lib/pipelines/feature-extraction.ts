// Feature extraction: vectors for tokens or whole texts.
import type { AlbertModel } from '../models/index.js';
import { abortSignal, boolean, checkOptions, oneOf } from '../options.js';
import { Tensor } from '../tensor.js';
import { type CallOptions, type Parts, type Pipeline, encodeTexts } from './base.js';
import { makePipeline, row, toInputs } from './base.js';
import { mapBatches, mapSlices } from '../batching.js';
import { normalizeInPlace } from '../math.js';
import { type TextOrPair, checkTexts } from './texts.js';

/** How vectors are made of texts. */
export interface FeatureExtractionOptions extends CallOptions {
  /**
   * 'none' (default): a vector for each token. 'mean': the mean of a text's tokens, [CLS] and [SEP]
   * among them. 'cls': the vector of [CLS].
   */
  pooling?: 'none' | 'mean' | 'cls' | undefined;
  /** Scale each vector to length 1. Default false. */
  normalize?: boolean | undefined;
}

/**
 * Makes vectors of texts: float32, [texts, H], or with pooling 'none' [texts, longest, H] where
 * rows past a text's end are 0. A single text counts as one of one. Long texts are cut to the
 * model's positions.
 *
 * @throws TypeError and RangeError for wrong arguments, AbortError, AlbertError `ERR_DISPOSED`
 *
 * @example
 * const embed = await pipeline('feature-extraction', './albert-base-v2');
 * const vectors = await embed(['one text', 'another'], { pooling: 'mean', normalize: true });
 * vectors.dims; // [ 2, 768 ]
 */
export interface FeatureExtractionPipeline extends Pipeline<AlbertModel> {
  (
    texts: TextOrPair | readonly TextOrPair[],
    options?: FeatureExtractionOptions,
  ): Promise<Tensor<'float32'>>;
}

const schema = {
  pooling: oneOf('none', 'mean', 'cls'),
  normalize: boolean,
  signal: abortSignal,
};

/** Makes the pipeline of loaded parts. */
export function featureExtraction(parts: Parts<AlbertModel>): FeatureExtractionPipeline {
  const task = 'feature-extraction';
  return makePipeline(
    task,
    parts,
    async (input: unknown, options: FeatureExtractionOptions = {}) => {
      checkOptions(task, options, schema);
      const { texts } = checkTexts(task, input);
      const { pooling = 'none', normalize = false } = options;
      const perText = await mapSlices(texts, options.signal, async (slice) =>
        mapBatches(await encodeTexts(parts, slice), async (batch) => {
          const { last_hidden_state } = await parts.model.forward(toInputs(batch), {
            signal: options.signal,
          });
          return batch.map(({ input_ids }, i) => {
            const vectors = input_ids.map((_, column) => row(last_hidden_state, i, column));
            const pooled = pool(vectors, pooling);
            if (normalize) pooled.forEach(normalizeInPlace);
            return pooled;
          });
        }),
      );
      return stack(
        perText,
        pooling,
        parts.model.config.hidden_size ?? perText[0]?.[0]?.length ?? 0,
      );
    },
  ) as FeatureExtractionPipeline;
}

/** The vectors that are kept of a text's token vectors: copies, so that a batch can be freed. */
function pool(vectors: Float32Array[], pooling: 'none' | 'mean' | 'cls'): Float32Array[] {
  if (pooling === 'none') return vectors.map((vector) => vector.slice());
  if (pooling === 'cls') return [vectors[0]!.slice()];
  const sum = new Float64Array(vectors[0]!.length);
  for (const vector of vectors) vector.forEach((x, i) => (sum[i]! += x));
  return [Float32Array.from(sum, (x) => x / vectors.length)];
}

function stack(texts: Float32Array[][], pooling: string, hidden: number): Tensor<'float32'> {
  const longest = texts.reduce((most, vectors) => Math.max(most, vectors.length), 0);
  const data = new Float32Array(texts.length * longest * hidden);
  texts.forEach((vectors, text) =>
    vectors.forEach((vector, i) => data.set(vector, (text * longest + i) * hidden)),
  );
  const dims = pooling === 'none' ? [texts.length, longest, hidden] : [texts.length, hidden];
  return new Tensor('float32', data, dims);
}
