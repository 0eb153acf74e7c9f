// What models return: types, and how the engine's named arrays become them.
import type { NativeTensor } from '../native.js';
import { Tensor } from '../tensor.js';

/** Numbers a model computed: float32, or float64 where `output_dtype` asked for it. */
export type FloatTensor = Tensor<'float32' | 'float64'>;

/** What every model returns on request. */
export interface ModelOutput {
  /** With `output_hidden_states`: the mapped embeddings, then one after each pass, [B, S, H]. */
  hidden_states?: FloatTensor[];
  /** With `output_attentions`: one for each block, [B, A, S, S]. */
  attentions?: FloatTensor[];
}

/** What models with a head return where labels were given. */
export interface LossOutput extends ModelOutput {
  /** The loss, where labels were given. */
  loss?: number;
}

/** What {@link AlbertModel} returns. */
export interface AlbertModelOutput extends ModelOutput {
  /** [B, S, H]; 0 past a row's end. */
  last_hidden_state: FloatTensor;
  /** [B, H]: tanh of a linear map of the first token's state. */
  pooler_output: FloatTensor;
}

/** What {@link AlbertForPreTraining} returns. */
export interface AlbertForPreTrainingOutput extends LossOutput {
  /** [B, S, V]; with `logits_positions` [B, most positions of a row, V]. */
  prediction_logits: FloatTensor;
  /** [B, 2]: in order, swapped. */
  sop_logits: FloatTensor;
  /** The masked-LM part of the loss. */
  mlm_loss?: number;
  /** The sentence-order part of the loss. */
  sop_loss?: number;
}

/** What models with one kind of logits return; the model says their shape. */
export interface LogitsOutput extends LossOutput {
  logits: FloatTensor;
}

/** What {@link AlbertForQuestionAnswering} returns. */
export interface QuestionAnsweringOutput extends LossOutput {
  /** [B, S]; 0 past a row's end. */
  start_logits: FloatTensor;
  /** [B, S]; 0 past a row's end. */
  end_logits: FloatTensor;
}

/** What {@link AlbertForQuestionAnsweringV2} returns; K = `start_n_top`, J = `end_n_top`. */
export interface QuestionAnsweringV2Output extends LossOutput {
  /** [B, K], best first; -1e30 where a row has fewer candidates. */
  start_top_log_probs: FloatTensor;
  /** [B, K]: columns of the row; 0 where it has fewer candidates. */
  start_top_index: Tensor<'int32'>;
  /** [B, K·J]: entry i·J + j belongs to start i. */
  end_top_log_probs: FloatTensor;
  /** [B, K·J]: columns of the row; 0 where it has fewer candidates. */
  end_top_index: Tensor<'int32'>;
  /** [B]; the higher, the less likely an answer is in the text. */
  cls_logits: FloatTensor;
}

const scalars: readonly string[] = ['loss', 'mlm_loss', 'sop_loss'];
const stacks: readonly string[] = ['hidden_states', 'attentions'];

/** Builds an output object: losses become numbers, stacks of states become lists of tensors. */
export function readOutputs(outputs: Record<string, NativeTensor>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, output] of Object.entries(outputs)) {
    if (scalars.includes(name)) result[name] = output.data[0];
    else if (stacks.includes(name)) result[name] = unstack(output);
    else result[name] = makeTensor(output.data, output.dims);
  }
  return result;
}

/** The slices along the first axis; they share the stack's memory. */
function unstack({ data, dims }: NativeTensor): Tensor[] {
  const [count = 0, ...rest] = dims;
  const size = data.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, i) =>
    makeTensor(data.subarray(i * size, (i + 1) * size), rest),
  );
}

function makeTensor(data: NativeTensor['data'], dims: number[]): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, dims);
  if (data instanceof Float64Array) return new Tensor('float64', data, dims);
  return new Tensor('int32', data, dims);
}
