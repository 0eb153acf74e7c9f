// AlbertForMultipleChoice: one score for each choice of a question.
import type { ChoiceField, ModelInputs, PackedInputs } from '../inputs.js';
import { readRowLabels, type LabelColumn } from '../labels.js';
import type { ModelKind } from '../native.js';
import { AlbertPreTrainedModel, type ForwardOptions, type HeadRequest } from './base.js';
import type { LogitsOutput } from './outputs.js';

/** Inputs of {@link AlbertForMultipleChoice}: every question has the same number of choices. */
export interface MultipleChoiceInputs extends ModelInputs<ChoiceField> {
  /** The right choice of each question; returns `loss`. */
  labels?: LabelColumn | undefined;
}

/**
 * ALBERT that scores choices; inputs are [B][choices][S], logits [B, choices].
 *
 * @example
 * const model = await AlbertForMultipleChoice.from_pretrained('./race');
 * const { logits } = await model({ input_ids: [[[2, 14, 3], [2, 57, 3]]] });
 * console.log(logits.dims); // [ 1, 2 ]
 */
export class AlbertForMultipleChoice extends AlbertPreTrainedModel<
  MultipleChoiceInputs,
  LogitsOutput
> {
  static override readonly kind: ModelKind = 'multiple_choice';

  protected override get fields(): readonly string[] {
    return ['labels'];
  }

  protected override get rank(): 2 | 3 {
    return 3;
  }

  protected override headRequest(
    inputs: MultipleChoiceInputs,
    packed: PackedInputs,
    _options: ForwardOptions,
  ): HeadRequest {
    const { choices } = packed;
    if (inputs.labels === undefined || inputs.labels === null) return { choices };
    const questions = packed.rowLengths.length / choices;
    const labels = readRowLabels('labels', inputs.labels, questions, choices);
    return { choices, labels: { labels } };
  }
}
