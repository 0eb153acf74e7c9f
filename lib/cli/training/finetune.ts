// albert finetune: trains a head and the encoder under it on a task, and keeps the best model.
import fs from 'node:fs/promises';
import path from 'node:path';
import type { AlbertConfig } from '../../config.js';
import { Trainer, type EvaluateEvent, type TrainerOptions } from '../../training/index.js';
import { runTask, type Scores } from '../../training/tasks/index.js';
import { kindOf } from '../../training/tasks/locate.js';
import { loadTaskDataset, type TaskDataset } from '../../training/tasks/task-dataset.js';
import { showWarnings, warnAboutThreads } from '../warnings.js';
import { scoreLines, writeFiles } from './evaluate.js';
import { billLines } from './monitor.js';
import { paperRecipe } from './recipes.js';
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
import { stopOnSignals, type Stop } from './signals.js';
import {
  loadForTraining,
  openTaskAndModel,
  type HeadModel,
  type OpenedTask,
  type TaskCommandOptions,
} from './task-model.js';
import { billOf, ReporterGroup, runTraining } from './train.js';
import { commandOnly, loadOptions, trainerGroups } from './trainer-settings.js';

/** The options of the command; those of the groups are beside them. */
export interface FinetuneOptions extends TaskCommandOptions {
  output: string;
  num_train_epochs?: number;
  recipe?: 'paper';
  keep?: 'best' | 'last';
  classifier_dropout?: number;
}

/** Runs the command. */
export async function finetune(given: FinetuneOptions): Promise<void> {
  showWarnings(false);
  warnAboutThreads();
  const resumes = given.resume === true;
  const options = withRecipe(resumes ? await resumedOptions(given) : absolutePaths(given));
  if (!resumes) await refuseOtherRun(options.output);
  const stop = stopOnSignals(() => {
    process.stderr.write('\nstopping: a checkpoint is saved; once more ends at once\n');
  });
  try {
    const plan = await makePlan(options, stop);
    if (given.dry_run === true) return await tellPlan(plan);
    const goesOn = resumes && (await hasCheckpoint(options.output));
    if (!resumes) await begin(options);
    await train(plan, given, goesOn, stop);
  } catch (error) {
    throw stop.reason() ?? error;
  } finally {
    stop.release();
  }
}

async function begin(options: FinetuneOptions): Promise<void> {
  const { resume: _, dry_run: __, stop_after: ___, ...saved } = options;
  await beginRun(options.output, { version: 1, command: 'finetune', options: saved });
}

async function resumedOptions(given: FinetuneOptions): Promise<FinetuneOptions> {
  const { options } = await readRun(given.output, 'finetune');
  return { ...options, ...absolutePaths(given), output: given.output };
}

const places = [
  'data',
  'train_file',
  'validation_file',
  'test_file',
  'model',
  'tokenizer',
] as const;

/** A run may be resumed from another folder; hub ids are no files. */
function absolutePaths(given: FinetuneOptions): FinetuneOptions {
  const options: FinetuneOptions = { ...given };
  for (const name of places) {
    const value = given[name];
    if (typeof value === 'string') options[name] = path.resolve(value);
  }
  return options;
}

/** What the paper says, where nothing else was said. */
function withRecipe(options: FinetuneOptions): FinetuneOptions {
  if (options.recipe !== 'paper') return options;
  const { dropout, ...recipe } = paperRecipe(options.task ?? '');
  return { ...recipe, encoder_dropout: dropout, classifier_dropout: 0.1, ...options };
}

interface Plan {
  options: FinetuneOptions;
  opened: OpenedTask;
  dataset: TaskDataset;
  trainer: TrainerOptions;
  /** Entries of the configuration that training changes. */
  changes: AlbertConfig;
}

