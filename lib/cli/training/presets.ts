// Configurations by name: those that Google published, versions 1 and 2.
import fs from 'node:fs';
import path from 'node:path';
import { copyConfig, readConfig, type AlbertConfig } from '../../config.js';
import { readJsonFile } from '../../training/tasks/text-files.js';
import { UsageError } from '../failures.js';

interface Size {
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
}

const sizes: Record<string, Size> = {
  base: sizeOf(768, 12, 12, 3072),
  large: sizeOf(1024, 24, 16, 4096),
  xlarge: sizeOf(2048, 24, 16, 8192),
  xxlarge: sizeOf(4096, 12, 64, 16384),
};

function sizeOf(hidden: number, layers: number, heads: number, intermediate: number): Size {
  return {
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediate,
  };
}

/** The names of presets: base, large, xlarge, xxlarge; version 1 has dropout, but for xxlarge. */
export const presetNames: readonly string[] = Object.keys(sizes);

/** The configuration of `base`, `base-v1`, `albert-base-v2` …; undefined for any other name. */
export function presetConfig(name: string): AlbertConfig | undefined {
  const [, size = '', version = '2'] = /^(?:albert-)?([a-z]+)(?:-v([12]))?$/.exec(name) ?? [];
  if (!Object.hasOwn(sizes, size)) return undefined;
  const dropout = version === '1' && size !== 'xxlarge' ? 0.1 : 0;
  return {
    model_type: 'albert',
    vocab_size: 30000,
    embedding_size: 128,
    ...sizes[size],
    num_hidden_groups: 1,
    inner_group_num: 1,
    // Both versions were pretrained with the tanh form.
    hidden_act: 'gelu_new',
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    classifier_dropout_prob: 0.1,
    max_position_embeddings: 512,
    type_vocab_size: 2,
    initializer_range: 0.02,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
    bos_token_id: 2,
    eos_token_id: 3,
  };
}

/** The configuration that --config names: a preset, a .json file, or a model's folder. */
export async function findConfig(source: string): Promise<AlbertConfig> {
  const place = fs.statSync(source, { throwIfNoEntry: false });
  if (place?.isDirectory()) return (await readConfig(source)).config;
  // Google's file has words of its own, which the reader of folders knows.
  if (path.basename(source) === 'albert_config.json') {
    return (await readConfig(path.dirname(source))).config;
  }
  if (place) return copyConfig(await readJsonFile(source)).config;
  const preset = presetConfig(source);
  if (preset) return preset;
  const names = presetNames.join(', ');
  throw new UsageError(`--config ${source}: expected a config.json, a model's folder, or ${names}`);
}
