// Finds the file of a split: the one that was named, or the usual name in a data set's folder.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AlbertError } from '../../errors.js';
import { line } from '../../options.js';
import type { Split, TaskOptions } from './task.js';

const named = { train: 'train_file', dev: 'validation_file', test: 'test_file' } as const;

/** What a path is; undefined where there is nothing. */
export async function kindOf(place: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(place).catch(() => undefined);
  return found?.isDirectory() ? 'folder' : found && 'file';
}

/**
 * The file of a split.
 *
 * @param candidates names under `options.data`, the usual one first
 * @throws (rejects) AlbertError `ERR_NOT_FOUND` that says what was looked for
 */
export async function locate(
  options: TaskOptions,
  split: Split,
  candidates: readonly string[],
): Promise<string> {
  const given = options[named[split]];
  if (given !== undefined) return given;
  const { data } = options;
  if (data === undefined) {
    const message = `the ${split} data are missing: pass --data, or --${named[split]}`;
    throw new AlbertError('ERR_NOT_FOUND', message);
  }
  if ((await kindOf(data)) === 'file') return data;
  for (const candidate of candidates) {
    const file = path.join(data, candidate);
    if (await kindOf(file)) return file;
  }
  const looked = candidates.length > 0 ? `looked for ${candidates.join(', ')}` : 'it has none';
  const message = `${line(data, 200)} has no ${split} data (${looked})`;
  throw new AlbertError('ERR_NOT_FOUND', `${message}; pass the file with --${named[split]}`);
}
