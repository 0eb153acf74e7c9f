// The settings of a Trainer: names, meanings, defaults, checks.
import type { NativeTrainerSettings } from '../native.js';
import {
  optimizerSchema,
  optimizerSettings,
  scheduleSettings,
  type OptimizerOptions,
} from '../optimizer-options.js';
import * as check from '../options.js';
import type { TrainingReporter } from './events.js';

/**
 * How a model is trained. `max_steps` must be given, unless the rate is constant.
 *
 * Where Hugging Face and the original code of ALBERT differ, `dialect` chooses, and each setting
 * can still be set by itself.
 */
export interface TrainerOptions extends OptimizerOptions {
  /**
   * 'huggingface' (default): bias correction and clipping as torch has them, decay behind the
   * warm-up, no dropout behind the feed-forward, dropout in front of the sentence-order head, no
   * gradient to the padding token's embedding from lookups. 'google': the opposite of each, and
   * 1e-5 added to the number of masked tokens that the loss is a mean over.
   */
  dialect?: 'huggingface' | 'google' | undefined;
  /** Examples of an update, over all its micro-batches; default 32. */
  train_batch_size?: number | undefined;
  /**
   * Micro-batches that the examples of an update are cut into; default 1. It changes memory, not
   * the update: means are taken over all of them.
   */
  gradient_accumulation_steps?: number | undefined;
  /** Examples of a batch in evaluation; default `train_batch_size`. */
  eval_batch_size?: number | undefined;
  /** Compute in bfloat16, with weights, gradients and moments in float32; default false. */
  bf16?: boolean | undefined;
  /** Keep the inputs of the layers only and compute the rest again: less memory; default false. */
  recompute?: boolean | undefined;
  /** Dropout with the probabilities of the configuration; default true. */
  dropout?: boolean | undefined;
  /** What dropout is drawn from, with the number of the update; default 0. */
  seed?: number | undefined;
  /** Where `train` keeps checkpoints (`checkpoint-500`, …); none are kept without. */
  output_dir?: string | undefined;
  /** Save a checkpoint every so many updates, besides the last; default 500, 0 = the last only. */
  save_steps?: number | undefined;
  /** Delete older checkpoints beyond so many; default 0, none. */
  save_total_limit?: number | undefined;
  /** Evaluate every so many updates, besides the end; default 0, at the end only. */
  eval_steps?: number | undefined;
  /** Give a 'step' event every so many updates, with the means of them; default 1. */
  logging_steps?: number | undefined;
  /** Told every event of `train`. */
  report_to?: TrainingReporter | readonly TrainingReporter[] | undefined;
}

const reporters: check.OptionCheck = (value, name) => {
  for (const one of Array.isArray(value) ? value : [value]) {
    const report: unknown = check.isRecord(one) ? one['report'] : undefined;
    if (typeof report === 'function') continue;
    const expected = 'an object with a report(event) method, or an array of such';
    throw new TypeError(`${name}: expected ${expected}, got ${check.show(one)}`);
  }
};

export const trainerSchema: check.OptionSchema = {
  ...optimizerSchema,
  dialect: check.oneOf('huggingface', 'google'),
  train_batch_size: check.integer(1),
  gradient_accumulation_steps: check.integer(1),
  eval_batch_size: check.integer(1),
  bf16: check.boolean,
  recompute: check.boolean,
  dropout: check.boolean,
  seed: check.integer(0),
  output_dir: check.nonEmptyString,
  save_steps: check.integer(0),
  save_total_limit: check.integer(0),
  eval_steps: check.integer(0),
  logging_steps: check.integer(1),
  report_to: reporters,
};

/** What a run may change when it is taken up again: nothing of it changes an update. */
export const changeable: ReadonlySet<string> = new Set([
  'output_dir',
  'save_steps',
  'save_total_limit',
  'eval_steps',
  'eval_batch_size',
  'logging_steps',
  'report_to',
]);

/** Options with their defaults. */
export interface ResolvedOptions extends TrainerOptions {
  dialect: 'huggingface' | 'google';
  train_batch_size: number;
  gradient_accumulation_steps: number;
  eval_batch_size: number;
  save_steps: number;
  save_total_limit: number;
  eval_steps: number;
  logging_steps: number;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError and RangeError that name the option
 */
export function resolveOptions(where: string, options: unknown): ResolvedOptions {
  check.checkOptions(where, options, trainerSchema);
  const given = withoutUndefined((options ?? {}) as TrainerOptions);
  const torch = given.dialect !== 'google';
  const resolved: ResolvedOptions = {
    learning_rate: 5e-5,
    exact_bias_correction: torch,
    torch_clipping: torch,
    decay_from_start: !torch,
    dialect: 'huggingface',
    train_batch_size: 32,
    gradient_accumulation_steps: 1,
    eval_batch_size: given.train_batch_size ?? 32,
    save_steps: 500,
    save_total_limit: 0,
    eval_steps: 0,
    logging_steps: 1,
    ...given,
  };
  refuseContradictions(where, resolved);
  return resolved;
}

/** The options that are set; their types do not say that these are not undefined. */
function withoutUndefined(options: TrainerOptions): Partial<ResolvedOptions> {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as Partial<ResolvedOptions>;
}

function refuseContradictions(where: string, options: ResolvedOptions): void {
  const { gradient_accumulation_steps: parts, train_batch_size, max_steps } = options;
  if (parts > train_batch_size) {
    const most = `at most train_batch_size (${train_batch_size})`;
    throw new RangeError(`${where}: gradient_accumulation_steps: expected ${most}, got ${parts}`);
  }
  if (max_steps === undefined && options.lr_scheduler_type !== 'constant') {
    const advice = "the rate decays to the end of the run; or set lr_scheduler_type: 'constant'";
    throw new RangeError(`${where}: max_steps is missing: ${advice}`);
  }
}

/** The settings in the binary's words. */
export function nativeSettings(options: ResolvedOptions, threads: number): NativeTrainerSettings {
  return {
    optimizer: optimizerSettings(options),
    schedule: scheduleSettings(options),
    dialect: options.dialect,
    bf16: options.bf16 ?? false,
    recompute: options.recompute ?? false,
    dropout: options.dropout ?? true,
    seed: options.seed ?? 0,
    threads,
  };
}
