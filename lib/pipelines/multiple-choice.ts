// Multiple choice: how well each of several choices fits a context.
import type { AlbertForMultipleChoice } from '../models/index.js';
import { abortSignal, checkOptions, isRecord, show, strings } from '../options.js';
import { joinedChoice } from '../sequences.js';
import { type CallOptions, type Parts, type Pipeline, type Sequence, encodeTexts } from './base.js';
import { makePipeline, oneOrMany, row, toInputs } from './base.js';
import { type Sized, mapBatches, mapSlices } from '../batching.js';
import { softmax, topIndices } from '../math.js';
import { type Texts, checkInputs, checkString } from './texts.js';

/** A question with its possible answers, or a text with its possible continuations. */
export interface ChoiceQuestion {
  /** What the choices are judged by. */
  context: string;
  /** A question about it; each "_" in it stands for the choice. */
  question?: string | undefined;
  choices: readonly string[];
}

/** A choice and its score. */
export interface ScoredChoice {
  choice: string;
  /** Its place in `choices`. */
  index: number;
  /** Its probability among the choices. */
  score: number;
}

/** How choices are scored: what every pipeline takes. */
export type MultipleChoiceOptions = CallOptions;

/**
 * Scores choices, best first. Each choice is read as `[CLS] context [SEP] question choice [SEP]`,
 * as in RACE: a "_" in the question is replaced by the choice, otherwise the choice follows it.
 * Long contexts are cut to the model's positions.
 *
 * @throws TypeError and RangeError for wrong arguments, AbortError, AlbertError `ERR_DISPOSED`
 *
 * @example
 * const choose = await pipeline('multiple-choice', './albert-race');
 * await choose({ context: 'It rained.', question: 'The street is _.', choices: ['wet', 'dry'] });
 * // [ { choice: 'wet', index: 0, score: 0.97… }, { choice: 'dry', index: 1, score: 0.02… } ]
 */
export interface MultipleChoicePipeline extends Pipeline<AlbertForMultipleChoice> {
  (question: ChoiceQuestion, options?: MultipleChoiceOptions): Promise<ScoredChoice[]>;
  (
    questions: readonly ChoiceQuestion[],
    options?: MultipleChoiceOptions,
  ): Promise<ScoredChoice[][]>;
}

const task = 'multiple-choice';

/** Makes the pipeline of loaded parts. */
export function multipleChoice(parts: Parts<AlbertForMultipleChoice>): MultipleChoicePipeline {
  return makePipeline(task, parts, async (input: unknown, options?: MultipleChoiceOptions) => {
    checkOptions(task, options, { signal: abortSignal });
    const { texts, single } = checkInputs(input, checkQuestion);
    const results = await mapSlices(texts, options?.signal, async (slice) => {
      const encoded = await encodeQuestions(parts, slice);
      const scores = await scoreQuestions(parts, encoded, options);
      return slice.map(({ choices }, i) => rank(choices, scores[i]!));
    });
    return oneOrMany(results, single);
  }) as MultipleChoicePipeline;
}

function checkQuestion(value: unknown, at: string): ChoiceQuestion {
  const name = `${task}: ${at}`;
  if (!isRecord(value)) {
    throw new TypeError(`${name}: expected { context, question?, choices }, got ${show(value)}`);
  }
  const { question, choices } = value;
  const context = checkString(value.context, `${name}: context`);
  if (question !== undefined) checkString(question, `${name}: question`);
  strings(choices, `${name}: choices`);
  const checked = choices as string[];
  if (checked.length === 0) throw new RangeError(`${name}: choices: expected at least one choice`);
  return { context, question: question as string | undefined, choices: checked };
}

/** All choices of one question; its tokens count together in a batch. */
interface EncodedQuestion extends Sized {
  choices: Sequence[];
}

async function encodeQuestions(
  parts: Parts<AlbertForMultipleChoice>,
  questions: ChoiceQuestion[],
): Promise<EncodedQuestion[]> {
  const pairs = questions.flatMap(({ context, question, choices }) =>
    choices.map((choice): Texts => ({ text: context, text_pair: joinedChoice(question, choice) })),
  );
  const sequences = await encodeTexts(parts, pairs);
  let next = 0;
  return questions.map((question) => {
    const choices = sequences.slice(next, (next += question.choices.length));
    return { choices, input_ids: choices.flatMap(({ input_ids }) => input_ids) };
  });
}

/** Scores for each choice of each question; questions of equally many choices share batches. */
async function scoreQuestions(
  { model }: Parts<AlbertForMultipleChoice>,
  questions: EncodedQuestion[],
  options: MultipleChoiceOptions | undefined,
): Promise<Float64Array[]> {
  const scores = new Array<Float64Array>(questions.length);
  const byCount = new Map<number, number[]>();
  questions.forEach(({ choices }, i) => {
    byCount.set(choices.length, [...(byCount.get(choices.length) ?? []), i]);
  });
  for (const indices of byCount.values()) {
    const alike = indices.map((index) => questions[index]!);
    const results = await mapBatches(alike, async (batch) => {
      const perQuestion = batch.map(({ choices }) => toInputs(choices));
      const inputs = {
        input_ids: perQuestion.map(({ input_ids }) => input_ids),
        token_type_ids: perQuestion.map(({ token_type_ids }) => token_type_ids),
      };
      const { logits } = await model.forward(inputs, { signal: options?.signal });
      return batch.map((_, i) => softmax(row(logits, i)));
    });
    indices.forEach((index, i) => (scores[index] = results[i]!));
  }
  return scores;
}

function rank(choices: readonly string[], scores: Float64Array): ScoredChoice[] {
  return topIndices(scores, choices.length).map((index) => {
    return { choice: choices[index]!, index, score: scores[index]! };
  });
}
