// Sentence order: whether the second of two passages follows the first, or comes before it.
import type { AlbertForPreTraining } from '../models/index.js';
import { abortSignal, checkOptions, isRecord, show } from '../options.js';
import { type CallOptions, type Parts, type Pipeline, encodeTexts, makePipeline } from './base.js';
import { oneOrMany, row, toInputs } from './base.js';
import { mapBatches, mapSlices } from '../batching.js';
import { argmax, softmax } from '../math.js';
import { type Texts, checkInputs, checkString } from './texts.js';

/** Two passages, in the order that is to be judged. */
export type SentencePair = { first: string; second: string } | readonly [string, string];

/** The likelier order and its probability. */
export interface SentenceOrder {
  label: 'in order' | 'swapped';
  score: number;
}

/** How pairs are judged: what every pipeline takes. */
export type SentenceOrderOptions = CallOptions;

/**
 * Judges the order of passages with the head that ALBERT was pretrained with. Long passages are cut
 * to the model's positions. An array of two strings is one pair.
 *
 * @throws TypeError for wrong arguments, AbortError, AlbertError `ERR_DISPOSED`
 *
 * @example
 * const order = await pipeline('sentence-order', './albert-pretrained');
 * await order({ first: 'He opened the door.', second: 'Then he went in.' });
 * // { label: 'in order', score: 0.9… }
 */
export interface SentenceOrderPipeline extends Pipeline<AlbertForPreTraining> {
  (pair: SentencePair, options?: SentenceOrderOptions): Promise<SentenceOrder>;
  (pairs: readonly SentencePair[], options?: SentenceOrderOptions): Promise<SentenceOrder[]>;
}

const task = 'sentence-order';
const labels = ['in order', 'swapped'] as const;

/** Makes the pipeline of loaded parts. */
export function sentenceOrder(parts: Parts<AlbertForPreTraining>): SentenceOrderPipeline {
  return makePipeline(task, parts, async (input: unknown, options?: SentenceOrderOptions) => {
    checkOptions(task, options, { signal: abortSignal });
    const { texts, single } = checkPairs(input);
    const results = await mapSlices(texts, options?.signal, async (slice) =>
      mapBatches(await encodeTexts(parts, slice), async (batch) => {
        // The masked-LM head must have a position; it gets one, not all.
        const logits_positions = batch.map((_, i) => (i === 0 ? [0] : []));
        const settings = { logits_positions, signal: options?.signal };
        const { sop_logits } = await parts.model.forward(toInputs(batch), settings);
        return batch.map((_, i) => judge(softmax(row(sop_logits, i))));
      }),
    );
    return oneOrMany(results, single);
  }) as SentenceOrderPipeline;
}

function checkPairs(input: unknown): { texts: Texts[]; single: boolean } {
  const isPair = Array.isArray(input) && input.length === 2 && input.every(isString);
  if (isPair) return { texts: [toTexts(input, 'pair')], single: true };
  return checkInputs(input, toTexts);
}

function toTexts(value: unknown, at: string): Texts {
  const name = `${task}: ${at}`;
  if (Array.isArray(value) && value.length !== 2) {
    throw new TypeError(`${name}: expected [first, second], got ${value.length} elements`);
  }
  if (!Array.isArray(value) && !isRecord(value)) {
    throw new TypeError(
      `${name}: expected { first, second } or [first, second], got ${show(value)}`,
    );
  }
  const [first, second] = Array.isArray(value) ? value : [value.first, value.second];
  return {
    text: checkString(first, `${name}: first`),
    text_pair: checkString(second, `${name}: second`),
  };
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function judge(scores: Float64Array): SentenceOrder {
  const best = argmax(scores);
  return { label: labels[best]!, score: scores[best]! };
}
