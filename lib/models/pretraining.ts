// AlbertForPreTraining: the masked-LM head and the sentence-order head.
import type { InputField, ModelInputs, PackedInputs } from '../inputs.js';
import { readRowLabels, type LabelColumn } from '../labels.js';
import type { ModelKind } from '../native.js';
import type { OptionSchema } from '../options.js';
import { AlbertPreTrainedModel, type HeadRequest } from './base.js';
import { maskedLMRequest, maskedLMSchema, type MaskedLMOptions } from './masked-lm.js';
import type { AlbertForPreTrainingOutput } from './outputs.js';

/** Inputs of {@link AlbertForPreTraining}. */
export interface PreTrainingInputs extends ModelInputs {
  /** The token to predict at each position, -100 where none is. */
  labels?: InputField | undefined;
  /** For each row 0 = segments in order, 1 = swapped. */
  sentence_order_label?: LabelColumn | undefined;
  /** Another name of `sentence_order_label`. */
  next_sentence_label?: LabelColumn | undefined;
}

/**
 * ALBERT with both heads of its pretraining. `loss` is the sum of the parts whose labels are given.
 *
 * @example
 * const model = await AlbertForPreTraining.from_pretrained('./albert-base-v2');
 * const { sop_logits } = await model(tokenizer('First this.', { text_pair: 'Then that.' }));
 */
export class AlbertForPreTraining extends AlbertPreTrainedModel<
  PreTrainingInputs,
  AlbertForPreTrainingOutput,
  MaskedLMOptions
> {
  static override readonly kind: ModelKind = 'pretraining';

  protected override get fields(): readonly string[] {
    return ['labels', 'sentence_order_label', 'next_sentence_label'];
  }

  protected override get optionSchema(): OptionSchema {
    return maskedLMSchema;
  }

  protected override headRequest(
    inputs: PreTrainingInputs,
    packed: PackedInputs,
    options: MaskedLMOptions,
  ): HeadRequest {
    const vocabulary = this.config.vocab_size ?? Infinity;
    const request = maskedLMRequest(inputs.labels, packed, options, vocabulary);
    const order = readSentenceOrder(inputs, packed.rowLengths.length);
    if (!order) return request;
    return { ...request, labels: { ...request.labels, sentence_order: order } };
  }
}

function readSentenceOrder(inputs: PreTrainingInputs, rows: number): Int32Array | undefined {
  const { sentence_order_label: label, next_sentence_label: alias } = inputs;
  if (label && alias) {
    throw new TypeError('sentence_order_label and next_sentence_label are one: pass one of them');
  }
  const field = label ? 'sentence_order_label' : 'next_sentence_label';
  const value = label ?? alias;
  return value ? readRowLabels(field, value, rows, 2) : undefined;
}
