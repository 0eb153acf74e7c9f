// Finds the files of a model or tokenizer: a directory, a file, or a repository on the hub.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { env } from './env.js';
import { AlbertError } from './errors.js';
import { cacheFolder, hubFile, isHubId, type HubOptions } from './hub.js';
import { exists } from './hub-cache.js';
import * as check from './options.js';

/** Checks of {@link HubOptions}. */
export const hubSchema: check.OptionSchema = {
  revision: check.nonEmptyString,
  cache_dir: check.nonEmptyString,
  local_files_only: check.boolean,
  progress_callback: check.callback,
  signal: check.abortSignal,
};

/** Where the files of a model lie, or will lie once they are asked for. */
export interface Repository {
  directory: string;
  /** The path of a file, downloaded where need be; undefined where there is none. */
  find(file: string): Promise<string | undefined>;
}

/** Where a model's configuration and weights are. */
export interface ModelFiles {
  directory: string;
  /** The directory, or the one .safetensors file that was named. */
  weights: string;
}

const shardIndex = 'model.safetensors.index.json';

/**
 * Finds a model: a directory, a .safetensors file, a name under `env.localModelPath`, a hub id.
 *
 * @throws AlbertError `ERR_NOT_FOUND` that says what to pass
 */
export async function findModel(source: string, options: HubOptions): Promise<ModelFiles> {
  const file = await localFile(source);
  if (file) {
    if (file.endsWith('.safetensors')) return { directory: path.dirname(file), weights: file };
    const shown = check.line(source, 200);
    throw notFound(`${shown} is no .safetensors file: pass one, or a checkpoint's directory`);
  }
  const repository = await openRepository(source, options);
  const { directory } = repository;
  const config =
    (await repository.find('config.json')) ?? (await repository.find('albert_config.json'));
  if (!config) throw notFound(missing(source, 'config.json', options));
  if (await repository.find('model.safetensors')) return { directory, weights: directory };
  const index = await repository.find(shardIndex);
  if (!index) throw notFound(missing(source, 'model.safetensors', options));
  for (const shard of await shardNames(index)) {
    if (!(await repository.find(shard))) throw notFound(missing(source, shard, options));
  }
  return { directory, weights: directory };
}

/** The path, if it names an existing file (not a directory). */
export async function localFile(source: string): Promise<string | undefined> {
  const found = await stat(source).catch(() => undefined);
  return found?.isFile() ? source : undefined;
}

/** Opens a directory, else a name under `env.localModelPath`, else a repository on the hub. */
export async function openRepository(source: string, options: HubOptions): Promise<Repository> {
  for (const directory of [source, path.join(env.localModelPath, source)]) {
    const found = await stat(directory).catch(() => undefined);
    if (found?.isDirectory()) return localRepository(directory);
  }
  if (!isHubId(source)) {
    const advice = 'pass the path of a checkpoint, or owner/name';
    const shown = check.line(source, 200);
    throw notFound(`${shown} is neither a directory nor a hub id: ${advice}`);
  }
  return {
    directory: cacheFolder(source, options),
    find: (file) => hubFile(source, file, options),
  };
}

function localRepository(directory: string): Repository {
  const find = async (name: string): Promise<string | undefined> => {
    const file = path.join(directory, name);
    return (await exists(file)) ? file : undefined;
  };
  return { directory, find };
}

/** The files a sharded checkpoint's index names. */
async function shardNames(index: string): Promise<string[]> {
  const expected = `${index}: expected { "weight_map": { tensor: file } }`;
  const bad = (cause?: unknown): AlbertError => new AlbertError('ERR_FORMAT', expected, { cause });
  let map: unknown;
  try {
    const parsed: unknown = JSON.parse(await readFile(index, 'utf8'));
    map = check.isRecord(parsed) ? parsed['weight_map'] : undefined;
  } catch (cause) {
    throw bad(cause);
  }
  if (!check.isRecord(map)) throw bad();
  const names = [...new Set(Object.values(map))];
  // A name with a path in it could lead out of the cache.
  const plain = names.every((name) => typeof name === 'string' && /^[\w-][\w.-]*$/.test(name));
  if (!plain) throw bad();
  return names as string[];
}

/** What to say where a repository lacks a file. */
export function missing(source: string, file: string, options: HubOptions): string {
  const offline = options.local_files_only || !env.allowRemoteModels;
  const advice = 'pass a directory that has it';
  const shown = check.line(source, 200);
  if (offline) return `${shown} has no ${file} here, and nothing may be downloaded: ${advice}`;
  return `${shown} has no ${file}: pass a directory or hub id that has it`;
}

/** An `ERR_NOT_FOUND`. */
export function notFound(message: string): AlbertError {
  return new AlbertError('ERR_NOT_FOUND', message);
}
