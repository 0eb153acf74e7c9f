// albert evaluate and albert predict: a trained model on a split of a task.
import fs from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../../folders.js';
import { writeAtomically } from '../../hub-cache.js';
import type { Device, DType } from '../../models/load.js';
import { runTask, type Scores, type Split, type TaskResults } from '../../training/tasks/index.js';
import { UsageError } from '../failures.js';
import { table } from '../format.js';
import { showWarnings, warnAboutThreads } from '../warnings.js';
import { stopOnSignals } from './signals.js';
import { loadTrained, openTaskAndModel, type TaskCommandOptions } from './task-model.js';

/** The options of both commands. */
export interface EvaluateOptions extends TaskCommandOptions {
  split?: Split;
  output?: string;
  json?: boolean;
  dtype?: DType;
  device?: Device;
  allow_tf32?: boolean;
  threads?: number;
}

/** Prints the scores of a split; with --output also writes the predictions. */
export async function evaluate(options: EvaluateOptions): Promise<void> {
  const results = await runSplit(options, options.split ?? 'dev');
  const scores = results.scores();
  const { task, output, json } = options;
  const line = `${JSON.stringify({ task, examples: results.examples, ...scores })}\n`;
  process.stdout.write(json ? line : scoreLines(scores));
  if (output === undefined) return;
  await writeFiles(output, { ...results.files(), 'eval_results.json': line });
}

/** Writes the predictions of a split in the forms that the task's judges take. */
export async function predict(options: EvaluateOptions): Promise<void> {
  const { output } = options;
  if (output === undefined) throw new UsageError('--output is missing: a folder for predictions');
  const results = await runSplit(options, options.split ?? 'test');
  const files = results.files();
  await writeFiles(output, files);
  for (const name of Object.keys(files)) process.stdout.write(`${path.join(output, name)}\n`);
}

async function runSplit(options: EvaluateOptions, split: Split): Promise<TaskResults> {
  showWarnings(false);
  warnAboutThreads();
  const stop = stopOnSignals(() => undefined);
  try {
    const opened = await openTaskAndModel(options, true);
    const { dtype, device, allow_tf32, threads } = options;
    const load = { dtype, device, allow_tf32, threads, signal: stop.signal };
    await using model = await loadTrained(opened, load);
    const predictor = { model, tokenizer: opened.tokenizer, signal: stop.signal };
    return await runTask(opened.task, split, predictor, showCount);
  } catch (error) {
    throw stop.reason() ?? error;
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    stop.release();
  }
}

function showCount(examples: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${examples.toLocaleString('en-US')} examples`);
}

/** Scores as aligned lines. */
export function scoreLines(scores: Scores): string {
  const rows = Object.entries(scores).map(([name, value]) => {
    return [name, Number.isInteger(value) ? String(value) : value.toFixed(4)];
  });
  return table(rows);
}

/** Writes files into a folder, each as a whole. */
export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  const place = await fs.stat(folder).catch(() => undefined);
  if (place && !place.isDirectory()) throw new UsageError(`--output ${folder} is no folder`);
  await makeFolder(folder);
  for (const [name, text] of Object.entries(files)) {
    await writeAtomically(path.join(folder, name), (write) => write(Buffer.from(text)));
  }
}
