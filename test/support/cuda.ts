// What test/cuda builds: the emulated library, and the programs that run on it.
import fs from 'node:fs';
import path from 'node:path';
import type t from 'tap';
import { runProgram, type Ended } from './forward';

const build = path.join(__dirname, '../../build');
const isSupported = process.platform === 'linux' && process.arch === 'x64';

/** Why the emulator does not run here; false where it does. */
export const noEmulator = !isSupported && 'the emulator of CUDA is for Linux on x86-64';

/** Ends a test file as skipped, with the reason, where the emulator does not run. */
export function needEmulator(tap: typeof t): void {
  if (!noEmulator) return;
  tap.plan(0, noEmulator);
  process.exit();
}

/** How the emulated kernels were compiled: '' is plain. */
export type Sanitizer = '' | '_address' | '_thread';

/** What makes the addon and albert_check open the emulated library as the device "cuda". */
export function emulated(sanitizer: Sanitizer = ''): Record<string, string> {
  return {
    ALBERT_CUDA_LIBRARY: built(`cuda/libalbert_cuda_emulated${sanitizer}.so`),
    ASAN_OPTIONS: 'detect_leaks=0:detect_odr_violation=0',
    TSAN_OPTIONS: 'halt_on_error=1:report_signal_unsafe=0',
  };
}

/** A file below build/, which npm run build:emulator makes. */
export function built(name: string): string {
  const file = path.join(build, name);
  if (fs.existsSync(file)) return file;
  const failure = path.join(build, 'cuda/failure.txt');
  const reason = fs.existsSync(failure) ? `: ${fs.readFileSync(failure, 'utf8')}` : '';
  throw new Error(`${file} is missing; npm run build:emulator makes it${reason}`);
}

/** Runs a kernel of test/cuda/faults.cu. */
export function runFault(name: string, sanitizer: Sanitizer = '', env = {}): Promise<Ended> {
  return runProgram(built(`cuda/cuda_faults${sanitizer}`), [name], {
    env: { ...emulated(sanitizer), ...env },
  });
}

interface Row {
  op: string;
  dtype: string;
  cases: number;
  failed: number;
  worst_share_of_tolerance: number;
}

export interface OpsReport {
  passed: number;
  failed: number;
  ops: Row[];
  failures: { case: string; failures: string[] }[];
}

/** Runs op cases on the emulated device; throws what the program says where it ends otherwise. */
export async function checkOps(sanitizer: Sanitizer, ...args: string[]): Promise<OpsReport> {
  const program = built(sanitizer ? `cuda/albert_check${sanitizer}` : 'albert_check');
  const words = ['--device', 'cuda', '--json', ...args];
  const { output, errors, code } = await runProgram(program, words, { env: emulated(sanitizer) });
  if (code !== 0 && code !== 1) throw new Error(`albert_check ended with ${code}: ${errors}`);
  if (!output.startsWith('{')) throw new Error(`albert_check: ${errors.slice(0, 4000)}`);
  return JSON.parse(output) as OpsReport;
}