async function makePlan(options: FinetuneOptions, stop: Stop): Promise<Plan> {
  const opened = await openTaskAndModel(options, false);
  const { task, tokenizer, config } = opened;
  checkVocabulary(tokenizer, config.vocab_size);
  const seed = (options.seed as number | undefined) ?? 0;
  const dataset = await loadTaskDataset(task, tokenizer, { seed }, (examples) => {
    stop.signal.throwIfAborted();
    if (process.stderr.isTTY) process.stderr.write(`\rreading: ${examples} examples`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return {
    options,
    opened,
    dataset,
    trainer: trainerOptions(options, dataset),
    changes: changesOf(options),
  };
}

function changesOf({ classifier_dropout, encoder_dropout }: FinetuneOptions): AlbertConfig {
  const changes: AlbertConfig = {};
  if (classifier_dropout !== undefined) changes.classifier_dropout_prob = classifier_dropout;
  if (typeof encoder_dropout === 'number') {
    changes.hidden_dropout_prob = encoder_dropout;
    changes.attention_probs_dropout_prob = encoder_dropout;
  }
  return changes;
}

function trainerOptions(options: FinetuneOptions, { length }: TaskDataset): TrainerOptions {
  const all = Object.entries(givenOptions(trainerGroups, options));
  const own = Object.fromEntries(all.filter(([name]) => !commandOnly.has(name))) as TrainerOptions;
  const { train_batch_size: size = 32 } = own;
  const { num_train_epochs: epochs = 3 } = options;
  const max_steps = own.max_steps ?? Math.max(1, Math.floor((length * epochs) / size));
  return {
    warmup_steps: Math.round(0.1 * max_steps),
    eval_steps: Math.max(1, Math.round(length / size)),
    save_total_limit: 1,
    ...own,
    max_steps,
    output_dir: options.output,
  };
}

async function tellPlan(plan: Plan): Promise<void> {
  const { opened, dataset, trainer } = plan;
  const { task } = opened;
  const labels = task.labels ? `, labels ${task.labels.join(', ')}` : '';
  process.stdout.write(`task: ${task.name}, ${dataset.length} examples${labels}\n`);
  const { output_dir: _, ...settings } = trainer;
  process.stdout.write(`training: ${JSON.stringify(settings)}\n`);
  const model = await freshModel(plan);
  const owner = new Trainer(model, trainer);
  process.stdout.write(`memory at the start:\n${billLines(billOf(owner))}`);
  await owner.dispose();
}

/** The model before the first update; the seed decides a head that the checkpoint lacks. */
function freshModel({ options, opened, changes }: Plan): Promise<HeadModel> {
  const { seed } = options as { seed?: number };
  return loadForTraining(opened, { ...loadOptions(options), seed }, changes);
}

async function train(
  plan: Plan,
  given: FinetuneOptions,
  goesOn: boolean,
  stop: Stop,
): Promise<void> {
  const { options, opened, dataset } = plan;
  const { output } = options;
  const reporters = new ReporterGroup();
  const settings = { ...plan.trainer, report_to: reporters };
  let trainer: Trainer | undefined;
  try {
    trainer = goesOn
      ? await Trainer.resume(output, { dataset, ...loadOptions(options), options: settings })
      : new Trainer(await freshModel(plan), settings);
    await copyVocabulary(options.tokenizer ?? opened.source, output);
    // Without a measure nothing is the best: the last scores are told, the last model is kept.
    const metric = options.keep === 'last' ? undefined : opened.task.bestBy;
    const scores = await ScoreKeeper.open(output, metric, trainer);
    reporters.members.push(scores);
    const complete = await runTraining({
      trainer,
      reporters,
      dataset,
      evaluation: await evaluationOf(plan, trainer, stop),
      output,
      stop_after: options.stop_after as number | undefined,
      tensorboard: options.report_to === 'tensorboard',
      maskedShare: 0,
      about: { command: 'finetune', task: opened.task.name, examples: dataset.length },
      stop,
    });
    if (!complete) process.stderr.write(goOn(output));
    else await finish(trainer, scores, output);
  } catch (error) {
    const started = (trainer?.global_step ?? 0) > 0;
    if (stop.reason() && started) process.stderr.write(goOn(output));
    if (given.resume !== true && !started) await discardRun(output);
    throw error;
  } finally {
    await trainer?.dispose();
  }
}

function goOn(output: string): string {
  return `go on with: albert finetune --resume --output ${output}\n`;
}

/** Scores of the development data; none where there are no such data. */
async function evaluationOf(
  { options, opened }: Plan,
  trainer: Trainer,
  stop: Stop,
): Promise<(() => Promise<Scores>) | undefined> {
  const { task, tokenizer } = opened;
  const { data, validation_file } = options as { data?: string; validation_file?: string };
  const inFolder = data !== undefined && (await kindOf(data)) === 'folder';
  if (validation_file === undefined && !inFolder) return undefined;
  const predictor = { model: trainer.model, tokenizer, signal: stop.signal };
  return async () => (await runTask(task, 'dev', predictor)).scores();
}

/** Remembers scores, and saves the model whenever an evaluation was the best so far. */
class ScoreKeeper {
  last: Scores | undefined;
  #best: { step: number; scores: Scores } | undefined;

  private constructor(
    private readonly output: string,
    private readonly metric: string | undefined,
    private readonly trainer: Trainer,
  ) {}

  static async open(
    output: string,
    metric: string | undefined,
    trainer: Trainer,
  ): Promise<ScoreKeeper> {
    const best = new this(output, metric, trainer);
    const text = await fs.readFile(best.#file, 'utf8').catch(() => undefined);
    const saved = text === undefined ? undefined : (JSON.parse(text) as ScoreKeeper['best']);
    // What was found behind the checkpoint that the run goes on from is found again.
    if (saved && saved.step <= trainer.global_step) best.#best = saved;
    return best;
  }

  get best(): { step: number; scores: Scores } | undefined {
    return this.#best;
  }

  get #file(): string {
    return path.join(this.output, 'best.json');
  }

  async report(event: { type: string }): Promise<void> {
    if (event.type !== 'evaluate') return;
    const { step, metrics: scores } = event as EvaluateEvent;
    this.last = scores;
    if (this.metric === undefined) return;
    const [now, before] = [scores[this.metric], this.#best?.scores[this.metric]];
    if (now === undefined || (before !== undefined && now <= before)) return;
    this.#best = { step, scores };
    await this.trainer.model.save_pretrained(this.output);
    await writeFiles(this.output, { 'best.json': `${JSON.stringify(this.#best)}\n` });
  }
}

async function finish(
  trainer: Trainer,
  { best, last }: ScoreKeeper,
  output: string,
): Promise<void> {
  if (!best) await trainer.model.save_pretrained(output);
  const scores = best?.scores ?? last;
  if (scores) {
    process.stdout.write(scoreLines(scores));
    await writeFiles(output, { 'eval_results.json': `${JSON.stringify(scores)}\n` });
  }
  const which = best ? `the best model, of update ${best.step},` : 'the model';
  process.stderr.write(`${which} is in ${output}\n`);
}
