// Text classification: one label, several, or a number for each text.
import type { AlbertConfig } from '../config.js';
import { labelName, numLabels } from '../config.js';
import type { AlbertForSequenceClassification } from '../models/index.js';
import { abortSignal, checkOptions, integer, oneOf } from '../options.js';
import { type CallOptions, type Parts, type Pipeline, encodeTexts, makePipeline } from './base.js';
import { nullOr, oneOrMany, row, toInputs } from './base.js';
import { type TextOrPair, checkTexts } from './texts.js';
import { mapBatches, mapSlices } from '../batching.js';
import { type Numbers, sigmoid, softmax, topIndices } from '../math.js';

/** A label and its score. */
export interface Classification {
  /** Its name in the model's `id2label`. */
  label: string;
  /** A probability from 0 to 1; with `function_to_apply: 'none'` the raw logit. */
  score: number;
}

/** How texts are classified. */
export interface TextClassificationOptions extends CallOptions {
  /** How many labels to return, best first; `null` for all. Default 1. */
  top_k?: number | null | undefined;
  /**
   * What makes scores of logits. Default: 'none' for a regression model, 'sigmoid' for a
   * multi-label model or a single label, else 'softmax'.
   */
  function_to_apply?: 'softmax' | 'sigmoid' | 'none' | undefined;
}

/**
 * Classifies texts or pairs of texts. Long texts are cut to the model's positions.
 *
 * @throws TypeError and RangeError for wrong arguments, AbortError, AlbertError `ERR_DISPOSED`
 *
 * @example
 * const classify = await pipeline('text-classification');
 * await classify('a gripping film'); // [ { label: 'POSITIVE', score: 0.99… } ]
 * await classify(['good', 'bad']); // [ { label: 'POSITIVE', … }, { label: 'NEGATIVE', … } ]
 * await classify('good', { top_k: null }); // every label, best first
 */
export interface TextClassificationPipeline extends Pipeline<AlbertForSequenceClassification> {
  (text: TextOrPair, options?: TextClassificationOptions): Promise<Classification[]>;
  /** One label for each text; with another `top_k`, an array of labels for each text. */
  (
    texts: readonly TextOrPair[],
    options?: TextClassificationOptions & { top_k?: 1 },
  ): Promise<Classification[]>;
  (
    texts: readonly TextOrPair[],
    options: TextClassificationOptions & { top_k: number | null },
  ): Promise<Classification[] | Classification[][]>;
}

const schema = {
  top_k: nullOr(integer(1)),
  function_to_apply: oneOf('softmax', 'sigmoid', 'none'),
  signal: abortSignal,
};

/** Makes the pipeline of loaded parts. */
export function textClassification(
  parts: Parts<AlbertForSequenceClassification>,
): TextClassificationPipeline {
  const task = 'text-classification';
  return makePipeline(task, parts, async (input: unknown, options?: TextClassificationOptions) => {
    checkOptions(task, options, schema);
    const { texts, single } = checkTexts(task, input);
    const perText = await mapSlices(texts, options?.signal, async (slice) =>
      mapBatches(await encodeTexts(parts, slice), async (batch) => {
        const { logits } = await parts.model.forward(toInputs(batch), { signal: options?.signal });
        return batch.map((_, i) => classify(row(logits, i), parts.model.config, options));
      }),
    );
    const flat = (options?.top_k === undefined || options.top_k === 1) && !single;
    return flat ? perText.flat() : oneOrMany(perText, single);
  }) as TextClassificationPipeline;
}

function classify(
  logits: Numbers,
  config: AlbertConfig,
  { top_k = 1, function_to_apply }: TextClassificationOptions = {},
): Classification[] {
  const scores = applyFunction(logits, function_to_apply ?? defaultFunction(config));
  return topIndices(scores, top_k ?? scores.length).map((index) => ({
    label: labelName(config, index),
    score: scores[index]!,
  }));
}

function defaultFunction(config: AlbertConfig): 'softmax' | 'sigmoid' | 'none' {
  if (config.problem_type === 'regression') return 'none';
  if (config.problem_type === 'multi_label_classification') return 'sigmoid';
  return numLabels(config) === 1 ? 'sigmoid' : 'softmax';
}

function applyFunction(logits: Numbers, name: 'softmax' | 'sigmoid' | 'none'): Numbers {
  if (name === 'softmax') return softmax(logits);
  return name === 'sigmoid' ? Array.from(logits, sigmoid) : logits;
}
