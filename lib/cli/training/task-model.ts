// Opens a task with its model: which class, which labels, whether the model was trained for it.
import { numLabels, readConfig, type AlbertConfig } from '../../config.js';
import { AlbertError } from '../../errors.js';
import * as models from '../../models/index.js';
import type { LoadOptions } from '../../models/load.js';
import { findModel } from '../../source.js';
import { AlbertTokenizer } from '../../tokenizer.js';
import {
  openTask,
  type AnyTask,
  type TaskHead,
  type TaskOptions,
} from '../../training/tasks/index.js';
import { labelNames } from '../../training/tasks/label-names.js';
import { UsageError } from '../failures.js';
import { givenOptions } from './settings.js';
import { taskGroups } from './task-settings.js';

/** The options that all commands with tasks have; those of tasks are beside them. */
export interface TaskCommandOptions extends Record<string, unknown> {
  task?: string;
  model?: string;
  tokenizer?: string;
}

/** A loaded model with a head. */
export type HeadModel = InstanceType<typeof models.AlbertForSequenceClassification>;

interface HeadClass {
  readonly name: string;
  from_pretrained(source: string, options: LoadOptions): Promise<HeadModel>;
}

const classes: Record<TaskHead, HeadClass> = {
  sequence_classification: models.AlbertForSequenceClassification,
  multiple_choice: models.AlbertForMultipleChoice as unknown as HeadClass,
  token_classification: models.AlbertForTokenClassification as unknown as HeadClass,
  question_answering: models.AlbertForQuestionAnswering as unknown as HeadClass,
  question_answering_v2: models.AlbertForQuestionAnsweringV2 as unknown as HeadClass,
};

/** What --task, --model and their like name. */
export interface OpenedTask {
  task: AnyTask;
  source: string;
  config: AlbertConfig;
  tokenizer: AlbertTokenizer;
}

/** Tasks whose classes are in the data or the model. */
const openLabels = ['classification', 'ner'];

/**
 * Opens task, configuration and tokenizer.
 *
 * @param trained the model's own labels count, the training data are not read
 * @throws UsageError for missing options, and what opening throws
 */
export async function openTaskAndModel(
  options: TaskCommandOptions,
  trained: boolean,
): Promise<OpenedTask> {
  const { task: name, model: source } = options;
  if (name === undefined) throw new UsageError('--task is missing: see the list in --help');
  if (source === undefined) throw new UsageError('--model is missing: a directory or hub id');
  const { directory } = await findModel(source, {});
  const { config } = await readConfig(directory);
  const settings = givenOptions(taskGroups, options) as TaskOptions;
  checkLengths(settings, config);
  const labels =
    trained && openLabels.includes(name) ? labelsOf(settings, config) : settings.labels;
  const task = await openTask(name, { ...settings, ...(labels && { labels }) });
  const vocabulary = options.tokenizer ?? directory;
  return { task, source, config, tokenizer: await AlbertTokenizer.from_pretrained(vocabulary) };
}

function labelsOf({ labels }: TaskOptions, config: AlbertConfig): readonly string[] {
  const names = labels ?? labelNames(config);
  if (names && names.length === numLabels(config)) return names;
  const count = numLabels(config);
  throw new UsageError(`the model does not name its ${count} labels: pass --labels a,b,… in order`);
}

function checkLengths({ max_seq_length }: TaskOptions, config: AlbertConfig): void {
  const most = config.max_position_embeddings ?? 512;
  if (max_seq_length === undefined || max_seq_length <= most) return;
  throw new UsageError(`--max_seq_length ${max_seq_length}: the model has ${most} positions`);
}

/** Loads the model to train: the head is fresh where the checkpoint has none. */
export async function loadForTraining(
  { task, source, config }: OpenedTask,
  options: LoadOptions,
  changes: AlbertConfig,
): Promise<HeadModel> {
  const { labels, problem_type } = task;
  const head: AlbertConfig = { ...changes };
  if (labels) {
    const old = labelNames(config);
    const names = old?.length === labels.length ? old : [...labels];
    head.num_labels = labels.length;
    head.id2label = Object.fromEntries(names.map((label, id) => [String(id), label]));
    head.label2id = Object.fromEntries(names.map((label, id) => [label, id]));
  } else if (problem_type === 'regression') head.num_labels = 1;
  if (problem_type) head.problem_type = problem_type;
  return classes[task.head].from_pretrained(source, { ...options, config: head });
}

/**
 * Loads a model that was trained for the task.
 *
 * @throws AlbertError `ERR_CONFIG` for a checkpoint of another head
 */
export async function loadTrained(
  { task, source, config }: OpenedTask,
  options: LoadOptions,
): Promise<HeadModel> {
  const { name } = classes[task.head];
  const saved = config.architectures;
  if (saved && saved.length > 0 && !saved.includes(name)) {
    const advice = `fine-tune it first: albert finetune --task ${task.name} --model ${source} …`;
    const message = `${source} is an ${saved.join(', ')}, the task needs an ${name}: ${advice}`;
    throw new AlbertError('ERR_CONFIG', message);
  }
  return classes[task.head].from_pretrained(source, options);
}
