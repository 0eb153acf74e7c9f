// Checkpoints on disk: what their folders hold, their names, and which of them are kept.
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AlbertConfig } from '../config.js';
import { AlbertError } from '../errors.js';
import { isRecord, line } from '../options.js';
import type { WatchState } from './divergence.js';
import type { ResolvedOptions, TrainerOptions } from './trainer-options.js';

/** Where a run stands, besides weights, moments and the number of updates. */
export interface RunState {
  /** Trained on so far. */
  examples: number;
  /** The dataset's own, behind the last example that was trained on. */
  position: unknown;
  watch: WatchState | undefined;
}

/** The text of trainer_state.json. */
export interface TrainerState {
  version: 1;
  /** The class of the model. */
  model: string;
  device: string;
  /** Updates so far. */
  step: number;
  /** All that changes updates, for comparison. */
  config: AlbertConfig;
  options: TrainerOptions;
  run: RunState;
}

/** A folder that `Trainer.save` wrote. */
export interface Checkpoint {
  directory: string;
  state: TrainerState;
}

const stateFile = 'trainer_state.json';
const nameOfStep = /^checkpoint-(\d+)$/;
/** A folder that is being written; the number is the process's. */
const leftover = /^\.checkpoint-\d+\.tmp-(\d+)-/;

/** The texts of a checkpoint, by file name. */
export function stateTexts(now: {
  name: string;
  config: AlbertConfig;
  device: string;
  step: number;
  options: ResolvedOptions;
  run: RunState;
}): { name: string; content: string }[] {
  const { report_to: _, ...options } = now.options;
  const { name: model, config, device, step, run } = now;
  const state: TrainerState = { version: 1, model, device, step, config, options, run };
  const text = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
  return [
    { name: 'config.json', content: text(config) },
    { name: stateFile, content: text(state) },
  ];
}

/** The folder of the checkpoint behind an update. */
export function checkpointFolder(outputDirectory: string, step: number): string {
  return path.join(outputDirectory, `checkpoint-${step}`);
}

/**
 * Reads a checkpoint's state.
 *
 * @param directory a checkpoint, or a folder of some: then the newest one
 * @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_FORMAT`
 */
export async function readCheckpoint(directory: string): Promise<Checkpoint> {
  const own = await readState(directory);
  if (own) return own;
  for (const name of (await checkpointNames(directory)).reverse()) {
    const found = await readState(path.join(directory, name));
    if (found) return found;
  }
  const where = line(directory, 200);
  const message = `${where} holds no checkpoint: expected ${stateFile}, or checkpoint-… folders`;
  throw new AlbertError('ERR_NOT_FOUND', message);
}

async function readState(directory: string): Promise<Checkpoint | undefined> {
  const file = path.join(directory, stateFile);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new AlbertError('ERR_IO', `Cannot read ${line(file, 200)}: ${message}`, { cause });
  }
  return { directory, state: parseState(text, file) };
}

function parseState(text: string, file: string): TrainerState {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw new AlbertError('ERR_FORMAT', `${line(file, 200)} is no JSON`, { cause });
  }
  const { version, model, device, step, config, options, run } = isRecord(state) ? state : {};
  const sound =
    version === 1 &&
    typeof model === 'string' &&
    typeof device === 'string' &&
    Number.isSafeInteger(step) &&
    Number(step) >= 0 &&
    isRecord(config) &&
    isRecord(options) &&
    isRecord(run);
  if (sound) return state as unknown as TrainerState;
  throw new AlbertError('ERR_FORMAT', `${line(file, 200)} is no state of a trainer, version 1`);
}

/** The names of checkpoints in a folder, oldest first; none where there is no such folder. */
async function checkpointNames(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const step = (name: string): number => Number(nameOfStep.exec(name)?.[1]);
  return names.filter((name) => nameOfStep.test(name)).sort((a, b) => step(a) - step(b));
}

/** Removes what processes that died left of checkpoints that they were writing. */
export async function removeLeftovers(outputDirectory: string): Promise<void> {
  for (const name of await readdir(outputDirectory).catch(() => [])) {
    const owner = leftover.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    await rm(path.join(outputDirectory, name), { recursive: true, force: true });
  }
}

function isAlive(process_id: number): boolean {
  try {
    return process.kill(process_id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Deletes the oldest checkpoints of a run beyond a limit.
 *
 * @param limit 0 = none are deleted
 * @param keep a folder that is kept in any case
 */
export async function deleteOldest(
  outputDirectory: string,
  limit: number,
  keep: string | undefined,
): Promise<void> {
  if (limit === 0) return;
  const names = await checkpointNames(outputDirectory);
  for (const name of names.slice(0, Math.max(0, names.length - limit))) {
    const folder = path.join(outputDirectory, name);
    if (folder !== keep) await rm(folder, { recursive: true, force: true });
  }
}
