// Loads models: checks options, finds the checkpoint, and hands both to the engine.
import { abortable } from '../abort.js';
import { copyConfig, readConfig, type AlbertConfig, type ConfigSource } from '../config.js';
import type { HubOptions } from '../hub.js';
import { native, type ModelKind, type NativeLoadRequest, type NativeModel } from '../native.js';
import * as check from '../options.js';
import { findModel, hubSchema } from '../source.js';

/**
 * Arithmetic of the layers. Heads and outputs are float32 in each of them, as are embeddings (but
 * the word table in bf16), and every checkpoint can be loaded in each.
 *
 * - 'fp32': float32.
 * - 'bf16': weights and activations rounded to bfloat16, sums in float32. Half the bytes of layers;
 *   outputs differ from fp32 by less than 1.5 % of their norm (seen: 0.2 to 0.8 %).
 * - 'int8': weights quantized for each output, activations for each token, without calibration. A
 *   quarter of the bytes; outputs differ by less than 4 % of their norm (seen: 0.4 to 2 %; x86
 *   processors without VNNI keep half a bit less of each operand).
 * - 'fp16': needs CUDA, `ERR_BACKEND` elsewhere.
 *
 * `info()` says which a device has and how this processor computes them.
 */
export type DType = 'fp32' | 'bf16' | 'int8' | 'fp16';

/** Where a model computes; 'auto' takes CUDA where it is, 'reference' is slow exact float64. */
export type Device = 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | 'reference';

/** How a model is loaded. */
export interface LoadOptions extends HubOptions {
  /** Arithmetic of the layers; default 'fp32'. Device 'reference' takes that alone. */
  dtype?: DType | undefined;
  /** Default 'auto'. */
  device?: Device | undefined;
  /**
   * Whether device 'cuda' may round the inputs of float32 products to TF32 (10 bits of fraction
   * instead of 23), which its tensor cores multiply several times faster. Default false: 'fp32' is
   * true float32. Changes nothing in other dtypes and on other devices; a trainer computes as its
   * model was loaded.
   */
  allow_tf32?: boolean | undefined;
  /** Upper bound of threads for this model's jobs, 1 to 1024; default all of the pool. */
  threads?: number | undefined;
  /**
   * Tokens that may wait in this model's queue; a call beyond it throws ERR_BUSY. Default
   * 1,048,576; a call that finds the queue empty is always taken.
   */
  max_queued_tokens?: number | undefined;
  /**
   * Seed of the weights that are drawn: all of `from_config`, and of `from_pretrained` those that
   * the checkpoint lacks, such as a new head's. Default 0.
   */
  seed?: number | undefined;
  /** Entries that stand in place of those of config.json: `{ num_labels: 3 }` for a new head. */
  config?: AlbertConfig | undefined;
  /** Tokens of a tile, for benchmarks: changes speed, never results. Default: planned. */
  tile_tokens?: number | undefined;
}

/** A loaded model before it gets its class. */
export interface LoadedModel {
  native: NativeModel;
  config: AlbertConfig;
  device: Device;
  dtype: DType;
  /** Upper bound; 0 = all threads of the pool. */
  threads: number;
}

const devices = check.oneOf('auto', 'cpu', 'cuda', 'cuda:0', 'reference');

const device: check.OptionCheck = (value, name) => {
  if (typeof value !== 'string' || !/^cuda:\d+$/.test(value)) devices(value, name);
};

/** The options of from_pretrained; pipelines and the command line check theirs with it, too. */
export const loadSchema: check.OptionSchema = {
  ...hubSchema,
  dtype: check.oneOf('fp32', 'bf16', 'int8', 'fp16'),
  device,
  allow_tf32: check.boolean,
  threads: check.integer(1, 1024),
  max_queued_tokens: check.integer(1),
  tile_tokens: check.integer(1),
  seed: check.integer(0),
  config: (value, name) => {
    if (check.isRecord(value)) return;
    throw new TypeError(`${name}: expected an object like config.json, got ${check.show(value)}`);
  },
};

/** Loads a checkpoint; the warnings it gave are emitted once, as one 'AlbertWarning'. */
export async function loadPretrained(
  name: string,
  kind: ModelKind,
  source: string,
  options: LoadOptions,
): Promise<LoadedModel> {
  const where = `${name}.from_pretrained`;
  check.nonEmptyString(source, `${where}: directoryOrHubId`);
  check.checkOptions(where, options, loadSchema);
  const { directory, weights } = await findModel(source, options);
  const read = await readConfig(directory);
  const config = options.config ? copyConfig({ ...read.config, ...options.config }) : read;
  const loaded = await load(config, { kind, path: weights }, options);
  warn(name, source, loaded.native.warnings);
  return loaded;
}

/** Makes a model with fresh weights. */
export async function loadConfig(
  name: string,
  kind: ModelKind,
  config: AlbertConfig,
  options: LoadOptions,
): Promise<LoadedModel> {
  check.checkOptions(`${name}.from_config`, options, loadSchema);
  const loaded = await load(copyConfig(config), { kind }, options);
  warn(name, 'its configuration', loaded.native.warnings);
  return loaded;
}

async function load(
  source: ConfigSource,
  what: Pick<NativeLoadRequest, 'kind' | 'path'>,
  options: LoadOptions,
): Promise<LoadedModel> {
  const { dtype = 'fp32', threads = 0, seed = 0, max_queued_tokens, tile_tokens, signal } = options;
  const { device = 'auto', allow_tf32 = false } = options;
  signal?.throwIfAborted();
  const work = native.load_model({
    ...what,
    config: source.text,
    device,
    dtype,
    allow_tf32,
    threads,
    seed,
    ...(max_queued_tokens !== undefined && { max_queued_tokens }),
    ...(tile_tokens !== undefined && { tile_tokens }),
  });
  const loaded = await abortable(work, signal, undefined, (model) => void model.dispose());
  return { native: loaded, config: source.config, device, dtype, threads };
}

function warn(name: string, source: string, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const message = `${name} from ${check.line(source, 200)}: ${warnings.join(' ')}`;
  process.emitWarning(message, 'AlbertWarning');
}
