// What every pipeline is: a function with its model and tokenizer, and how texts reach the model.
import type { AlbertTokenizer } from '../tokenizer.js';
import type { OptionCheck } from '../options.js';
import { encodeSequences, type Sequence } from '../sequences.js';
import type { Texts } from './texts.js';

export { row, toInputs, type Sequence } from '../sequences.js';

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

/** How many tokens a model takes at once. */
export function longestInput(model: PipelineModel): number {
  return model.config.max_position_embeddings ?? 512;
}

/** Tokenizes texts and pairs off the JavaScript thread, cut to what the model takes. */
export function encodeTexts(
  { model, tokenizer }: Parts,
  texts: readonly Texts[],
  return_offsets_mapping = false,
): Promise<Sequence[]> {
  return encodeSequences(tokenizer, texts, {
    max_length: longestInput(model),
    return_offsets_mapping,
  });
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
