// SQuAD 1.1 and 2.0 as tasks: spans by start and end logits, or by the beams of the 2.0 head.
import { mapBatches } from '../../../batching.js';
import type {
  QuestionAnsweringOutput,
  QuestionAnsweringV2Output,
} from '../../../models/outputs.js';
import { row, toInputs } from '../../../sequences.js';
import { locate } from '../locate.js';
import type { Predictor, Split, Task, TaskOptions } from '../task.js';
import {
  bestAnswers,
  spansOfBeams,
  spansOfLogits,
  type DecodeSettings,
  type ScoredSpan,
} from './decode.js';
import {
  answerMask,
  featuresOf,
  SquadRow,
  targetOf,
  type SquadFeature,
  type SquadSizes,
} from './features.js';
import { readSquad, type SquadQuestion } from './questions.js';
import { collectV1, collectV2, type SquadPrediction } from './results.js';

/** What a model says of one window. */
interface WindowResult {
  spans: ScoredSpan[];
  /** The higher, the less likely an answer is in it. */
  noAnswer: number;
}

type SquadTask = Task<SquadQuestion, SquadPrediction>;

/** SQuAD 1.1: a span for every question. */
export function squadV1Task(options: TaskOptions): SquadTask {
  return {
    ...common('squad-v1', options, false),
    head: 'question_answering',
    predict: (predictor, questions) => predictV1(predictor, questions, options),
    collect: collectV1,
  };
}

/** SQuAD 2.0 with ALBERT's own head, which says by itself whether there is an answer. */
export function squadV2Task(options: TaskOptions): SquadTask {
  const threshold = options.null_score_diff_threshold;
  return {
    ...common('squad-v2', options, true),
    head: 'question_answering_v2',
    predict: (predictor, questions) => predictV2(predictor, questions, options),
    collect: () => collectV2({ threshold, logitsAsProbabilities: threshold === undefined }),
  };
}

/** SQuAD 2.0 with start and end logits alone, as models on the hub have it: [CLS] is no answer. */
export function squadV2SpanTask(options: TaskOptions): SquadTask {
  const threshold = options.null_score_diff_threshold ?? 0;
  return {
    ...common('squad-v2-span', options, false),
    head: 'question_answering',
    predict: (predictor, questions) => predictV2Span(predictor, questions, options),
    collect: () => collectV2({ threshold, logitsAsProbabilities: false }),
  };
}

function common(name: string, options: TaskOptions, withMask: boolean) {
  const version = name === 'squad-v1' ? 'v1.1' : 'v2.0';
  const sizes = sizesOf(options);
  return {
    name,
    labels: undefined,
    bestBy: 'f1',
    read: (split: Split) => read(options, split, version),
    async encode(
      tokenizer: Predictor['tokenizer'],
      questions: readonly SquadQuestion[],
    ): Promise<SquadRow[]> {
      return featuresOf(tokenizer, questions, sizes).map((feature) => {
        return new SquadRow(feature, targetOf(feature, questions[feature.question]!), withMask);
      });
    },
  };
}

async function* read(
  options: TaskOptions,
  split: Split,
  version: string,
): AsyncGenerator<SquadQuestion> {
  yield* readSquad(await locate(options, split, [`${split}-${version}.json`, `${split}.json`]));
}

function sizesOf(options: TaskOptions): SquadSizes {
  const { max_seq_length = 384, max_query_length = 64, doc_stride = 128 } = options;
  return { max_seq_length, max_query_length, doc_stride };
}

function decodeSettings(options: TaskOptions): DecodeSettings {
  return {
    n_best_size: options.n_best_size ?? 20,
    max_answer_length: options.max_answer_length ?? 30,
  };
}

async function predictV1(
  predictor: Predictor,
  questions: readonly SquadQuestion[],
  options: TaskOptions,
): Promise<SquadPrediction[]> {
  const nothing = { text: 'empty', start_log_prob: 0, end_log_prob: 0 };
  const results = await runLogits(predictor, questions, options);
  return results.map((windows) => ({ answers: answersOf(windows, options, nothing) }));
}

