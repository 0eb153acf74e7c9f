// Question answering: the passages of a context that answer a question.
import { type AlbertForQuestionAnswering, AlbertForQuestionAnsweringV2 } from '../models/index.js';
import { abortSignal, boolean, checkOptions, integer, isRecord } from '../options.js';
import { type CallOptions, type Parts, type Pipeline, longestInput, row } from './base.js';
import { makePipeline, oneOrMany, toInputs } from './base.js';
import { mapBatches, mapSlices } from '../batching.js';
import { type SpanLimits, type WindowAnswers, spansOfBeams, spansOfLogits } from './spans.js';
import { type Answer, MergedAnswers, type Offsets } from './answers.js';
import { checkString } from './texts.js';
import { type Window, cutWindows } from './windows.js';

/** A question and the text that may answer it. */
export interface Question {
  question: string;
  context: string;
}

/** How questions are answered. */
export interface QuestionAnsweringOptions extends CallOptions {
  /** How many answers to return, best first. Default 1. */
  top_k?: number | undefined;
  /** The longest answer in tokens. Default 15. */
  max_answer_len?: number | undefined;
  /** Window size in tokens, with question and special tokens. Default 384, or the model's limit. */
  max_seq_len?: number | undefined;
  /** Questions are cut to so many tokens. Default 64, or half a window. */
  max_question_len?: number | undefined;
  /** How many tokens neighbouring windows share. Default 128, or half of a window's context. */
  doc_stride?: number | undefined;
  /** Whether "no answer" ('') competes with the answers. Default false. */
  handle_impossible_answer?: boolean | undefined;
}

/** Models of this pipeline: with start and end logits, or with the original SQuAD v2 head. */
export type QuestionAnsweringModel = AlbertForQuestionAnswering | AlbertForQuestionAnsweringV2;

/**
 * Answers questions from contexts of any length: a long context is read in overlapping windows.
 * With `top_k` 1 a single question gives one answer, otherwise an array.
 *
 * @throws TypeError and RangeError for wrong arguments (an empty context among them), AbortError,
 *   AlbertError `ERR_DISPOSED`
 *
 * @example
 * const answer = await pipeline('question-answering', './albert-squad');
 * await answer('Where does Sarah live?', 'Sarah lives in London.');
 * // { answer: 'London', score: 0.97…, start: 15, end: 21 }
 */
export interface QuestionAnsweringPipeline extends Pipeline<QuestionAnsweringModel> {
  (question: string, context: string, options?: OneAnswer): Promise<Answer>;
  (
    question: string,
    context: string,
    options: QuestionAnsweringOptions,
  ): Promise<Answer | Answer[]>;
  (question: Question, options?: OneAnswer): Promise<Answer>;
  (question: Question, options: QuestionAnsweringOptions): Promise<Answer | Answer[]>;
  (questions: readonly Question[], options?: OneAnswer): Promise<Answer[]>;
  (
    questions: readonly Question[],
    options: QuestionAnsweringOptions,
  ): Promise<(Answer | Answer[])[]>;
  (
    questions: readonly string[],
    contexts: readonly string[],
    options?: OneAnswer,
  ): Promise<Answer[]>;
  (
    questions: readonly string[],
    contexts: readonly string[],
    options: QuestionAnsweringOptions,
  ): Promise<(Answer | Answer[])[]>;
}

type OneAnswer = QuestionAnsweringOptions & { top_k?: 1 };

const task = 'question-answering';
const schema = {
  top_k: integer(1),
  max_answer_len: integer(1),
  max_seq_len: integer(5),
  max_question_len: integer(1),
  doc_stride: integer(0),
  handle_impossible_answer: boolean,
  signal: abortSignal,
};

/** Makes the pipeline of loaded parts. */
export function questionAnswering(parts: Parts<QuestionAnsweringModel>): QuestionAnsweringPipeline {
  return makePipeline(task, parts, async (...args: unknown[]) => {
    const { questions, single, options } = readArguments(args);
    const results = await mapSlices(questions, options.signal, (slice) =>
      answerSlice(parts, slice, options),
    );
    const one = (options.top_k ?? 1) === 1;
    return oneOrMany(
      results.map((answers) => (one ? answers[0]! : answers)),
      single,
    );
  }) as QuestionAnsweringPipeline;
}

interface Arguments {
  questions: Question[];
  single: boolean;
  options: QuestionAnsweringOptions;
}

