// AlbertForQuestionAnsweringV2: answers as beams of starts and ends, and whether there is any.
import { readColumn, type IntegerTensor } from '../grid.js';
import { packHeadRows, type InputField, type PackedInputs } from '../inputs.js';
import { ignoredLabel, packSpanPositions } from '../labels.js';
import type { ModelKind, NativeLabels } from '../native.js';
import { integer, type OptionSchema } from '../options.js';
import { candidateTokens } from './answer-candidates.js';
import { AlbertPreTrainedModel, type ForwardOptions, type HeadRequest } from './base.js';
import type { QuestionAnsweringV2Output } from './outputs.js';
import { spanLabels, type QuestionAnsweringInputs } from './question-answering.js';

/** Inputs of {@link AlbertForQuestionAnsweringV2}. */
export interface QuestionAnsweringV2Inputs extends QuestionAnsweringInputs {
  /**
   * 1 = this position cannot be (part of) an answer. Where absent: the first token and segment 1
   * without its closing separator can, or every token of a row without segment 1.
   */
  p_mask?: InputField | undefined;
  /** For each row 1 (or true) where the question has no answer; goes with the positions. */
  is_impossible?: readonly (number | boolean)[] | IntegerTensor | undefined;
}

/** Options of {@link AlbertForQuestionAnsweringV2}. */
export interface QuestionAnsweringV2Options extends ForwardOptions {
  /** How many starts to follow; default 5. */
  start_n_top?: number | undefined;
  /** How many ends to return for each start; default 5. */
  end_n_top?: number | undefined;
}

/**
 * ALBERT with the SQuAD 2.0 head of its paper: the end is conditioned on the start, and a third
 * output says how likely it is that there is no answer.
 *
 * @example
 * const model = await AlbertForQuestionAnsweringV2.from_pretrained('./squad2');
 * const { start_top_index, cls_logits } = await model(tokenizer('Who?', { text_pair: 'Ada.' }));
 */
export class AlbertForQuestionAnsweringV2 extends AlbertPreTrainedModel<
  QuestionAnsweringV2Inputs,
  QuestionAnsweringV2Output,
  QuestionAnsweringV2Options
> {
  static override readonly kind: ModelKind = 'question_answering_v2';

  protected override get fields(): readonly string[] {
    return ['p_mask', 'start_positions', 'end_positions', 'is_impossible'];
  }

  protected override get optionSchema(): OptionSchema {
    return { start_n_top: integer(1, 512), end_n_top: integer(1, 512) };
  }

  protected override headRequest(
    inputs: QuestionAnsweringV2Inputs,
    packed: PackedInputs,
    options: QuestionAnsweringV2Options,
  ): HeadRequest {
    const candidates = candidateTokens(inputs.p_mask, packed, this.config);
    const labels = readLabels(inputs, packed, candidates);
    const beams = { start_top: options.start_n_top ?? 5, end_top: options.end_n_top ?? 5 };
    const request = { ...packHeadRows(candidates, packed), ...beams };
    return labels ? { ...request, labels } : request;
  }
}

function readLabels(
  inputs: QuestionAnsweringV2Inputs,
  packed: PackedInputs,
  candidates: number[][],
): NativeLabels | undefined {
  const span = spanLabels(inputs);
  if (!span && !inputs.is_impossible) return undefined;
  if (!span || !inputs.is_impossible) {
    throw new TypeError('start_positions, end_positions, is_impossible: pass all three or none');
  }
  const inCandidates = (field: string, value: unknown): Int32Array =>
    packSpanPositions(field, value, packed).map((token, b) => {
      const index = candidates[b]?.indexOf(token) ?? -1;
      return index < 0 ? ignoredLabel : index;
    });
  return {
    start_positions: inCandidates('start_positions', span.start),
    end_positions: inCandidates('end_positions', span.end),
    is_impossible: readImpossible(inputs.is_impossible, packed.rowLengths.length),
  };
}

function readImpossible(value: unknown, rows: number): Float32Array {
  const toNumber = (one: unknown): unknown => (typeof one === 'boolean' ? Number(one) : one);
  const column = readColumn('is_impossible', Array.isArray(value) ? value.map(toNumber) : value);
  if (column.length !== rows) {
    throw new RangeError(`is_impossible: expected ${rows} values, one a row, got ${column.length}`);
  }
  const wrong = column.findIndex((v) => v !== 0 && v !== 1);
  if (wrong < 0) return Float32Array.from(column);
  throw new RangeError(`is_impossible row ${wrong}: expected 0 or 1, got ${column[wrong]}`);
}
