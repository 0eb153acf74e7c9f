// albert pretrain: masked LM and sentence order from raw text, from fresh weights or a checkpoint.
import fs from 'node:fs';
import path from 'node:path';
import { glob } from 'tinyglobby';
import type { AlbertConfig } from '../../config.js';
import { isRecord } from '../../options.js';
import * as models from '../../models/index.js';
import { AlbertTokenizer } from '../../tokenizer.js';
import { PretrainingDataset, Trainer, type TrainerOptions } from '../../training/index.js';
import type { PretrainingDatasetOptions } from '../../training/pretraining-options.js';
import { oneLine, UsageError } from '../failures.js';
import { showWarnings, warnAboutThreads } from '../warnings.js';
import { dataGroups } from './data-settings.js';
import { billLines } from './monitor.js';
import { findConfig } from './presets.js';
import {
  beginRun,
  checkVocabulary,
  copyVocabulary,
  discardRun,
  hasCheckpoint,
  readRun,
  refuseOtherRun,
} from './run-folder.js';
import { givenOptions } from './settings.js';
import { stopOnSignals } from './signals.js';
import { billOf, ReporterGroup, runTraining } from './train.js';
import { commandOnly, loadOptions, trainerGroups } from './trainer-settings.js';

/** The options of the command; those of the groups are beside them. */
export interface PretrainOptions extends Record<string, unknown> {
  corpus?: string[];
  tokenizer?: string;
  config?: string;
  model?: string;
  output: string;
}

/** Runs the command. */
export async function pretrain(given: PretrainOptions): Promise<void> {
  showWarnings(false);
  warnAboutThreads();
  const resumes = given.resume === true;
  const options = resumes ? await resumedOptions(given) : absolutePaths(given);
  if (!resumes) await refuseOtherRun(options.output);
  const plan = await makePlan(options);
  if (given.dry_run === true) return tellPlan(plan);
  const goesOn = resumes && (await hasCheckpoint(options.output));
  if (!resumes) {
    const { resume: _, dry_run: __, stop_after: ___, ...saved } = options;
    await beginRun(options.output, { version: 1, command: 'pretrain', options: saved });
  }
  await train(plan, given, goesOn);
}

/** What --resume was begun with, and what is said now. */
async function resumedOptions(given: PretrainOptions): Promise<PretrainOptions> {
  const { options } = await readRun(given.output, 'pretrain');
  return { ...options, ...absolutePaths(given), output: given.output };
}

/** A run may be resumed from another folder; presets and hub ids are no files. */
function absolutePaths(given: PretrainOptions): PretrainOptions {
  const options = { ...given };
  if (given.corpus) options.corpus = given.corpus.map((pattern) => path.resolve(pattern));
  for (const name of ['tokenizer', 'config', 'model'] as const) {
    const value = given[name];
    if (value !== undefined && fs.existsSync(value)) options[name] = path.resolve(value);
  }
  return options;
}

interface Plan {
  options: PretrainOptions;
  files: string[];
  tokenizer: AlbertTokenizer;
  data: PretrainingDatasetOptions;
  config: AlbertConfig | undefined;
  trainer: TrainerOptions;
}

async function makePlan(options: PretrainOptions): Promise<Plan> {
  const { corpus = [], tokenizer: source, config: configSource, model } = options;
  if (corpus.length === 0) throw new UsageError('--corpus is missing: name the files of text');
  if (source === undefined) {
    throw new UsageError('--tokenizer is missing: pass a spiece.model, or a folder that holds one');
  }
  if ((configSource === undefined) === (model === undefined)) {
    throw new UsageError('pass --config (fresh weights) or --model (weights to go on with)');
  }
  const trainer = trainerOptions(options);
  const tokenizer = await AlbertTokenizer.from_pretrained(source);
  const data = dataOptions(options);
  const config = configSource === undefined ? undefined : await findConfig(configSource);
  if (config) checkSizes(config, tokenizer, data);
  return { options, files: await findFiles(corpus), tokenizer, data, config, trainer };
}

/** The files of patterns and folders, each once, in the order of names within a pattern. */
async function findFiles(patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const options = { absolute: true, dot: false, expandDirectories: true };
    const files = (await glob([pattern.replaceAll('\\', '/')], options)).sort();
    if (files.length === 0) {
      throw new UsageError(`--corpus ${pattern}: there is no such file, or the folder is empty`);
    }
    for (const file of files) found.add(file);
  }
  return [...found];
}

function dataOptions(options: PretrainOptions): PretrainingDatasetOptions {
  const { data_seed, ...settings } = givenOptions(dataGroups, options);
  const seed = data_seed ?? options.seed;
  return { ...settings, ...(seed !== undefined && { seed: seed as number }) };
}

function trainerOptions(options: PretrainOptions): TrainerOptions {
  const all = Object.entries(givenOptions(trainerGroups, options));
  const own = Object.fromEntries(all.filter(([name]) => !commandOnly.has(name))) as TrainerOptions;
  const { max_steps } = own;
  if (max_steps === undefined) throw new UsageError('--max_steps is missing: how many updates?');
  return {
    learning_rate: own.optimizer === 'lamb' ? 1.76e-3 : 1e-3,
    // The share of the original's recipe: 3,125 of 125,000.
    warmup_steps: Math.round(0.025 * max_steps),
    ...own,
    output_dir: options.output,
  };
}

