// What all models have in common: loading, calling, saving, disposing.
import path from 'node:path';
import { abortable } from '../abort.js';
import { Callable } from '../callable.js';
import type { AlbertConfig } from '../config.js';
import { makeFolder } from '../folders.js';
import { writeAtomically } from '../hub-cache.js';
import { checkFields, packInputs, type ModelInputs, type PackedInputs } from '../inputs.js';
import type { ModelKind, NativeForwardRequest } from '../native.js';
import * as check from '../options.js';
import { loadConfig, loadPretrained, type LoadedModel, type LoadOptions } from './load.js';
import { readOutputs } from './outputs.js';

/** What every forward pass takes besides its inputs. */
export interface ForwardOptions {
  /** Rejects at once when aborted; the computation stops as soon as nobody else needs its tile. */
  signal?: AbortSignal | undefined;
  /** Return the embeddings and the state after each pass; default false. */
  output_hidden_states?: boolean | undefined;
  /** Return the attention probabilities; default false. */
  output_attentions?: boolean | undefined;
  /** 'float64' gives outputs in full precision, on device 'reference' only; default 'float32'. */
  output_dtype?: 'float32' | 'float64' | undefined;
}

/** A class of models, as the static methods see it. */
export interface ModelClass<Model> {
  readonly kind: ModelKind;
  readonly name: string;
  new (loaded: LoadedModel): Model;
}

/** What a model adds to a request: labels, the rows of its head, the number of choices. */
export type HeadRequest = Partial<NativeForwardRequest>;

/** What training works with of a model. */
export interface ModelParts {
  native: LoadedModel['native'];
  kind: ModelKind;
  device: LoadedModel['device'];
  dtype: LoadedModel['dtype'];
  threads: number;
  /** Checks and packs inputs with labels. */
  pack(where: string, inputs: unknown): NativeForwardRequest;
  /** config.json as it is saved. */
  savedConfig(): AlbertConfig;
}

const forwardSchema: check.OptionSchema = {
  signal: check.abortSignal,
  output_hidden_states: check.boolean,
  output_attentions: check.boolean,
  output_dtype: check.oneOf('float32', 'float64'),
};

/** Calling a model is calling its `forward`. */
export interface AlbertPreTrainedModel<Inputs, Output, Options> {
  (inputs: Inputs, options?: Options): Promise<Output>;
}

/** The base class of all models; make one with `from_pretrained` or `from_config`. */
export abstract class AlbertPreTrainedModel<
  Inputs extends object,
  Output extends object,
  Options extends ForwardOptions = ForwardOptions,
