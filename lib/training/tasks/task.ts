// What a task is: where its examples come from, how a model reads them, how answers are scored.
import type { AlbertConfig, ProblemType } from '../../config.js';
import type { ModelKind } from '../../native.js';
import type { AlbertTokenizer } from '../../tokenizer.js';
import type { TrainingExample } from '../dataset.js';

/** A part of a data set. */
export type Split = 'train' | 'dev' | 'test';

/** The heads that tasks train. */
export type TaskHead = Exclude<ModelKind, 'base' | 'pretraining' | 'masked_lm'>;

/** An example kept small until it is needed. */
export abstract class TrainingRow {
  /** How many tokens the model reads for it. */
  abstract readonly length: number;
  /** Multiple choice: of how many. */
  get choiceCount(): number | undefined {
    return undefined;
  }
  abstract expand(): TrainingExample;

  /** What a checksum is made of. */
  toJSON(): TrainingExample {
    return this.expand();
  }
}

/** Scores by name; those of GLUE and NER from 0 to 1 (-1 for correlations), of SQuAD in percent. */
export type Scores = Record<string, number>;

/** Takes examples with their predictions, and makes scores and files of them. */
export interface Collector<Example, Prediction> {
  add(example: Example, prediction: Prediction): void;
  /** @throws AlbertError `ERR_FORMAT` where the examples have no labels */
  scores(): Scores;
  /** What goes to the task's judges: contents by file name. */
  files(): Record<string, string>;
}

/** A loaded model as tasks call it. */
export interface TaskModel {
  readonly config: AlbertConfig;
  forward(inputs: object, options?: object): Promise<object>;
}

/** What predicts. */
export interface Predictor {
  model: TaskModel;
  tokenizer: AlbertTokenizer;
  signal?: AbortSignal | undefined;
}

/** A data set with its rules. */
export interface Task<Example = unknown, Prediction = unknown> {
  readonly name: string;
  readonly head: TaskHead;
  /** The names of the model's classes in their order; undefined where it has none. */
  readonly labels: readonly string[] | undefined;
  readonly problem_type?: ProblemType;
  /** The score that picks the best model: higher is better. */
  readonly bestBy: string;
  /** @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_FORMAT` with file and line */
  read(split: Split): AsyncIterable<Example>;
  /** The rows that examples are trained on. @throws AlbertError `ERR_FORMAT` without label */
  encode(tokenizer: AlbertTokenizer, examples: readonly Example[]): Promise<TrainingRow[]>;
  /** One prediction for each example. */
  predict(predictor: Predictor, examples: readonly Example[]): Promise<Prediction[]>;
  collect(): Collector<Example, Prediction>;
}

/** Settings of tasks; which of them matter depends on the task. */
export interface TaskOptions {
  /** The folder of the data set, or one file for whatever split is read. */
  data?: string | undefined;
  train_file?: string | undefined;
  validation_file?: string | undefined;
  test_file?: string | undefined;
  /** The names of the classes in the order of the model's outputs, where the task has none. */
  labels?: readonly string[] | undefined;
  /** Tokens of a model input at most; default: the task's. */
  max_seq_length?: number | undefined;
  /** Columns of generic tables, by name, or by number from 0 with `header: false`. */
  text_column?: string | undefined;
  text_pair_column?: string | undefined;
  label_column?: string | undefined;
  context_column?: string | undefined;
  question_column?: string | undefined;
  choice_columns?: readonly string[] | undefined;
  /** Whether the first row of a .tsv or .csv names the columns; default true. */
  header?: boolean | undefined;
  /** NER: the column of the tag, from 0; default the last. */
  tag_column?: number | undefined;
  /** SQuAD: tokens between the starts of neighbouring windows; default 128. */
  doc_stride?: number | undefined;
  /** SQuAD: tokens of a question at most; default 64. */
  max_query_length?: number | undefined;
  /** SQuAD: tokens of an answer at most; default 30. */
  max_answer_length?: number | undefined;
  /** SQuAD: answers kept for a question; default 20. */
  n_best_size?: number | undefined;
  /** SQuAD 2.0: starts and ends that are followed; default 5 and 5. */
  start_n_top?: number | undefined;
  end_n_top?: number | undefined;
  /**
   * SQuAD 2.0: above this a question has no answer. Default: tuned on the scored questions, as the
   * original does; 0 where there is nothing to score.
   */
  null_score_diff_threshold?: number | undefined;
  /** RACE: tokens of question and choice at most; default 128. */
  max_qa_length?: number | undefined;
  /** RACE: which schools; default both. */
  levels?: readonly ('middle' | 'high')[] | undefined;
}
