// AlbertForQuestionAnswering: where an answer starts and where it ends.
import type { ModelInputs, PackedInputs } from '../inputs.js';
import { packSpanPositions, type LabelColumn } from '../labels.js';
import type { ModelKind } from '../native.js';
import { AlbertPreTrainedModel, type ForwardOptions, type HeadRequest } from './base.js';
import type { QuestionAnsweringOutput } from './outputs.js';

/** Inputs of {@link AlbertForQuestionAnswering}. */
export interface QuestionAnsweringInputs extends ModelInputs {
  /** The answer's first position in each row; outside the row = ignored. Needs `end_positions`. */
  start_positions?: LabelColumn | undefined;
  /** The answer's last position in each row. */
  end_positions?: LabelColumn | undefined;
}

/** Both answer positions as given, or undefined where there are none. */
export function spanLabels(
  inputs: QuestionAnsweringInputs,
): { start: unknown; end: unknown } | undefined {
  const { start_positions: start, end_positions: end } = inputs;
  if (!start && !end) return undefined;
  if (start && end) return { start, end };
  throw new TypeError('start_positions and end_positions: pass both or none');
}

/**
 * ALBERT for extractive question answering; `start_logits` and `end_logits` are [B, S].
 *
 * @example
 * const model = await AlbertForQuestionAnswering.from_pretrained('./squad');
 * const { start_logits } = await model(tokenizer('Who?', { text_pair: 'It was Ada.' }));
 */
export class AlbertForQuestionAnswering extends AlbertPreTrainedModel<
  QuestionAnsweringInputs,
  QuestionAnsweringOutput
> {
  static override readonly kind: ModelKind = 'question_answering';

  protected override get fields(): readonly string[] {
    return ['start_positions', 'end_positions'];
  }

  protected override headRequest(
    inputs: QuestionAnsweringInputs,
    packed: PackedInputs,
    _options: ForwardOptions,
  ): HeadRequest {
    const labels = spanLabels(inputs);
    if (!labels) return {};
    const start_positions = packSpanPositions('start_positions', labels.start, packed);
    const end_positions = packSpanPositions('end_positions', labels.end, packed);
    return { labels: { start_positions, end_positions } };
  }
}