> extends Callable {
  /** Which heads the class has; decides parameters and outputs. */
  static readonly kind: ModelKind = 'base';

  /** config.json as read. */
  readonly config: AlbertConfig;
  readonly #loaded: LoadedModel;

  /** @internal */
  constructor(loaded: LoadedModel) {
    super('forward');
    if (typeof loaded?.native?.forward !== 'function') {
      const { name } = new.target;
      throw new TypeError(`new ${name}(): use ${name}.from_pretrained instead`);
    }
    this.config = loaded.config;
    this.#loaded = loaded;
  }

  /**
   * Loads a checkpoint: a directory with config.json and model.safetensors (or shards), a
   * .safetensors file beside its config.json, or an id on the Hugging Face hub. Heads that the
   * checkpoint lacks are initialised, which a warning says.
   *
   * @throws AlbertError `ERR_NOT_FOUND`, `ERR_CONFIG`, `ERR_FORMAT`, `ERR_SHAPE`, `ERR_BACKEND`,
   * `ERR_MEMORY`; TypeError and RangeError for wrong options; the signal's reason when aborted
   *
   * @example
   * const model = await AlbertForMaskedLM.from_pretrained('albert/albert-base-v2', { threads: 4 });
   * const small = await AlbertModel.from_pretrained('./my-model', { dtype: 'int8' });
   */
  static async from_pretrained<Model>(
    this: ModelClass<Model>,
    directoryOrHubId: string,
    options: LoadOptions = {},
  ): Promise<Model> {
    return new this(await loadPretrained(this.name, this.kind, directoryOrHubId, options));
  }

  /**
   * Makes a model with fresh weights.
   *
   * @throws AlbertError `ERR_CONFIG` for sizes that cannot be, and as `from_pretrained`
   *
   * @example
   * const model = await AlbertModel.from_config({ vocab_size: 100, hidden_size: 32,
   *   embedding_size: 16, num_attention_heads: 4, intermediate_size: 64, num_hidden_layers: 2 });
   */
  static async from_config<Model>(
    this: ModelClass<Model>,
    config: AlbertConfig,
    options: LoadOptions = {},
  ): Promise<Model> {
    return new this(await loadConfig(this.name, this.kind, config, options));
  }

  /**
   * What training works with.
   *
   * @internal
   */
  static partsOf(model: AlbertPreTrainedModel<any, any, any>): ModelParts {
    const { native, device, dtype, threads } = model.#loaded;
    return {
      native,
      kind: (model.constructor as unknown as ModelClass<unknown>).kind,
      device,
      dtype,
      threads,
      pack: (where, inputs) => model.#pack(where, inputs, {}),
      savedConfig: () => model.#savedConfig(),
    };
  }

  /**
   * Runs the model. Rows may differ in length; nothing is padded.
   *
   * @throws (rejects) TypeError and RangeError that name the field and row, the signal's reason
   * when aborted, AlbertError `ERR_BUSY` when too much waits, `ERR_DISPOSED`
   *
   * @example
   * const { last_hidden_state } = await model({ input_ids: [[2, 14, 3], [2, 14, 57, 3]] });
   */
  async forward(inputs: Inputs, options: Options = {} as Options): Promise<Output> {
    const where = this.constructor.name;
    check.checkOptions(`${where}.forward`, options, { ...forwardSchema, ...this.optionSchema });
    options.signal?.throwIfAborted();
    const request = { ...this.#pack(where, inputs, options), ...this.requestOf(options) };
    const job = this.#loaded.native.forward(request);
    const outputs = await abortable(job.promise, options.signal, () => job.abort());
    return readOutputs(outputs) as Output;
  }

  /**
   * Writes config.json and model.safetensors (float32), each atomically. A model loaded as bf16 or
   * int8 has rounded weights only, and saves these: load it as fp32 to save what was loaded.
   *
   * @throws (rejects) AlbertError `ERR_IO` where the directory cannot be written, `ERR_DISPOSED`
   *
   * @example
   * await model.save_pretrained('./my-model');
   */
  async save_pretrained(directory: string): Promise<void> {
    check.nonEmptyString(directory, `${this.constructor.name}.save_pretrained: directory`);
    await makeFolder(directory);
    await this.#loaded.native.save(path.join(directory, 'model.safetensors'));
    const text = `${JSON.stringify(this.#savedConfig(), null, 2)}\n`;
    await writeAtomically(path.join(directory, 'config.json'), (write) => write(Buffer.from(text)));
  }

  /**
   * The bytes this model holds, by name; weights are shared by all models of the same files.
   *
   * @example
   * console.table(model.memory());
   */
  memory(): { name: string; bytes: number }[] {
    return this.#loaded.native.memory();
  }

  /**
   * Refuses new work, rejects what waits with `ERR_DISPOSED`, and resolves when what runs has ended
   * and the memory is free. May be called again.
   *
   * @example
   * await model.dispose();
   */
  async dispose(): Promise<void> {
    await this.#loaded.native.dispose();
  }

  /** The same as {@link dispose}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Whether {@link dispose} was called. */
  get disposed(): boolean {
    return this.#loaded.native.disposed;
  }

  /** The input fields this model knows besides the common ones. */
  protected get fields(): readonly string[] {
    return [];
  }

  /** The options this model knows besides the common ones. */
  protected get optionSchema(): check.OptionSchema {
    return {};
  }

  /** 2 where inputs are [B, S], 3 where they are [B, C, S]. */
  protected get rank(): 2 | 3 {
    return 2;
  }

  /** What the head adds to the request. */
  protected headRequest(_inputs: Inputs, _packed: PackedInputs, _options: Options): HeadRequest {
    return {};
  }

  private requestOf(options: ForwardOptions): HeadRequest {
    const float64 = options.output_dtype === 'float64';
    if (float64 && this.#loaded.device !== 'reference') {
      throw new RangeError("output_dtype: 'float64' needs a model loaded with device 'reference'");
    }
    return {
      hidden_states: options.output_hidden_states ?? false,
      attentions: options.output_attentions ?? false,
      float64,
    };
  }

  #pack(where: string, inputs: unknown, options: ForwardOptions): NativeForwardRequest {
    checkFields(where, inputs, this.fields);
    const packed = packInputs(inputs as ModelInputs<unknown>, this.rank);
    const head = this.headRequest(inputs as Inputs, packed, options as Options);
    return { ...packed.request, ...head };
  }

  #savedConfig(): AlbertConfig {
    const config: AlbertConfig = { ...this.config, architectures: [this.constructor.name] };
    for (const key of ['dtype', 'torch_dtype']) if (key in config) config[key] = 'float32';
    return { model_type: 'albert', ...config };
  }
}
