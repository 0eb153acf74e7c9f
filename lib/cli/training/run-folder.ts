// The folder of a run: what it was begun with, what lies in it, whether another run is in the way.
import fs from 'node:fs/promises';
import path from 'node:path';
import { AlbertError } from '../../errors.js';
import { makeFolder } from '../../folders.js';
import { writeAtomically } from '../../hub-cache.js';
import { isRecord } from '../../options.js';
import type { AlbertTokenizer } from '../../tokenizer.js';
import { UsageError } from '../failures.js';

/** What a run was begun with; --resume needs none of it again. */
export interface RunSettings {
  version: 1;
  command: 'pretrain' | 'finetune';
  /** Options as they were given, by name; paths are absolute. */
  options: Record<string, unknown>;
}

const settingsFile = 'run.json';
const vocabularyFiles = ['spiece.model', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt'];

/** The log of a run. */
export function logFile(output: string): string {
  return path.join(output, 'log.jsonl');
}

/** Whether a file or folder is there. */
async function has(place: string): Promise<boolean> {
  return fs.stat(place).then(
    () => true,
    () => false,
  );
}

/** The names of a folder; none where there is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  return fs.readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    const reason = error.code === 'ENOTDIR' ? 'it is no folder' : error.message;
    throw new UsageError(`--output ${folder}: ${reason}`);
  });
}

/** @throws UsageError where a folder holds a run, or a model that would be written over */
export async function refuseOtherRun(output: string): Promise<void> {
  const names = await namesIn(output);
  const found = names.find((name) => name === settingsFile || /^checkpoint-\d+$/.test(name));
  const model = names.find((name) => name === 'model.safetensors' || name === 'log.jsonl');
  if (found === undefined && model === undefined) return;
  const advice = found
    ? 'go on with it by --resume, or choose another folder'
    : 'choose another folder';
  throw new UsageError(`--output ${output} holds another run (${found ?? model}): ${advice}`);
}

/** Makes the folder of a new run. */
export async function beginRun(output: string, settings: RunSettings): Promise<void> {
  await refuseOtherRun(output);
  await makeFolder(output);
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  await writeAtomically(path.join(output, settingsFile), (write) => write(Buffer.from(text)));
}

/**
 * What the run in a folder was begun with.
 *
 * @throws (rejects) AlbertError `ERR_NOT_FOUND` where there is none
 */
export async function readRun(output: string, command: string): Promise<RunSettings> {
  const file = path.join(output, settingsFile);
  const text = await fs.readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const advice = 'leave --resume out to begin one';
    throw new AlbertError('ERR_NOT_FOUND', `--resume: there is no run in ${output}; ${advice}`);
  }
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch (cause) {
    throw new AlbertError('ERR_FORMAT', `${file} is no JSON`, { cause });
  }
  const { version, command: own, options } = isRecord(settings) ? settings : {};
  if (version !== 1 || !isRecord(options)) {
    throw new AlbertError('ERR_FORMAT', `${file} is no description of a run, version 1`);
  }
  if (own === command) return settings as unknown as RunSettings;
  throw new UsageError(`the run in ${output} is one of albert ${String(own)}: resume it by that`);
}

/** Takes away what beginRun, the log and the vocabulary left, where no update was made. */
export async function discardRun(output: string): Promise<void> {
  for (const name of [settingsFile, 'log.jsonl', 'tensorboard', ...vocabularyFiles]) {
    await fs.rm(path.join(output, name), { recursive: true, force: true });
  }
  // A folder that holds something else stays.
  await fs.rmdir(output).catch(() => undefined);
}

/** Whether a run has written a checkpoint. */
export async function hasCheckpoint(output: string): Promise<boolean> {
  return (await namesIn(output)).some((name) => /^checkpoint-\d+$/.test(name));
}

/** Copies a vocabulary into a folder, so that the folder is a whole model. */
export async function copyVocabulary(source: string, folder: string): Promise<void> {
  const place = await fs.stat(source).catch(() => undefined);
  if (place?.isFile()) {
    // Whatever its name, a SentencePiece model is looked for as spiece.model.
    const name = path.extname(source) === '.model' ? 'spiece.model' : path.basename(source);
    await fs.copyFile(source, path.join(folder, name));
  } else if (place?.isDirectory()) {
    for (const name of vocabularyFiles) {
      const file = path.join(source, name);
      if (await has(file)) await fs.copyFile(file, path.join(folder, name));
    }
  }
}

/** @throws AlbertError `ERR_CONFIG` where a vocabulary has more tokens than a model */
export function checkVocabulary(tokenizer: AlbertTokenizer, vocab_size: unknown): void {
  if (typeof vocab_size !== 'number' || tokenizer.vocab_size <= vocab_size) return;
  const got = `the tokenizer has ${tokenizer.vocab_size} tokens, the model's vocab_size is`;
  throw new AlbertError('ERR_CONFIG', `${got} ${vocab_size}: pass the vocabulary of the model`);
}