/** Reads (question, context, options) and ({ question, context }, options), single or in arrays. */
function readArguments(args: unknown[]): Arguments {
  const [first] = args;
  const sample: unknown = Array.isArray(first) ? (first[0] ?? {}) : first;
  const asObjects = isRecord(sample);
  const options = args[asObjects ? 1 : 2] as QuestionAnsweringOptions | undefined;
  checkOptions(task, options, schema);
  const single = !Array.isArray(first);
  const inputs: unknown[] = Array.isArray(first) ? first : [first];
  const contexts: unknown[] = Array.isArray(args[1]) ? args[1] : [args[1]];
  if (!asObjects && contexts.length !== inputs.length) {
    const got = `${inputs.length} questions and ${contexts.length} contexts`;
    throw new RangeError(`${task}: expected as many contexts as questions, got ${got}`);
  }
  // Array.from visits holes, too, which map skips.
  const questions = Array.from(inputs, (input, i) => {
    const name = single ? task : `${task}: questions[${i}]`;
    return checkQuestion(asObjects ? input : { question: input, context: contexts[i] }, name);
  });
  return { questions, single, options: options ?? {} };
}

function checkQuestion(value: unknown, name: string): Question {
  const record = isRecord(value) ? value : { question: value };
  const question = checkString(record.question, `${name}: question`);
  const context = checkString(record.context, `${name}: context`);
  if (context.trim() !== '') return { question, context };
  throw new RangeError(`${name}: context is empty, there is nothing to find an answer in`);
}

async function answerSlice(
  parts: Parts<QuestionAnsweringModel>,
  slice: Question[],
  options: QuestionAnsweringOptions,
): Promise<Answer[][]> {
  const { windows, offsets } = await windowsOf(parts, slice, options);
  const limits = { count: options.top_k ?? 1, longest: options.max_answer_len ?? 15 };
  const perWindow = await mapBatches(windows, (batch) =>
    answerBatch(parts, batch, limits, options),
  );
  const merged = slice.map((item, i) => new MergedAnswers(item.context, offsets[i]!, limits.count));
  windows.forEach((window, i) => merged[window.item]!.add(window, perWindow[i]!));
  return merged.map((answers) => answers.best(options.handle_impossible_answer ?? false));
}

async function windowsOf(
  { model, tokenizer }: Parts<QuestionAnsweringModel>,
  slice: Question[],
  options: QuestionAnsweringOptions,
): Promise<{ windows: Window[]; offsets: Offsets[] }> {
  const longest = longestInput(model);
  const max_seq_len = Math.min(options.max_seq_len ?? 384, longest);
  const sizes = {
    max_seq_len,
    max_question_len: options.max_question_len ?? Math.min(64, (max_seq_len - 3) >> 1),
    doc_stride: options.doc_stride,
  };
  const plain = { add_special_tokens: false };
  const [questions, contexts] = await Promise.all([
    tokenizer.encode_batch(
      slice.map(({ question }) => question),
      plain,
    ),
    tokenizer.encode_batch(
      slice.map(({ context }) => context),
      { ...plain, return_offsets_mapping: true },
    ),
  ]);
  const special = { cls: tokenizer.cls_token_id, sep: tokenizer.sep_token_id };
  const windows = slice.flatMap((_, item) => {
    const tokens = { question: questions.input_ids[item]!, context: contexts.input_ids[item]! };
    return cutWindows(item, tokens, special, sizes);
  });
  return { windows, offsets: contexts.offset_mapping! };
}

async function answerBatch(
  { model }: Parts<QuestionAnsweringModel>,
  batch: Window[],
  limits: SpanLimits,
  options: QuestionAnsweringOptions,
): Promise<WindowAnswers[]> {
  if (model instanceof AlbertForQuestionAnsweringV2) {
    return answerWithBeams(model, batch, limits, options);
  }
  const outputs = await model.forward(toInputs(batch), { signal: options.signal });
  const { start_logits, end_logits } = outputs;
  return batch.map((window, i) => {
    const ofContext = (logits: Float32Array) =>
      Float64Array.of(logits[0]!, ...logits.subarray(window.begin, window.begin + window.count));
    const [start, end] = [ofContext(row(start_logits, i)), ofContext(row(end_logits, i))];
    return spansOfLogits(start, end, limits);
  });
}

async function answerWithBeams(
  model: AlbertForQuestionAnsweringV2,
  batch: Window[],
  limits: SpanLimits,
  options: QuestionAnsweringOptions,
): Promise<WindowAnswers[]> {
  const p_mask = batch.map(({ input_ids, begin, count }) =>
    input_ids.map((_, column) =>
      Number(column !== 0 && !(column >= begin && column < begin + count)),
    ),
  );
  const beams = Math.max(5, limits.count);
  const outputs = await model.forward(
    { ...toInputs(batch), p_mask },
    { start_n_top: beams, end_n_top: beams, signal: options.signal },
  );
  return batch.map((window, i) => {
    const beam = {
      startScores: row(outputs.start_top_log_probs, i),
      startColumns: row(outputs.start_top_index, i),
      endScores: row(outputs.end_top_log_probs, i),
      endColumns: row(outputs.end_top_index, i),
      answerability: outputs.cls_logits.data[i]!,
    };
    return spansOfBeams(beam, window.begin, limits);
  });
}
