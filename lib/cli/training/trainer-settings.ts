// The options of training runs, as `albert pretrain` and `albert finetune` have them.
import type { LoadOptions } from '../../models/load.js';
import { device, threads, words } from '../values.js';
import { between, whole, type SettingGroup } from './settings.js';

/** Whole numbers that may be 0. */
const count = whole(0, 2 ** 31 - 1);
const positive = whole(1, 2 ** 31 - 1);

/** What the update rule is. */
export const optimizerGroup: SettingGroup = {
  title: 'Update rule',
  settings: [
    {
      name: 'optimizer',
      value: 'rule',
      about: 'AdamW, or LAMB for large batches',
      preset: 'adamw',
      choices: ['adamw', 'lamb'],
    },
    { name: 'learning_rate', value: 'rate', about: 'the peak of the schedule', read: between(0) },
    {
      name: 'weight_decay',
      value: 'number',
      about: 'not of biases and norms',
      preset: '0.01',
      read: between(0),
    },
    {
      name: 'adam_beta1',
      value: 'number',
      about: 'of both rules',
      preset: '0.9',
      read: between(0, 1),
    },
    {
      name: 'adam_beta2',
      value: 'number',
      about: 'of both rules',
      preset: '0.999',
      read: between(0, 1),
    },
    {
      name: 'adam_epsilon',
      value: 'number',
      about: 'of both rules',
      preset: '1e-6',
      read: between(0),
    },
    {
      name: 'max_grad_norm',
      value: 'number',
      about: 'cut gradients back to this norm, 0 = never',
      preset: '1',
      read: between(0),
    },
    {
      name: 'exclude',
      value: 'names',
      about: 'parts of names of parameters without decay, separated by commas',
      preset: 'LayerNorm,layer_norm,bias',
      read: words,
    },
    {
      name: 'dialect',
      value: 'name',
      about: 'where they differ, as Hugging Face and torch do, or as the original code of ALBERT',
      preset: 'huggingface',
      choices: ['huggingface', 'google'],
    },
    {
      name: 'exact_bias_correction',
      value: 'flag',
      about: 'divide moments by 1 - beta^t, as torch does',
      preset: 'the dialect',
    },
    {
      name: 'torch_clipping',
      value: 'flag',
      about: "clip by torch's rule, which adds 1e-6 to the norm",
      preset: 'the dialect',
    },
  ],
};

/** How the learning rate changes. */
export const scheduleGroup: SettingGroup = {
  title: 'Schedule',
  settings: [
    {
      name: 'max_steps',
      value: 'count',
      about: 'updates in all: where the decay ends',
      read: positive,
    },
    { name: 'warmup_steps', value: 'count', about: 'updates until the peak', read: count },
    {
      name: 'lr_scheduler_type',
      value: 'name',
      about: 'how the rate falls',
      preset: 'linear',
      choices: ['linear', 'polynomial', 'cosine', 'constant'],
    },
    {
      name: 'end_learning_rate',
      value: 'rate',
      about: 'where the decay ends',
      preset: '0',
      read: between(0),
    },
    { name: 'power', value: 'number', about: 'of the polynomial', preset: '1', read: between(0) },
    {
      name: 'decay_from_start',
      value: 'flag',
      about: 'let the decay begin at step 0, not behind the warm-up',
      preset: 'the dialect',
    },
    {
      name: 'warmup_from_one',
      value: 'flag',
      about: 'give the first update the rate peak / warmup_steps, not 0',
      preset: 'false',
    },
    {
      name: 'warmup_scales_decay',
      value: 'flag',
      about: 'multiply warm-up and decay, else the warm-up stands alone',
      preset: 'false',
    },
    {
      name: 'stop_after',
      value: 'step',
      about: 'end this process behind that update; --resume goes on with the same schedule',
      read: positive,
    },
  ],
};

/** What an update is made of, and how it is computed. */
export const batchGroup: SettingGroup = {
  title: 'Batches and arithmetic',
  settings: [
    {
      name: 'train_batch_size',
      value: 'count',
      about: 'examples of an update',
      preset: '32',
      read: positive,
    },
    {
      name: 'gradient_accumulation_steps',
      value: 'count',
      about: 'cut them into so many micro-batches: less memory, the same update',
      preset: '1',
      read: positive,
    },
    {
      name: 'eval_batch_size',
      value: 'count',
      about: 'examples of a batch in evaluation',
      preset: 'as in training',
      read: positive,
    },
    {
      name: 'bf16',
      value: 'flag',
      about: 'compute in bfloat16; weights, gradients and moments stay float32',
      preset: 'false',
    },
    {
      name: 'recompute',
      value: 'flag',
      about: 'keep layer inputs only and compute the rest again: a fraction of the memory',
      preset: 'false',
    },
    {
      name: 'dropout',
      value: 'flag',
      about: 'dropout with the probabilities of the configuration',
      preset: 'true',
    },
    {
      name: 'seed',
      value: 'number',
      about: 'of fresh weights, dropout and the order of examples',
      preset: '0',
      read: whole(0, 2 ** 32 - 1),
    },
    { name: 'threads', value: 'count', about: 'at most so many', preset: 'all', read: threads },
    {
      name: 'device',
      value: 'name',
      about: 'auto, cpu, cuda, reference',
      preset: 'auto',
      read: device,
    },
    {
      name: 'allow_tf32',
      value: 'flag',
      about: 'on CUDA, fp32 with the shorter fractions of TF32: faster, less exact',
    },
  ],
};

/** What a run leaves behind. */
export const outputGroup: SettingGroup = {
  title: 'Checkpoints and reports',
  settings: [
    {
      name: 'save_steps',
      value: 'count',
      about: 'a checkpoint every so many updates, 0 = the last only',
      preset: '500',
      read: count,
    },
    {
      name: 'save_total_limit',
      value: 'count',
      about: 'delete older checkpoints beyond so many, 0 = none',
      preset: '0',
      read: count,
    },
    { name: 'eval_steps', value: 'count', about: 'evaluate every so many updates', read: count },
    {
      name: 'logging_steps',
      value: 'count',
      about: 'a line in log.jsonl every so many updates, with their means',
      preset: '1',
      read: positive,
    },
    {
      name: 'report_to',
      value: 'name',
      about: 'also write event files for TensorBoard to OUTPUT/tensorboard',
      choices: ['tensorboard', 'none'],
    },
    { name: 'resume', value: 'flag', about: 'go on where the run in OUTPUT stopped, to the bit' },
    {
      name: 'dry_run',
      value: 'flag',
      about: 'say what would be done and how much memory the model takes',
    },
  ],
};

/** The groups whose options are Trainer's, besides those that the command itself reads. */
export const trainerGroups: readonly SettingGroup[] = [
  optimizerGroup,
  scheduleGroup,
  batchGroup,
  outputGroup,
];

/** Options of these groups that are not Trainer's. */
export const commandOnly: ReadonlySet<string> = new Set([
  'stop_after',
  'threads',
  'device',
  'allow_tf32',
  'report_to',
  'resume',
  'dry_run',
]);

/** Those of a command's options that say how a model is loaded. */
export function loadOptions(
  options: object,
): Pick<LoadOptions, 'device' | 'allow_tf32' | 'threads'> {
  const { device, allow_tf32, threads } = options as LoadOptions;
  return { device, allow_tf32, threads };
}
