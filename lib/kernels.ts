// The typed door to the kernels' checks and timings, for micro-benchmarks and research.
import { AlbertError } from './errors.js';
import {
  native,
  type NativeCheckResult,
  type NativeTimeResult,
  type NativeTraceRequest,
} from './native.js';
import * as check from './options.js';

/** Which kernels are meant. */
export interface KernelOptions {
  /** Default 'cpu'. */
  backend?: 'cpu' | undefined;
  /** Default 'fp32'. */
  dtype?: 'fp32' | undefined;
  /** The instruction set; default the best of this machine. */
  isa?: 'portable' | 'avx2' | 'avx512' | 'neon' | undefined;
}

/** How far a case's outputs are from the float64 reference. */
export type CheckResult = NativeCheckResult;

/** How long a case takes. */
export interface TimeResult extends NativeTimeResult {
  /** Billions of floating-point operations a second, at the median. */
  gflops: number;
  /** Billions of bytes read and written a second, at the median. */
  gbytes: number;
}

/** What {@link measurePeak} tells. */
export interface Peak {
  gflops: number;
  threads: number;
}

/** What {@link measureBandwidth} tells. */
export interface Bandwidth {
  gbytes: number;
  threads: number;
}

const schema: check.OptionSchema = {
  backend: check.oneOf('cpu'),
  dtype: check.oneOf('fp32'),
  isa: check.oneOf('portable', 'avx2', 'avx512', 'neon'),
};

/**
 * The names of all cases: an op and its sizes, "embedding/tokens=1,columns=1,vocabulary=11".
 * `timed` leaves those whose shapes are of a real model; the others are there to be checked.
 *
 * @example
 * for (const name of listCases({ timed: true })) console.log(name);
 */
export function listCases(options: { timed?: boolean | undefined } = {}): string[] {
  check.checkOptions('listCases', options, { timed: check.boolean });
  return native.list_cases(options.timed ?? false);
}

/**
 * Compares a case with the float64 reference.
 *
 * @throws (rejects) RangeError for an unknown case, AlbertError `ERR_BACKEND` where the machine
 * lacks the instruction set
 *
 * @example
 * const { passed, outputs } = await checkCase(listCases()[0], { isa: 'avx2' });
 */
export async function checkCase(name: string, options: KernelOptions = {}): Promise<CheckResult> {
  checkName('checkCase', name, options);
  return native.check_case(name, options.isa ?? '');
}

/**
 * Times a case, after its check: a wrong kernel has no speed.
 *
 * @returns median and best time in microseconds, operations, bytes, and both per second
 * @throws (rejects) AlbertError `ERR_BACKEND` where the check fails, else as {@link checkCase}
 *
 * @example
 * const { median_us, gflops } = await timeCase(listCases()[0]);
 */
export async function timeCase(name: string, options: KernelOptions = {}): Promise<TimeResult> {
  checkName('timeCase', name, options);
  const isa = options.isa ?? '';
  const { passed, message } = await native.check_case(name, isa);
  if (!passed) throw new AlbertError('ERR_BACKEND', `${name} differs from reference: ${message}`);
  const time = await native.time_case(name, isa);
  const perNanosecond = 1 / (time.median_us * 1e3);
  return { ...time, gflops: time.flops * perNanosecond, gbytes: time.bytes * perNanosecond };
}

/**
 * Measures what this machine can do at most: multiply-adds in registers, on all threads.
 *
 * @returns billions of floating-point operations a second, and the threads that did them
 * @throws (rejects) AlbertError `ERR_BACKEND` where the machine lacks the instruction set
 *
 * @example
 * const { gflops } = await measurePeak({ isa: 'avx2' });
 */
export async function measurePeak(options: KernelOptions = {}): Promise<Peak> {
  check.checkOptions('measurePeak', options, schema);
  const { flops, threads } = await native.measure_peak(options.isa ?? '', 0);
  return { gflops: flops / 1e9, threads };
}

/**
 * Measures how fast all threads together read and write a working set of some bytes, again and
 * again: a small set measures a cache, a large one memory.
 *
 * @returns billions of bytes a second, and the threads that moved them
 * @throws (rejects) RangeError for sizes that are not from 1 to 2^32 bytes, AlbertError
 * `ERR_BACKEND` where the machine lacks the instruction set
 *
 * @example
 * const { gbytes } = await measureBandwidth(256 * 2 ** 20);
 */
export async function measureBandwidth(
  workingSet: number,
  options: KernelOptions = {},
): Promise<Bandwidth> {
  check.integer(1, 2 ** 32)(workingSet, 'measureBandwidth: workingSet');
  check.checkOptions('measureBandwidth', options, schema);
  const { bytes, threads } = await native.measure_peak(options.isa ?? '', workingSet);
  return { gbytes: bytes / 1e9, threads };
}

function checkName(where: string, name: string, options: KernelOptions): void {
  check.nonEmptyString(name, `${where}: name`);
  check.checkOptions(where, options, schema);
  const names = listCases();
  if (names.includes(name)) return;
  const near = check.nearest(name, names);
  const hint = near === undefined ? 'listCases() names them all' : `did you mean '${near}'?`;
  throw new RangeError(`${where}: unknown case '${name}', ${hint}`);
}

/** The update rule and its schedule, by the names that training uses. */
export interface TraceOptions {
  /** Default 'cpu'; 'reference' computes in float64. */
  backend?: 'cpu' | 'reference' | undefined;
  /** The instruction set on the CPU; default the best of this machine. */
  isa?: KernelOptions['isa'];
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
  backend: check.oneOf('cpu', 'reference'),
  isa: check.oneOf('portable', 'avx2', 'avx512', 'neon'),
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
