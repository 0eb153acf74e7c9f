// Settings of optimizers and learning rate schedules: names, meanings, checks, the binary's names.
import type { NativeOptimizerSettings, NativeScheduleSettings } from './native.js';
import * as check from './options.js';

/** An update rule and its schedule. */
export interface OptimizerOptions {
  /** Default 'adamw'. */
  optimizer?: 'adamw' | 'lamb' | undefined;
  /** The peak of the schedule; default 5e-5 in `Trainer`, 1e-3 in `traceOptimizer`. */
  learning_rate?: number | undefined;
  /** Default 0.9. */
  adam_beta1?: number | undefined;
  /** Default 0.999. */
  adam_beta2?: number | undefined;
  /** Default 1e-6. */
  adam_epsilon?: number | undefined;
  /** Default 0.01; parameters whose names hold one of `exclude` have none. */
  weight_decay?: number | undefined;
  /** Parts of names; default LayerNorm, layer_norm and bias. LAMB does not adapt these either. */
  exclude?: string[] | undefined;
  /** Divide the moments by 1 − βᵗ, as torch does. */
  exact_bias_correction?: boolean | undefined;
  /** Gradients of a larger norm are cut back to it; default 1, 0 = never. */
  max_grad_norm?: number | undefined;
  /** Clip by torch's rule, which adds 1e-6 to the norm. */
  torch_clipping?: boolean | undefined;
  /** Default 'linear'. */
  lr_scheduler_type?: 'linear' | 'polynomial' | 'constant' | 'cosine' | undefined;
  /** Where the decay ends; default 0. */
  end_learning_rate?: number | undefined;
  /** Of the polynomial; default 1. */
  power?: number | undefined;
  /** Default 0. */
  warmup_steps?: number | undefined;
  /** Updates in all: where the decay ends. */
  max_steps?: number | undefined;
  /** Let the decay begin at step 0, as the original code; else behind the warm-up. */
  decay_from_start?: boolean | undefined;
  /** The first warm-up step has rate 1 / warmup_steps, not 0; default false. */
  warmup_from_one?: boolean | undefined;
  /** Multiply warm-up and decay; else the warm-up stands alone. */
  warmup_scales_decay?: boolean | undefined;
}

export const optimizerSchema: check.OptionSchema = {
  optimizer: check.oneOf('adamw', 'lamb'),
  learning_rate: check.number(0),
  adam_beta1: check.number(0, 1),
  adam_beta2: check.number(0, 1),
  adam_epsilon: check.number(0),
  weight_decay: check.number(0),
  exclude: check.strings,
  exact_bias_correction: check.boolean,
  max_grad_norm: check.number(0),
  torch_clipping: check.boolean,
  lr_scheduler_type: check.oneOf('linear', 'polynomial', 'constant', 'cosine'),
  end_learning_rate: check.number(0),
  power: check.number(0),
  warmup_steps: check.integer(0),
  max_steps: check.integer(1),
  decay_from_start: check.boolean,
  warmup_from_one: check.boolean,
  warmup_scales_decay: check.boolean,
};

/** The update rule in the binary's words; what is absent keeps its defaults. */
export function optimizerSettings(options: OptimizerOptions): NativeOptimizerSettings {
  return {
    kind: options.optimizer ?? 'adamw',
    beta1: options.adam_beta1,
    beta2: options.adam_beta2,
    epsilon: options.adam_epsilon,
    weight_decay: options.weight_decay,
    exclude: options.exclude,
    bias_correction: options.exact_bias_correction,
    max_grad_norm: options.max_grad_norm,
    torch_clipping: options.torch_clipping,
  };
}

/** The schedule in the binary's words; what is absent keeps its defaults. */
export function scheduleSettings(options: OptimizerOptions): NativeScheduleSettings {
  return {
    kind: options.lr_scheduler_type ?? 'linear',
    learning_rate: options.learning_rate,
    end_learning_rate: options.end_learning_rate,
    power: options.power,
    warmup_steps: options.warmup_steps,
    max_steps: options.max_steps,
    decay_from_start: options.decay_from_start,
    warmup_from_one: options.warmup_from_one,
    warmup_scales_decay: options.warmup_scales_decay,
  };
}
