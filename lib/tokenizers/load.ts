// Finds a tokenizer's files and makes the engine that fits them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AlbertError } from '../errors.js';
import type { HubOptions } from '../hub.js';
import { native } from '../native.js';
import { isRecord, line } from '../options.js';
import { localFile, missing, notFound, openRepository, type Repository } from '../source.js';
import type { TokenizerEngine } from './engine.js';

/** Rules that tokenizer_config.json may state and a caller may override. */
export interface TokenizerRules {
  do_lower_case?: boolean | undefined;
  remove_space?: boolean | undefined;
  keep_accents?: boolean | undefined;
  google_rules?: boolean | undefined;
}

/** A loaded engine and the limit its configuration states. */
export interface LoadedTokenizer {
  engine: TokenizerEngine;
  /** Tokens of a model input; Infinity where there is no limit. */
  model_max_length: number;
}

type Json = Record<string, unknown>;

const longestInput = 512;
// Configurations write "no limit" as 1e30.
const noLimit = 1e9;

/** Loads a tokenizer: spiece.model where there is one, else tokenizer.json, else vocab.txt. */
export async function loadTokenizer(
  source: string,
  rules: TokenizerRules,
  options: HubOptions,
): Promise<LoadedTokenizer> {
  const named = await localFile(source);
  const repository = await openRepository(named ? path.dirname(named) : source, options);
  const file = named ?? (await findVocabulary(source, repository, options));
  const configFile = await repository.find('tokenizer_config.json');
  const config = configFile ? await readJson(configFile) : {};
  options.signal?.throwIfAborted();
  const engine = await makeEngine(file, { ...config, ...defined(rules) });
  const { model_max_length: limit } = config;
  const model_max_length = typeof limit === 'number' && limit > 0 ? limit : longestInput;
  return { engine, model_max_length: model_max_length > noLimit ? Infinity : model_max_length };
}

async function findVocabulary(
  source: string,
  repository: Repository,
  options: HubOptions,
): Promise<string> {
  for (const name of ['spiece.model', 'tokenizer.json', 'vocab.txt']) {
    const file = await repository.find(name);
    if (file) return file;
  }
  throw notFound(missing(source, 'spiece.model, tokenizer.json or vocab.txt', options));
}

async function makeEngine(file: string, config: Json): Promise<TokenizerEngine> {
  const flag = (name: string, byDefault: boolean): boolean =>
    typeof config[name] === 'boolean' ? config[name] : byDefault;
  if (file.endsWith('.json')) {
    const { makeJsonEngine } = await import('./json-engine.js');
    return makeJsonEngine(await readJson(file), config);
  }
  if (file.endsWith('.txt')) {
    const accents = config['strip_accents'];
    const rules = {
      do_lower_case: flag('do_lower_case', true),
      strip_accents: typeof accents === 'boolean' ? accents : undefined,
      tokenize_chinese_chars: flag('tokenize_chinese_chars', true),
    };
    const { makeWordPieceEngine } = await import('./wordpiece.js');
    return makeWordPieceEngine(await readFile(file, 'utf8'), rules);
  }
  return native.load_tokenizer(await readBytes(file), {
    do_lower_case: flag('do_lower_case', true),
    remove_space: flag('remove_space', true),
    keep_accents: flag('keep_accents', false),
    google_rules: flag('google_rules', false),
  });
}

async function readBytes(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: Error) => {
    const message = `Cannot read ${line(file, 200)}: ${line(cause.message, 200)}`;
    throw new AlbertError('ERR_IO', message, { cause });
  });
}

async function readJson(file: string): Promise<Json> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = line((cause as Error).message, 200);
    const message = `Cannot read ${line(file, 200)}: ${reason}`;
    throw new AlbertError('ERR_FORMAT', message, { cause });
  }
  if (isRecord(value)) return value;
  throw new AlbertError('ERR_FORMAT', `${line(file, 200)}: expected a JSON object`);
}

function defined(rules: TokenizerRules): Json {
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
}
