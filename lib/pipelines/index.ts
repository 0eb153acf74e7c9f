// pipeline(): from a task's name to a function that does the task.
import fs from 'node:fs';
import path from 'node:path';
import { readConfig } from '../config.js';
import { AlbertError } from '../errors.js';
import * as models from '../models/index.js';
import { type LoadOptions, loadSchema } from '../models/load.js';
import { packageRoot } from '../native.js';
import { checkOptions, isRecord, nearest, show } from '../options.js';
import { findModel, hubSchema } from '../source.js';
import { AlbertTokenizer } from '../tokenizer.js';
import type { Parts, PipelineModel } from './base.js';
import type { FeatureExtractionPipeline } from './feature-extraction.js';
import type { FillMaskPipeline } from './fill-mask.js';
import type { MultipleChoicePipeline } from './multiple-choice.js';
import type { QuestionAnsweringPipeline } from './question-answering.js';
import type { SentenceOrderPipeline } from './sentence-order.js';
import type { TextClassificationPipeline } from './text-classification.js';
import type { TokenClassificationPipeline } from './token-classification.js';

export type { CallOptions, Parts, Pipeline, PipelineModel } from './base.js';
export type { Answer } from './answers.js';
export type * from './feature-extraction.js';
export type * from './fill-mask.js';
export type * from './multiple-choice.js';
export type * from './question-answering.js';
export type * from './sentence-order.js';
export type * from './text-classification.js';
export type * from './token-classification.js';

/** The pipeline of each task; 'sentiment-analysis' and 'ner' are other names of two of them. */
export interface Pipelines {
  'text-classification': TextClassificationPipeline;
  'sentiment-analysis': TextClassificationPipeline;
  'token-classification': TokenClassificationPipeline;
  ner: TokenClassificationPipeline;
  'question-answering': QuestionAnsweringPipeline;
  'fill-mask': FillMaskPipeline;
  'feature-extraction': FeatureExtractionPipeline;
  'multiple-choice': MultipleChoicePipeline;
  'sentence-order': SentenceOrderPipeline;
}

/** The name of a task that {@link pipeline} knows. */
export type PipelineTask = keyof Pipelines;

interface Task {
  /** Finds the class of models that does it. */
  loader: (source: string, options: LoadOptions) => Promise<ModelLoader>;
  /** Imports what makes the pipeline: programs that use none start faster. */
  make: () => Promise<(parts: Parts<never>) => unknown>;
  /** The folder, under the package's root, of the model that ships for it. */
  shipped?: string;
}

interface ModelLoader {
  from_pretrained(source: string, options: LoadOptions): Promise<PipelineModel>;
}

const fixed = (loader: ModelLoader) => async () => loader;
const classification: Task = {
  loader: fixed(models.AlbertForSequenceClassification),
  make: async () => (await import('./text-classification.js')).textClassification,
  shipped: 'models/sst2-mini',
};
const recognition: Task = {
  loader: fixed(models.AlbertForTokenClassification),
  make: async () => (await import('./token-classification.js')).tokenClassification,
};
const tasks: Record<PipelineTask, Task> = {
  'text-classification': classification,
  'sentiment-analysis': classification,
  'token-classification': recognition,
  ner: recognition,
  'question-answering': {
    loader: questionAnsweringLoader,
    make: async () => (await import('./question-answering.js')).questionAnswering,
  },
  'fill-mask': {
    loader: fixed(models.AlbertForMaskedLM),
    make: async () => (await import('./fill-mask.js')).fillMask,
  },
  'feature-extraction': {
    loader: fixed(models.AlbertModel),
    make: async () => (await import('./feature-extraction.js')).featureExtraction,
  },
  'multiple-choice': {
    loader: fixed(models.AlbertForMultipleChoice),
    make: async () => (await import('./multiple-choice.js')).multipleChoice,
  },
  'sentence-order': {
    loader: fixed(models.AlbertForPreTraining),
    make: async () => (await import('./sentence-order.js')).sentenceOrder,
  },
};

