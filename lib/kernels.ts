// The typed door to the kernels' checks and timings, for micro-benchmarks and research.
import { AlbertError } from './errors.js';
import { instructionSets, type InstructionSet } from './instruction-sets.js';
import { native, type NativeCheckResult, type NativeTimeResult } from './native.js';
import * as check from './options.js';

export { traceOptimizer, type TraceOptions, type TraceUpdate } from './optimizer-trace.js';
export type { InstructionSet } from './instruction-sets.js';

/** Which kernels are meant. */
export interface KernelOptions {
  /** Default 'cpu'. */
  backend?: 'cpu' | undefined;
  /** What the layers compute in; default 'fp32'. Ops of the heads alone know 'fp32' only. */
  dtype?: 'fp32' | 'bf16' | 'int8' | undefined;
  /** The instruction set; default the best of this machine. */
  isa?: InstructionSet | undefined;
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
  dtype: check.oneOf('fp32', 'bf16', 'int8'),
  isa: check.oneOf(...instructionSets),
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
  return native.check_case(name, ...kernelsOf(options));
}

/**
 * Times a case, after its check: a wrong kernel has no speed. Takes a quarter of a second at least,
 * and where it computes much up to three more, to hold it against the processor's peak in turns.
 *
 * @returns median and best time in microseconds, operations, bytes, and both per second
 * @throws (rejects) AlbertError `ERR_BACKEND` where the check fails, else as {@link checkCase}
 *
 * @example
 * const { median_us, gflops } = await timeCase(listCases()[0]);
 */
export async function timeCase(name: string, options: KernelOptions = {}): Promise<TimeResult> {
  checkName('timeCase', name, options);
  const kernels = kernelsOf(options);
  const { passed, message } = await native.check_case(name, ...kernels);
  if (!passed) throw new AlbertError('ERR_BACKEND', `${name} differs from reference: ${message}`);
  const time = await native.time_case(name, ...kernels);
  const perNanosecond = 1 / (time.median_us * 1e3);
  return { ...time, gflops: time.flops * perNanosecond, gbytes: time.bytes * perNanosecond };
}

/**
 * Measures what this machine can do at most: multiply-adds of a dtype in registers, on all threads.
 *
 * @returns billions of operations a second, and the threads that did them
 * @throws (rejects) AlbertError `ERR_BACKEND` where the machine lacks the instruction set
 *
 * @example
 * const { gflops } = await measurePeak({ isa: 'avx2' });
 */
export async function measurePeak(options: KernelOptions = {}): Promise<Peak> {
  check.checkOptions('measurePeak', options, schema);
  const { flops, threads } = await native.measure_peak(0, ...kernelsOf(options));
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
  const { bytes, threads } = await native.measure_peak(workingSet, ...kernelsOf(options));
  return { gbytes: bytes / 1e9, threads };
}

/** The native arguments; an empty instruction set means the best one. */
function kernelsOf(options: KernelOptions): [isa: string, dtype: string] {
  return [options.isa ?? '', options.dtype ?? 'fp32'];
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
