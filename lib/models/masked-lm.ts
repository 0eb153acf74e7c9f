// AlbertForMaskedLM: scores of every vocabulary entry for each position.
import { packPositions, type ModelInputs, type PackedInputs } from '../inputs.js';
import { packTokenLabels } from '../labels.js';
import type { InputField } from '../inputs.js';
import type { ModelKind } from '../native.js';
import { array, type OptionSchema } from '../options.js';
import { AlbertPreTrainedModel, type ForwardOptions, type HeadRequest } from './base.js';
import type { LogitsOutput } from './outputs.js';

/** Inputs of {@link AlbertForMaskedLM}. */
export interface MaskedLMInputs extends ModelInputs {
  /** The token to predict at each position, -100 where none is; returns `loss`. */
  labels?: InputField | undefined;
}

/** Options of models with a masked-LM head. */
export interface MaskedLMOptions extends ForwardOptions {
  /**
   * For each row the positions whose logits are wanted: only these are computed and returned, as
   * [B, most positions of a row, V]. Every position with a label must be among them.
   */
  logits_positions?: readonly (readonly number[])[] | undefined;
}

/** The check of {@link MaskedLMOptions.logits_positions}. */
export const maskedLMSchema: OptionSchema = { logits_positions: array };

/** What the masked-LM head reads: the wanted positions (absent = all), and labels. */
export function maskedLMRequest(
  labels: unknown,
  packed: PackedInputs,
  options: MaskedLMOptions,
  vocabulary: number,
): HeadRequest {
  const request: HeadRequest = {};
  if (labels !== undefined && labels !== null) {
    request.labels = { labels: packTokenLabels(labels, packed, vocabulary) };
  }
  if (options.logits_positions === undefined) return request;
  const rows = packPositions('logits_positions', options.logits_positions, packed);
  if (rows.head_rows.length > 0) return { ...request, ...rows };
  throw new RangeError('logits_positions: expected at least one position, got none');
}

/**
 * ALBERT with its masked-LM head; the decoder is tied to the word embeddings.
 *
 * @example
 * const model = await AlbertForMaskedLM.from_pretrained('./albert-base-v2');
 * const inputs = tokenizer('Paris is the [MASK] of France.');
 * const { logits } = await model(inputs, { logits_positions: [[4]] });
 * console.log(logits.dims); // [ 1, 1, 30000 ]
 */
export class AlbertForMaskedLM extends AlbertPreTrainedModel<
  MaskedLMInputs,
  LogitsOutput,
  MaskedLMOptions
> {
  static override readonly kind: ModelKind = 'masked_lm';

  protected override get fields(): readonly string[] {
    return ['labels'];
  }

  protected override get optionSchema(): OptionSchema {
    return maskedLMSchema;
  }

  protected override headRequest(
    inputs: MaskedLMInputs,
    packed: PackedInputs,
    options: MaskedLMOptions,
  ): HeadRequest {
    return maskedLMRequest(inputs.labels, packed, options, this.config.vocab_size ?? Infinity);
  }
}