/**
 * Loads a model and its tokenizer and makes a function of them that does a task.
 *
 * @param task one of {@link Pipelines}
 * @param model a directory, an id on the Hugging Face hub, or a loaded `{ model, tokenizer }`;
 *   absent = the model that ships with the package (for text classification)
 * @param options how to load; with a loaded model only `signal` matters
 * @throws AlbertError `ERR_NOT_FOUND` where no model ships for the task or none is found, and all
 *   that `from_pretrained` throws; RangeError for an unknown task
 *
 * @example
 * const classify = await pipeline('text-classification');
 * console.log(await classify('a gripping film')); // [ { label: 'POSITIVE', score: 0.99… } ]
 * await classify.dispose();
 */
export async function pipeline<Name extends PipelineTask>(
  task: Name,
  model?: string | Parts | null,
  options: LoadOptions = {},
): Promise<Pipelines[Name]> {
  const definition = findTask(task);
  checkOptions(`pipeline('${task}')`, options, loadSchema);
  options.signal?.throwIfAborted();
  const parts =
    typeof model === 'string' || model === undefined || model === null
      ? await loadParts(definition, model ?? defaultModel(task), options)
      : checkParts(task, model);
  const make = await definition.make();
  return make(parts as Parts<never>) as Pipelines[Name];
}

function findTask(task: unknown): Task {
  if (typeof task !== 'string') {
    throw new TypeError(`pipeline: expected the name of a task, got ${show(task)}`);
  }
  if (Object.hasOwn(tasks, task)) return tasks[task as PipelineTask];
  const near = nearest(task, Object.keys(tasks));
  const hint = near ? `did you mean '${near}'?` : `known: ${Object.keys(tasks).join(', ')}`;
  throw new RangeError(`pipeline: unknown task ${show(task)}, ${hint}`);
}

function checkParts(task: string, parts: unknown): Parts {
  const { model, tokenizer } = (isRecord(parts) ? parts : {}) as Partial<Parts>;
  if (typeof model?.dispose === 'function' && typeof tokenizer?.encode_batch === 'function') {
    return { model, tokenizer };
  }
  const expected = 'a directory, a hub id or { model, tokenizer }, both loaded';
  throw new TypeError(`pipeline('${task}'): expected ${expected}; got ${show(parts)}`);
}

/**
 * The folder of the model that ships with the package for a task.
 *
 * @throws AlbertError `ERR_NOT_FOUND` where none does
 * @internal
 */
export function defaultModel(task: PipelineTask): string {
  const { shipped } = tasks[task];
  const directory = shipped && path.join(packageRoot, shipped);
  if (directory && fs.existsSync(path.join(directory, 'config.json'))) return directory;
  throw new AlbertError(
    'ERR_NOT_FOUND',
    `pipeline('${task}'): no model ships for this task: pass a directory with config.json, ` +
      `model.safetensors and spiece.model, or an id on the Hugging Face hub`,
  );
}

async function loadParts(task: Task, source: string, options: LoadOptions): Promise<Parts> {
  // A model may be given as its .safetensors file; the tokenizer lies beside it.
  const vocabulary = source.endsWith('.safetensors') ? path.dirname(source) : source;
  const entries = Object.entries(options).filter(([name]) => Object.hasOwn(hubSchema, name));
  const hubOptions = Object.fromEntries(entries);
  const [model, tokenizer] = await Promise.allSettled([
    task.loader(source, options).then((loader) => loader.from_pretrained(source, options)),
    AlbertTokenizer.from_pretrained(vocabulary, hubOptions),
  ]);
  if (model.status === 'rejected') throw model.reason;
  if (tokenizer.status === 'fulfilled') return { model: model.value, tokenizer: tokenizer.value };
  await model.value.dispose();
  throw tokenizer.reason;
}

/** Two heads answer questions: the configuration says which one a checkpoint has. */
async function questionAnsweringLoader(source: string, options: LoadOptions): Promise<ModelLoader> {
  const { directory } = await findModel(source, options);
  const { architectures = [] } = (await readConfig(directory)).config;
  const hasBeams = architectures.includes('AlbertForQuestionAnsweringV2');
  return hasBeams ? models.AlbertForQuestionAnsweringV2 : models.AlbertForQuestionAnswering;
}
