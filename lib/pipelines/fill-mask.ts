// Fill-mask: the likeliest words for each [MASK] of a text.
import type { AlbertForMaskedLM } from '../models/index.js';
import { abortSignal, checkOptions, integer, line, strings } from '../options.js';
import { type CallOptions, type Parts, type Pipeline, type Sequence, encodeTexts } from './base.js';
import { makePipeline, oneOrMany, row, toInputs } from './base.js';
import { mapBatches, mapSlices } from '../batching.js';
import { checkStrings } from './texts.js';
import { softmax, topIndices } from '../math.js';

/** One way to fill a mask. */
export interface MaskFilling {
  /** The probability of the token at the mask. */
  score: number;
  /** Its id. */
  token: number;
  /** Its text. */
  token_str: string;
  /** The text with the mask filled; where it has several masks, the other ones stay. */
  sequence: string;
}

/** How masks are filled. */
export interface FillMaskOptions extends CallOptions {
  /** How many fillings to return for each mask, best first. Default 5. */
  top_k?: number | undefined;
  /** Only these words are considered; each must be a single token. */
  targets?: string | string[] | undefined;
}

/** The fillings of the only mask, or those of each of several masks. */
export type FillMaskResult = MaskFilling[] | MaskFilling[][];

/**
 * Fills masks. The decoder runs at the masks only. Long texts are cut to the model's positions.
 *
 * @throws RangeError where a text has no [MASK] (or only behind the cut) or a target is no single
 *   token; TypeError, AbortError, AlbertError `ERR_DISPOSED`
 *
 * @example
 * const fill = await pipeline('fill-mask', './albert-base-v2');
 * await fill('Paris is the [MASK] of France.');
 * // [ { score: 0.98…, token: 1057, token_str: 'capital', sequence: 'paris is the …' }, … ]
 * await fill('The [MASK] barked at the [MASK].', { top_k: 3 }); // one array for each mask
 */
export interface FillMaskPipeline extends Pipeline<AlbertForMaskedLM> {
  (text: string, options?: FillMaskOptions): Promise<FillMaskResult>;
  (texts: readonly string[], options?: FillMaskOptions): Promise<FillMaskResult[]>;
}

const schema = {
  top_k: integer(1),
  targets: (value: unknown, name: string) => {
    if (typeof value !== 'string') strings(value, name);
  },
  signal: abortSignal,
};

/** Makes the pipeline of loaded parts. */
export function fillMask(parts: Parts<AlbertForMaskedLM>): FillMaskPipeline {
  const task = 'fill-mask';
  return makePipeline(task, parts, async (input: unknown, options: FillMaskOptions = {}) => {
    checkOptions(task, options, schema);
    const { texts, single } = checkStrings(task, input);
    const targets = options.targets === undefined ? undefined : targetIds(parts, options.targets);
    const results = await mapSlices(texts, options.signal, async (slice) => {
      const sequences = await encodeTexts(
        parts,
        slice.map((text) => ({ text })),
      );
      const masked = sequences.map((sequence, i) => findMasks(parts, sequence, slice[i]!));
      return mapBatches(masked, (batch) => fillBatch(parts, batch, targets, options));
    });
    return oneOrMany(results, single);
  }) as FillMaskPipeline;
}

interface Masked extends Sequence {
  /** The columns of its masks. */
  masks: number[];
}

function findMasks({ tokenizer }: Parts, sequence: Sequence, text: string): Masked {
  const masks = [...sequence.input_ids.keys()].filter(
    (column) => sequence.input_ids[column] === tokenizer.mask_token_id,
  );
  if (masks.length > 0) return { ...sequence, masks, rows: masks.length };
  const { mask_token = '[MASK]' } = tokenizer;
  const cut = text.includes(mask_token) ? ' in the part that fits the model' : '';
  throw new RangeError(
    `fill-mask: no ${mask_token}${cut}: write it where a word is to be guessed, ` +
      `got "${line(text, 60)}"`,
  );
}

/** The ids of target words: as words of a text, else as pieces that the vocabulary spells so. */
function targetIds({ tokenizer }: Parts, targets: string | string[]): Int32Array {
  const words = [targets].flat();
  if (words.length === 0) throw new RangeError('fill-mask: targets: expected at least one word');
  const ids = words.map((word, i) => {
    const pieces = tokenizer.encode(word, { add_special_tokens: false });
    const id = pieces.length === 1 ? pieces[0] : tokenizer.convert_tokens_to_ids(word);
    if (id !== undefined && id !== tokenizer.unk_token_id) return id;
    throw new RangeError(
      `fill-mask: targets[${i}] "${line(word)}" is not a single token of the vocabulary ` +
        `(${line(tokenizer.tokenize(word).join(' '), 80)}): choose another word`,
    );
  });
  return Int32Array.from(new Set(ids));
}

async function fillBatch(
  parts: Parts<AlbertForMaskedLM>,
  batch: Masked[],
  targets: Int32Array | undefined,
  options: FillMaskOptions,
): Promise<FillMaskResult[]> {
  const logits_positions = batch.map(({ masks }) => masks);
  const { logits } = await parts.model.forward(toInputs(batch), {
    logits_positions,
    signal: options.signal,
  });
  return batch.map((sequence, i) => {
    const perMask = sequence.masks.map((column, mask) => {
      const scores = softmax(row(logits, i, mask));
      const tokens = bestTokens(scores, targets, options.top_k ?? 5);
      return tokens.map((token) =>
        filling(parts, sequence, column, { token, score: scores[token]! }),
      );
    });
    return perMask.length === 1 ? perMask[0]! : perMask;
  });
}

function bestTokens(
  scores: Float64Array,
  targets: Int32Array | undefined,
  count: number,
): number[] {
  if (targets === undefined) return topIndices(scores, count);
  const ofTargets = Float64Array.from(targets, (token) => scores[token]!);
  return topIndices(ofTargets, count).map((index) => targets[index]!);
}

function filling(
  { tokenizer }: Parts,
  { input_ids, masks }: Masked,
  column: number,
  choice: { token: number; score: number },
): MaskFilling {
  const { token, score } = choice;
  const filled = input_ids.with(column, token).slice(1, -1);
  return {
    score,
    token,
    token_str: tokenizer.decode([token]),
    sequence: tokenizer.decode(filled, { skip_special_tokens: masks.length === 1 }),
  };
}
