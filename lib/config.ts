// config.json: its type, how it is read, and the names of labels in it.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AlbertError } from './errors.js';
import { integer, isRecord, show } from './options.js';

/**
 * A model's configuration, spelled as in Hugging Face's config.json. Other keys are kept as read.
 * The engine checks it when a model is made and throws `ERR_CONFIG` for what is missing or wrong.
 */
export interface AlbertConfig {
  model_type?: string;
  architectures?: string[];
  vocab_size?: number;
  embedding_size?: number;
  hidden_size?: number;
  num_hidden_layers?: number;
  num_hidden_groups?: number;
  num_attention_heads?: number;
  intermediate_size?: number;
  inner_group_num?: number;
  hidden_act?: string;
  hidden_dropout_prob?: number;
  attention_probs_dropout_prob?: number;
  classifier_dropout_prob?: number;
  max_position_embeddings?: number;
  type_vocab_size?: number;
  initializer_range?: number;
  layer_norm_eps?: number;
  position_embedding_type?: string;
  pad_token_id?: number;
  bos_token_id?: number;
  eos_token_id?: number;
  num_labels?: number;
  id2label?: Record<string, string>;
  label2id?: Record<string, number>;
  problem_type?: ProblemType | null;
  [key: string]: unknown;
}

/** How a sequence classifier's labels are read and its loss is computed. */
export type ProblemType =
  | 'regression'
  | 'single_label_classification'
  | 'multi_label_classification';

/** A configuration and the exact text it came from, which is what the engine reads. */
export interface ConfigSource {
  config: AlbertConfig;
  text: string;
}

/**
 * Reads config.json of a model directory, or Google's albert_config.json where there is only that.
 *
 * @throws AlbertError `ERR_NOT_FOUND` where there is none, `ERR_CONFIG` where it is no JSON object
 */
export async function readConfig(directory: string): Promise<ConfigSource> {
  const file = path.join(directory, 'config.json');
  const google = path.join(directory, 'albert_config.json');
  if (existsSync(google) && !existsSync(file)) {
    return copyConfig(translateGoogle(parseConfig(await readFile(google, 'utf8'), google)));
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const advice = 'pass a directory that holds config.json and model.safetensors';
    throw new AlbertError('ERR_NOT_FOUND', `Cannot read ${file}: ${advice}`, { cause });
  }
  return { config: parseConfig(text, file), text };
}

/**
 * Google's file says "gelu" for the tanh form, which is Hugging Face's "gelu_new"; there, "gelu"
 * is the erf form. Names are case-insensitive there.
 */
function translateGoogle(config: AlbertConfig): AlbertConfig {
  const name = String(config.hidden_act ?? 'gelu').toLowerCase();
  return { ...config, model_type: 'albert', hidden_act: name === 'gelu' ? 'gelu_new' : name };
}

function parseConfig(text: string, file: string): AlbertConfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    const message = `${file} is no JSON: ${(cause as Error).message}`;
    throw new AlbertError('ERR_CONFIG', message, { cause });
  }
  if (isRecord(config)) return config;
  throw new AlbertError('ERR_CONFIG', `${file}: expected a JSON object, got ${show(config)}`);
}

/** A caller's configuration, copied through JSON so that later changes to it have no effect. */
export function copyConfig(config: unknown): ConfigSource {
  if (!isRecord(config)) {
    throw new TypeError(`config: expected an object like config.json, got ${show(config)}`);
  }
  const text = JSON.stringify(config);
  return { config: JSON.parse(text) as AlbertConfig, text };
}

/**
 * The number of labels: `num_labels`, else the size of `id2label`, else 2 as in Hugging Face.
 *
 * @throws TypeError where `config` is no object, RangeError where `num_labels` is no number ≥ 0
 *
 * @example
 * numLabels({ id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' } }); // 2
 */
export function numLabels(config: AlbertConfig): number {
  checkConfig('numLabels', config);
  if (typeof config.num_labels === 'number') {
    integer(0)(config.num_labels, 'numLabels: num_labels');
    return config.num_labels;
  }
  return isRecord(config.id2label) ? Object.keys(config.id2label).length : 2;
}

/**
 * The name of a label; `LABEL_3` where the configuration names none.
 *
 * @throws TypeError where `config` is no object or `id` no number, RangeError where it is no index
 *
 * @example
 * labelName({ id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' } }, 1); // 'POSITIVE'
 */
export function labelName(config: AlbertConfig, id: number): string {
  checkConfig('labelName', config);
  integer(0)(id, 'labelName: id');
  const names = isRecord(config.id2label) ? config.id2label : {};
  return names[String(id)] ?? `LABEL_${id}`;
}

function checkConfig(where: string, config: unknown): void {
  if (isRecord(config)) return;
  throw new TypeError(`${where}: expected an object like config.json, got ${show(config)}`);
}
