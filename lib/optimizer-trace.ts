// An optimizer on a caller's own numbers, update by update: for tests and research.
import { instructionSets, type InstructionSet } from './instruction-sets.js';
import { native, type NativeTraceRequest } from './native.js';
import * as check from './options.js';

/** The update rule and its schedule, by the names that training uses. */
export interface TraceOptions {
  /** Default 'cpu'; 'reference' computes in float64. */
  backend?: 'cpu' | 'cuda' | 'reference' | undefined;
  /** The instruction set on the CPU; default the best of this machine. */
  isa?: InstructionSet | undefined;
  /** Default 'adamw'. */
  optimizer?: 'adamw' | 'lamb' | undefined;
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
  /** Divide the moments by 1 − βᵗ, as torch does; default false, as the original code. */
  exact_bias_correction?: boolean | undefined;
  /** Gradients of a larger norm are cut back to it; default 1, 0 = never. */
  max_grad_norm?: number | undefined;
  /** Clip by torch's rule, which adds 1e-6 to the norm; default false. */
  torch_clipping?: boolean | undefined;
  /** Default 'linear'. */
  lr_scheduler_type?: 'linear' | 'polynomial' | 'constant' | 'cosine' | undefined;
  /** The peak; default 1e-3. */
  learning_rate?: number | undefined;
  /** Where the decay ends; default 0. */
  end_learning_rate?: number | undefined;
  /** Of the polynomial; default 1. */
  power?: number | undefined;
  /** Default 0. */
  warmup_steps?: number | undefined;
  /** Default the number of gradients. */
  max_steps?: number | undefined;
  /** Let the decay begin at step 0, as the original code; else behind the warm-up. */
  decay_from_start?: boolean | undefined;
  /** The first warm-up step has rate 1 / warmup_steps, not 0; default false. */
  warmup_from_one?: boolean | undefined;
  /** Multiply warm-up and decay; else the warm-up stands alone. */
  warmup_scales_decay?: boolean | undefined;
}

/** What an update was, and what it made of the parameters. */
export interface TraceUpdate {
  learning_rate: number;
  /** Before clipping. */
  grad_norm: number;
  /** The norm was not finite: nothing changed. */
  skipped: boolean;
  /** LAMB's ratios by name; empty for AdamW. */
  trust_ratios: Record<string, number>;
  parameters: Record<string, Float64Array>;
}

const traceSchema: check.OptionSchema = {
  backend: check.oneOf('cpu', 'cuda', 'reference'),
  isa: check.oneOf(...instructionSets),
  optimizer: check.oneOf('adamw', 'lamb'),
  adam_beta1: check.number(0, 1),
  adam_beta2: check.number(0, 1),
  adam_epsilon: check.number(0),
  weight_decay: check.number(0),
  exclude: check.strings,
  exact_bias_correction: check.boolean,
  max_grad_norm: check.number(0),
  torch_clipping: check.boolean,
  lr_scheduler_type: check.oneOf('linear', 'polynomial', 'constant', 'cosine'),
  learning_rate: check.number(0),
  end_learning_rate: check.number(0),
  power: check.number(0),
  warmup_steps: check.integer(0),
  max_steps: check.integer(1),
  decay_from_start: check.boolean,
  warmup_from_one: check.boolean,
  warmup_scales_decay: check.boolean,
};

/**
 * Runs an optimizer on your own numbers, one update for each set of gradients.
 *
 * @param parameters flat arrays by name
 * @param gradients for each update an array for each parameter
 * @throws TypeError and RangeError for wrong arguments; (rejects) AlbertError `ERR_SHAPE` where a
 * gradient does not have its parameter's length
 *
 * @example
 * const w = Float64Array.of(1, 2);
 * const [first] = await traceOptimizer({ w }, [{ w: Float64Array.of(0.1, 0) }], {
 *   optimizer: 'lamb', learning_rate: 0.01,
 * });
 */
export async function traceOptimizer(
  parameters: Record<string, Float64Array>,
  gradients: readonly Record<string, Float64Array>[],
  options: TraceOptions = {},
): Promise<TraceUpdate[]> {
  check.checkOptions('traceOptimizer', options, traceSchema);
  check.array(gradients, 'traceOptimizer: gradients');
  const names = Object.keys(parameters);
  const read = (from: Record<string, Float64Array>, name: string): Float64Array => {
    const data: unknown = from[name];
    if (data instanceof Float64Array) return data;
    const got = check.show(data);
    throw new TypeError(`traceOptimizer: ${name}: expected a Float64Array, got ${got}`);
  };
  const updates = await native.trace_optimizer({
    ...traceRequest(options, gradients.length),
    parameters: names.map((name) => ({ name, data: read(parameters, name) })),
    gradients: gradients.map((update) => names.map((name) => read(update, name))),
  });
  const named = <T>(values: ArrayLike<T>): Record<string, T> =>
    Object.fromEntries(Array.from(values, (value, i) => [names[i] ?? '', value]));
  return updates.map((update) => ({
    ...update,
    trust_ratios: named(update.trust_ratios),
    parameters: named(update.parameters),
  }));
}

function traceRequest(
  options: TraceOptions,
  steps: number,
): Omit<NativeTraceRequest, 'parameters' | 'gradients'> {
  return {
    device: options.backend ?? 'cpu',
    instruction_set: options.isa,
    optimizer: {
      kind: options.optimizer ?? 'adamw',
      beta1: options.adam_beta1,
      beta2: options.adam_beta2,
      epsilon: options.adam_epsilon,
      weight_decay: options.weight_decay,
      exclude: options.exclude,
      bias_correction: options.exact_bias_correction,
      max_grad_norm: options.max_grad_norm,
      torch_clipping: options.torch_clipping,
    },
    schedule: {
      kind: options.lr_scheduler_type ?? 'linear',
      learning_rate: options.learning_rate,
      end_learning_rate: options.end_learning_rate,
      power: options.power,
      warmup_steps: options.warmup_steps,
      max_steps: options.max_steps ?? Math.max(1, steps),
      decay_from_start: options.decay_from_start,
      warmup_from_one: options.warmup_from_one,
      warmup_scales_decay: options.warmup_scales_decay,
    },
  };
}
