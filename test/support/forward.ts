// Runs forward passes in a child process with an environment of its own.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { info, type AlbertConfig } from '../../dist/index.js';

/** One forward pass: which model, loaded how, on what. */
export interface ForwardJob {
  /** The name of a model class. */
  model: string;
  /** A checkpoint, or `config` and `seed` for fresh weights. */
  path?: string;
  config?: AlbertConfig;
  seed?: number;
  load?: object;
  inputs: object;
  options?: object;
}

export interface PlainTensor {
  dims: number[];
  data: number[];
}

export type PlainOutputs = Record<string, PlainTensor | PlainTensor[] | number>;

export interface ForwardResults {
  results: PlainOutputs[];
  instruction_set: string;
  threads: number;
}

/** The instruction sets this machine can run. */
export const instructionSets: readonly string[] = info().cpu.instruction_sets;

/** Runs jobs one after the other (or all at once) with variables added to the environment. */
export async function forwardElsewhere(
  jobs: readonly ForwardJob[],
  { env = {}, concurrent = false }: { env?: Record<string, string>; concurrent?: boolean } = {},
): Promise<ForwardResults> {
  const script = path.join(__dirname, 'forward-child.cjs');
  const { output, code } = await runNode([script], {
    env,
    input: JSON.stringify({ jobs, concurrent }),
  });
  if (code !== 0) throw new Error(`the child process ended with ${code}`);
  return JSON.parse(output) as ForwardResults;
}

export interface Ended {
  code: number | null;
  signal: string | null;
  output: string;
  errors: string;
}

/** Runs node with arguments to its end. */
export function runNode(
  args: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Ended> {
  return runProgram(process.execPath, args, { env, input });
}

/** Runs a program to its end. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Ended> {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdin.on('error', () => undefined); // a child that reads nothing closes its end early
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString();
      resolve({ code, signal, output: text(output), errors: text(errors) });
    });
  });
}
