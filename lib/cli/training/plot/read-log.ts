// Reads the curves of a training log: JSON lines as runs write them, or a table with a header.
import fs from 'node:fs';
import path from 'node:path';
import { AlbertError } from '../../../errors.js';
import { readTsv, readJsonLines } from '../../../training/tasks/text-files.js';

/** One curve: values at updates, in order. */
export interface Curve {
  steps: number[];
  values: number[];
}

/** The curves of one run by name. */
export interface RunLog {
  name: string;
  curves: Map<string, Curve>;
}

/** The curves that a picture has room for, by the names they go under in logs. */
const names: Record<string, string> = {
  loss: 'loss',
  mlm_loss: 'mlm_loss',
  sop_loss: 'sop_loss',
  learning_rate: 'learning_rate',
  lr: 'learning_rate',
  grad_norm: 'grad_norm',
};

/**
 * Reads a log. Where it tells the two parts of a loss, their sum is left out.
 *
 * @param source a log, or the folder of a run
 * @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_FORMAT` for a file without updates
 */
export async function readLog(source: string): Promise<RunLog> {
  const isFolder = fs.statSync(source, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? path.join(source, 'log.jsonl') : source;
  const curves = new Map<string, Curve>();
  for await (const entry of path.extname(file) === '.tsv'
    ? tableEntries(file)
    : jsonEntries(file)) {
    const { step } = entry;
    if (step === undefined) continue;
    for (const [written, name] of Object.entries(names)) {
      const value = entry[written];
      if (value === undefined || !Number.isFinite(value)) continue;
      const curve = curves.get(name) ?? { steps: [], values: [] };
      curves.set(name, curve);
      curve.steps.push(step);
      curve.values.push(value);
    }
  }
  if (curves.size === 0) throw new AlbertError('ERR_FORMAT', `${file} tells of no update`);
  if (curves.has('mlm_loss')) curves.delete('loss');
  return { name: runName(source), curves };
}

function runName(source: string): string {
  const absolute = path.resolve(source);
  const base = path.basename(absolute);
  return base.startsWith('log.') ? path.basename(path.dirname(absolute)) : base;
}

type Entry = Partial<Record<string, number>>;

async function* jsonEntries(file: string): AsyncGenerator<Entry> {
  for await (const { fields } of readJsonLines(file)) {
    if (fields['type'] !== undefined && fields['type'] !== 'step') continue;
    const numbers = Object.entries(fields).filter(([, value]) => typeof value === 'number');
    yield Object.fromEntries(numbers) as Entry;
  }
}

async function* tableEntries(file: string): AsyncGenerator<Entry> {
  let header: string[] | undefined;
  for await (const { cells } of readTsv(file)) {
    if (header === undefined) header = cells;
    else yield Object.fromEntries(cells.map((cell, i) => [header?.[i] ?? '', Number(cell)]));
  }
}
