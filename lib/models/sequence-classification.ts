// AlbertForSequenceClassification: one label, several, or numbers for each row.
import type { ModelInputs, PackedInputs } from '../inputs.js';
import { packSequenceLabels, type LabelColumn, type LabelFloats } from '../labels.js';
import type { ModelKind } from '../native.js';
import { AlbertPreTrainedModel, type ForwardOptions, type HeadRequest } from './base.js';
import type { LogitsOutput } from './outputs.js';

/** Inputs of {@link AlbertForSequenceClassification}. */
export interface SequenceClassificationInputs extends ModelInputs {
  /**
   * Returns `loss`. By `problem_type` of the configuration, else by what is given: one label means
   * regression (a number per row), an integer per row single-label classification, a number per row
   * and label multi-label classification.
   */
  labels?: LabelColumn | LabelFloats | undefined;
}

/**
 * ALBERT with a classifier of whole sequences; logits are [B, labels].
 *
 * @example
 * const model = await AlbertForSequenceClassification.from_pretrained('./sst2');
 * const { logits } = await model(tokenizer(['a gripping film', 'a waste of time']));
 * console.log(logits.tolist());
 */
export class AlbertForSequenceClassification extends AlbertPreTrainedModel<
  SequenceClassificationInputs,
  LogitsOutput
> {
  static override readonly kind: ModelKind = 'sequence_classification';

  protected override get fields(): readonly string[] {
    return ['labels'];
  }

  protected override headRequest(
    inputs: SequenceClassificationInputs,
    packed: PackedInputs,
    _options: ForwardOptions,
  ): HeadRequest {
    if (inputs.labels === undefined || inputs.labels === null) return {};
    return { labels: packSequenceLabels(inputs.labels, this.config, packed.rowLengths.length) };
  }
}