function checkSizes(
  config: AlbertConfig,
  tokenizer: AlbertTokenizer,
  { max_seq_length = 512 }: PretrainingDatasetOptions,
): void {
  checkVocabulary(tokenizer, config.vocab_size);
  const { max_position_embeddings: most } = config;
  if (typeof most !== 'number' || max_seq_length <= most) return;
  const advice = `lower it, or raise max_position_embeddings (${most}) of the configuration`;
  throw new UsageError(`--max_seq_length ${max_seq_length} is more than the model has: ${advice}`);
}

async function tellPlan(plan: Plan): Promise<void> {
  const { files, data, config, trainer } = plan;
  for await (const example of new PretrainingDataset(files, plan.tokenizer, data)) {
    const { input_ids, labels } = example;
    const masked = labels.filter((label) => label !== -100).length;
    const says = `the first example has ${input_ids.length} tokens, ${masked} to guess`;
    process.stdout.write(`corpus: ${files.length} files; ${says}\n`);
    break;
  }
  const { output_dir: _, ...settings } = trainer;
  const lines = { data, training: settings, ...(config && { config }) };
  for (const [name, value] of Object.entries(lines)) {
    process.stdout.write(`${name}: ${JSON.stringify(value)}\n`);
  }
  const owner = await newTrainer(plan, new ReporterGroup());
  process.stdout.write(`memory at the start:\n${billLines(billOf(owner))}`);
  await owner.dispose();
}

function modelClass({ sentence_order = true, random_next_sentence }: PretrainingDatasetOptions) {
  const pairs = sentence_order || random_next_sentence;
  return pairs ? models.AlbertForPreTraining : models.AlbertForMaskedLM;
}

async function newTrainer(plan: Plan, reporters: ReporterGroup): Promise<Trainer> {
  const { options, config, data, trainer, tokenizer } = plan;
  const { seed } = options as { seed?: number };
  const load = loadOptions(options);
  const Model = modelClass(data) as typeof models.AlbertForPreTraining;
  const model = config
    ? await Model.from_config(config, { seed, ...load })
    : await Model.from_pretrained(options.model!, load);
  if (!config) checkSizes(model.config, tokenizer, data);
  return new Trainer(model, { ...trainer, report_to: reporters });
}

async function resumedTrainer(
  plan: Plan,
  given: PretrainOptions,
  dataset: PretrainingDataset,
  reporters: ReporterGroup,
): Promise<Trainer> {
  const { output } = given;
  const trainer = await Trainer.resume(output, {
    dataset,
    ...loadOptions(plan.options),
    options: { ...plan.trainer, report_to: reporters },
  });
  if (given.config === undefined || !plan.config) return trainer;
  const saved = trainer.model.config;
  const other = Object.entries(plan.config).find(([name, value]) => {
    return isRecord(saved) && JSON.stringify(saved[name]) !== JSON.stringify(value);
  });
  if (!other) return trainer;
  await trainer.dispose();
  const [name, value] = other;
  const was = JSON.stringify(saved[name]) ?? 'absent';
  const difference = `${name} was ${was}, now it is ${JSON.stringify(value)}`;
  throw new UsageError(`--config differs from that of the run: ${difference}`);
}

async function train(plan: Plan, given: PretrainOptions, goesOn: boolean): Promise<void> {
  const { options, files, tokenizer, data } = plan;
  const { output } = options;
  const stop = stopOnSignals(() => {
    process.stderr.write('\nstopping: a checkpoint is saved; once more ends at once\n');
  });
  const reporters = new ReporterGroup();
  const dataset = new PretrainingDataset(files, tokenizer, data);
  let trainer: Trainer | undefined;
  try {
    trainer = goesOn
      ? await resumedTrainer(plan, given, dataset, reporters)
      : await newTrainer(plan, reporters);
    await copyVocabulary(options.tokenizer!, output);
    const complete = await runTraining({
      trainer,
      reporters,
      dataset,
      evaluation: heldOut(plan),
      output,
      stop_after: options.stop_after as number | undefined,
      tensorboard: options.report_to === 'tensorboard',
      maskedShare: data.masked_lm_prob ?? 0.15,
      about: { command: 'pretrain', data },
      stop,
    });
    if (complete) await trainer.model.save_pretrained(output);
    process.stderr.write(complete ? `the model is in ${output}\n` : goOn(output));
  } catch (error) {
    const interrupted = stop.reason();
    if (interrupted && (trainer?.global_step ?? 0) > 0) process.stderr.write(goOn(output));
    if (given.resume !== true && (trainer?.global_step ?? 0) === 0) await discardRun(output);
    throw interrupted ?? described(error);
  } finally {
    stop.release();
    await trainer?.dispose();
  }
}

/** Examples of the documents held out, one pass of them. */
function heldOut({ files, tokenizer, data, trainer }: Plan): PretrainingDataset | undefined {
  if (!data.hold_out_every || trainer.eval_steps === 0) return undefined;
  return new PretrainingDataset(files, tokenizer, { ...data, held_out: true, dupe_factor: 1 });
}

function goOn(output: string): string {
  return `go on with: albert pretrain --resume --output ${output}\n`;
}

/** What to do about a run that cannot go on. */
function described(error: unknown): unknown {
  const text = oneLine(error);
  if (!/^(Trainer\.resume|PretrainingDataset\.restore):/.test(text)) return error;
  const advice = 'resume with what the run was begun with, or choose another --output';
  return new Error(`the run cannot go on: ${text}; ${advice}`, { cause: error });
}
