// AlbertForTokenClassification: one label for each token.
import { numLabels } from '../config.js';
import type { InputField, ModelInputs, PackedInputs } from '../inputs.js';
import { packTokenLabels } from '../labels.js';
import type { ModelKind } from '../native.js';
import { AlbertPreTrainedModel, type ForwardOptions, type HeadRequest } from './base.js';
import type { LogitsOutput } from './outputs.js';

/** Inputs of {@link AlbertForTokenClassification}. */
export interface TokenClassificationInputs extends ModelInputs {
  /** The label of each position, -100 where none is; returns `loss`. */
  labels?: InputField | undefined;
}

/**
 * ALBERT with a classifier of tokens; logits are [B, S, labels].
 *
 * @example
 * const model = await AlbertForTokenClassification.from_pretrained('./ner');
 * const { logits } = await model(tokenizer('Ada Lovelace lived in London.'));
 */
export class AlbertForTokenClassification extends AlbertPreTrainedModel<
  TokenClassificationInputs,
  LogitsOutput
> {
  static override readonly kind: ModelKind = 'token_classification';

  protected override get fields(): readonly string[] {
    return ['labels'];
  }

  protected override headRequest(
    inputs: TokenClassificationInputs,
    packed: PackedInputs,
    _options: ForwardOptions,
  ): HeadRequest {
    if (inputs.labels === undefined || inputs.labels === null) return {};
    return { labels: { labels: packTokenLabels(inputs.labels, packed, numLabels(this.config)) } };
  }
}
