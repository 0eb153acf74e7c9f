// What every pipeline is: a function with its model and tokenizer, and how texts reach the model.
import type { AlbertTokenizer } from '../tokenizer.js';
import type { OptionCheck } from '../options.js';
import type { Tensor } from '../tensor.js';
import type { Sized } from './batching.js';
import type { Texts } from './texts.js';

/** What a pipeline needs of a model, whatever its heads. */
export interface PipelineModel {
  readonly config: { max_position_embeddings?: number };
  /** Whether it was freed; absent = it cannot tell. */
  readonly disposed?: boolean;
  dispose(): Promise<void>;
}

/** A loaded model with its tokenizer. */
export interface Parts<Model extends PipelineModel = PipelineModel> {
  model: Model;
  tokenizer: AlbertTokenizer;
}

/** What all pipelines have besides being functions. */
export interface Pipeline<Model extends PipelineModel = PipelineModel> {
  /** The task it was made for; an alias is resolved. */
  readonly task: string;
  /** The model it runs. */
  readonly model: Model;
  /** What makes the model's inputs of texts. */
  readonly tokenizer: AlbertTokenizer;
  /** Whether the model was freed. */
  readonly disposed: boolean;
  /** Frees the model. Work under way ends first; later calls reject with `ERR_DISPOSED`. */
  dispose(): Promise<void>;
  /** The same as {@link dispose}, for explicit resource management. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What every call of a pipeline takes. */
export interface CallOptions {
  /** Aborts the call: it rejects with an AbortError at once. */
  signal?: AbortSignal | undefined;
}

/** Gives a function the properties of a pipeline. */
export function makePipeline<Model extends PipelineModel, Call extends object>(
  task: string,
  parts: Parts<Model>,
  call: Call,
): Call & Pipeline<Model> {
  const dispose = () => parts.model.dispose();
  const properties = { task, ...parts, dispose, [Symbol.asyncDispose]: dispose };
  const disposed = { get: () => parts.model.disposed ?? false, enumerable: true };
  return Object.defineProperty(Object.assign(call, properties), 'disposed', disposed) as Call &
    Pipeline<Model>;
}

/** A tokenized text, ready for the model. */
export interface Sequence extends Sized {
  token_type_ids: number[];
  /** Begin and end of each token in its text, in UTF-16 units; only where asked for. */
  offsets: [number, number][];
}

/** How many tokens a model takes at once. */
export function longestInput(model: PipelineModel): number {
  return model.config.max_position_embeddings ?? 512;
}

/** Tokenizes texts and pairs off the JavaScript thread, cut to what the model takes. */
export async function encodeTexts(
  { model, tokenizer }: Parts,
  texts: readonly Texts[],
  return_offsets_mapping = false,
): Promise<Sequence[]> {
  const sequences = new Array<Sequence>(texts.length);
  const options = { truncation: true, max_length: longestInput(model), return_offsets_mapping };
  const encode = async (indices: number[], text_pair?: string[]) => {
    if (indices.length === 0) return;
    const encoded = await tokenizer.encode_batch(
      indices.map((index) => texts[index]!.text),
      text_pair ? { ...options, text_pair } : options,
    );
    indices.forEach((index, i) => {
      sequences[index] = {
        input_ids: encoded.input_ids[i]!,
        token_type_ids: encoded.token_type_ids[i]!,
        offsets: encoded.offset_mapping?.[i] ?? [],
      };
    });
  };
  const indices = [...texts.keys()];
  const paired = indices.filter((index) => texts[index]!.text_pair !== undefined);
  await encode(indices.filter((index) => texts[index]!.text_pair === undefined));
  await encode(
    paired,
    paired.map((index) => texts[index]!.text_pair!),
  );
  return sequences;
}

/** The inputs of a batch as a model takes them. */
export function toInputs(batch: readonly { input_ids: number[]; token_type_ids: number[] }[]): {
  input_ids: number[][];
  token_type_ids: number[][];
} {
  return {
    input_ids: batch.map((sequence) => sequence.input_ids),
    token_type_ids: batch.map((sequence) => sequence.token_type_ids),
  };
}

/** The part of a tensor at leading indices: a view of its data. */
export function row(tensor: Tensor, ...at: number[]): Float32Array {
  let offset = 0;
  let size = tensor.data.length;
  at.forEach((index, axis) => {
    size /= tensor.dims[axis]!;
    offset += index * size;
  });
  return (tensor.data as Float32Array).subarray(offset, offset + size);
}

/** The only result of a single input; all results of several. */
export function oneOrMany<Result>(results: Result[], single: boolean): Result | Result[] {
  return single ? results[0]! : results;
}

/** Lets `null` pass besides what a check accepts. */
export function nullOr(check: OptionCheck): OptionCheck {
  return (value, name) => {
    if (value !== null) check(value, name);
  };
}
