// An optimizer on a caller's own numbers, update by update: for tests and research.
import { instructionSets, type InstructionSet } from './instruction-sets.js';
import { native } from './native.js';
import {
  optimizerSchema,
  optimizerSettings,
  scheduleSettings,
  type OptimizerOptions,
} from './optimizer-options.js';
import * as check from './options.js';

/** The update rule and its schedule; the defaults are those of the original code. */
export interface TraceOptions extends OptimizerOptions {
  /** Default 'cpu'; 'reference' computes in float64. */
  backend?: 'cpu' | 'cuda' | 'reference' | undefined;
  /** The instruction set on the CPU; default the best of this machine. */
  isa?: InstructionSet | undefined;
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
  ...optimizerSchema,
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
  const most = Math.max(1, gradients.length);
  const read = (from: Record<string, Float64Array>, name: string): Float64Array => {
    const data: unknown = from[name];
    if (data instanceof Float64Array) return data;
    const got = check.show(data);
    throw new TypeError(`traceOptimizer: ${name}: expected a Float64Array, got ${got}`);
  };
  const updates = await native.trace_optimizer({
    device: options.backend ?? 'cpu',
    instruction_set: options.isa,
    optimizer: optimizerSettings(options),
    schedule: scheduleSettings({ ...options, max_steps: options.max_steps ?? most }),
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