async function predictV2Span(
  predictor: Predictor,
  questions: readonly SquadQuestion[],
  options: TaskOptions,
): Promise<SquadPrediction[]> {
  const results = await runLogits(predictor, questions, options);
  return results.map((windows) => {
    const answers = answersOf(windows, options, noAnswerAtAll);
    const { start_log_prob, end_log_prob } = answers[0]!;
    const noAnswer = leastNoAnswer(windows) - (start_log_prob + end_log_prob);
    return { answers, noAnswer };
  });
}

async function predictV2(
  predictor: Predictor,
  questions: readonly SquadQuestion[],
  options: TaskOptions,
): Promise<SquadPrediction[]> {
  const { start_n_top = 5, end_n_top = 5 } = options;
  const results = await runWindows(predictor, questions, options, async (batch) => {
    const inputs = { ...toInputs(batch), p_mask: batch.map(answerMask) };
    const call = { start_n_top, end_n_top, signal: predictor.signal };
    const outputs = (await predictor.model.forward(inputs, call)) as QuestionAnsweringV2Output;
    return batch.map((window, i) => {
      const beams = {
        startScores: row(outputs.start_top_log_probs, i),
        startColumns: row(outputs.start_top_index, i),
        endScores: row(outputs.end_top_log_probs, i),
        endColumns: row(outputs.end_top_index, i),
      };
      const spans = spansOfBeams(window, beams, decodeSettings(options));
      return { spans, noAnswer: outputs.cls_logits.data[i] ?? 0 };
    });
  });
  return results.map((windows) => {
    return {
      answers: answersOf(windows, options, noAnswerAtAll),
      noAnswer: leastNoAnswer(windows),
    };
  });
}

const noAnswerAtAll = { text: '', start_log_prob: -1e6, end_log_prob: -1e6 };

type WindowsOfQuestion = { window: SquadFeature; result: WindowResult }[];

function answersOf(
  windows: WindowsOfQuestion,
  options: TaskOptions,
  nothing: { text: string; start_log_prob: number; end_log_prob: number },
) {
  const found = windows.map(({ window, result }) => ({ window, spans: result.spans }));
  return bestAnswers(found, decodeSettings(options).n_best_size, nothing);
}

/** Of all windows the one that is surest of an answer; a question without windows has none. */
function leastNoAnswer(windows: WindowsOfQuestion): number {
  return windows.reduce((least, { result }) => Math.min(least, result.noAnswer), 1_000_000);
}

function runLogits(
  predictor: Predictor,
  questions: readonly SquadQuestion[],
  options: TaskOptions,
): Promise<WindowsOfQuestion[]> {
  const { model, signal } = predictor;
  return runWindows(predictor, questions, options, async (batch) => {
    const outputs = (await model.forward(toInputs(batch), { signal })) as QuestionAnsweringOutput;
    return batch.map((window, i) => {
      const length = window.input_ids.length;
      const start = row(outputs.start_logits, i).subarray(0, length);
      const end = row(outputs.end_logits, i).subarray(0, length);
      const spans = spansOfLogits(window, start, end, decodeSettings(options));
      return { spans, noAnswer: (start[0] ?? 0) + (end[0] ?? 0) };
    });
  });
}

async function runWindows(
  { tokenizer }: Predictor,
  questions: readonly SquadQuestion[],
  options: TaskOptions,
  run: (batch: SquadFeature[]) => Promise<WindowResult[]>,
): Promise<WindowsOfQuestion[]> {
  const features = featuresOf(tokenizer, questions, sizesOf(options));
  const results = await mapBatches(features, run);
  const byQuestion: WindowsOfQuestion[] = questions.map(() => []);
  features.forEach((window, i) => {
    byQuestion[window.question]!.push({ window, result: results[i]! });
  });
  return byQuestion;
}
