// All model classes.
export { AlbertPreTrainedModel, type ForwardOptions } from './base.js';
export type { Device, DType, LoadOptions } from './load.js';
export { loadSchema } from './load.js';
export { AlbertModel } from './albert-model.js';
export { AlbertForPreTraining, type PreTrainingInputs } from './pretraining.js';
export { AlbertForMaskedLM, type MaskedLMInputs, type MaskedLMOptions } from './masked-lm.js';
export {
  AlbertForSequenceClassification,
  type SequenceClassificationInputs,
} from './sequence-classification.js';
export {
  AlbertForTokenClassification,
  type TokenClassificationInputs,
} from './token-classification.js';
export { AlbertForQuestionAnswering, type QuestionAnsweringInputs } from './question-answering.js';
export {
  AlbertForQuestionAnsweringV2,
  type QuestionAnsweringV2Inputs,
  type QuestionAnsweringV2Options,
} from './question-answering-v2.js';
export { AlbertForMultipleChoice, type MultipleChoiceInputs } from './multiple-choice.js';
export * from './auto.js';
export type * from './outputs.js';
