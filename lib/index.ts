// Everything the package exports.
export { AlbertError, type AlbertErrorCode } from './errors.js';
export {
  Tensor,
  type NestedArray,
  type TensorData,
  type TensorElement,
  type TensorType,
} from './tensor.js';
export { labelName, numLabels, type AlbertConfig, type ProblemType } from './config.js';
export { env, type Environment } from './env.js';
export type { HubOptions, ProgressEvent } from './hub.js';
export type { IntegerRows, IntegerTensor } from './grid.js';
export type { ChoiceField, InputField, ModelInputs } from './inputs.js';
export type { LabelColumn, LabelFloats } from './labels.js';
export { info, type Info } from './info.js';
export {
  AlbertTokenizer,
  AutoTokenizer,
  type BatchEncoding,
  type DecodeOptions,
  type TokenizeOptions,
  type TokenizerLoadOptions,
  type TruncationStrategy,
} from './tokenizer.js';
export { AlbertPreTrainedModel } from './models/base.js';
export { AlbertModel } from './models/albert-model.js';
export { AlbertForPreTraining } from './models/pretraining.js';
export { AlbertForMaskedLM } from './models/masked-lm.js';
export { AlbertForSequenceClassification } from './models/sequence-classification.js';
export { AlbertForTokenClassification } from './models/token-classification.js';
export { AlbertForQuestionAnswering } from './models/question-answering.js';
export { AlbertForQuestionAnsweringV2 } from './models/question-answering-v2.js';
export { AlbertForMultipleChoice } from './models/multiple-choice.js';
export {
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForPreTraining,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
} from './models/auto.js';
export type {
  Device,
  DType,
  ForwardOptions,
  LoadOptions,
  MaskedLMInputs,
  MaskedLMOptions,
  MultipleChoiceInputs,
  PreTrainingInputs,
  QuestionAnsweringInputs,
  QuestionAnsweringV2Inputs,
  QuestionAnsweringV2Options,
  SequenceClassificationInputs,
  TokenClassificationInputs,
} from './models/index.js';
export type * from './models/outputs.js';
export { pipeline } from './pipelines/index.js';
export type * from './pipelines/index.js';
export * from './training/index.js';
