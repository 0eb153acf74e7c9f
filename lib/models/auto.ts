// The names of transformers' Auto classes: there is one architecture here, so they are aliases.
import { AlbertModel } from './albert-model.js';
import { AlbertForMaskedLM } from './masked-lm.js';
import { AlbertForMultipleChoice } from './multiple-choice.js';
import { AlbertForPreTraining } from './pretraining.js';
import { AlbertForQuestionAnswering } from './question-answering.js';
import { AlbertForSequenceClassification } from './sequence-classification.js';
import { AlbertForTokenClassification } from './token-classification.js';

/** The same as {@link AlbertModel}. @example await AutoModel.from_pretrained('./model'); */
export const AutoModel = AlbertModel;
/** An instance of {@link AlbertModel}. */
export type AutoModel = AlbertModel;

/** The same as {@link AlbertForPreTraining}. */
export const AutoModelForPreTraining = AlbertForPreTraining;
/** An instance of {@link AlbertForPreTraining}. */
export type AutoModelForPreTraining = AlbertForPreTraining;

/** The same as {@link AlbertForMaskedLM}. */
export const AutoModelForMaskedLM = AlbertForMaskedLM;
/** An instance of {@link AlbertForMaskedLM}. */
export type AutoModelForMaskedLM = AlbertForMaskedLM;

/** The same as {@link AlbertForSequenceClassification}. */
export const AutoModelForSequenceClassification = AlbertForSequenceClassification;
/** An instance of {@link AlbertForSequenceClassification}. */
export type AutoModelForSequenceClassification = AlbertForSequenceClassification;

/** The same as {@link AlbertForTokenClassification}. */
export const AutoModelForTokenClassification = AlbertForTokenClassification;
/** An instance of {@link AlbertForTokenClassification}. */
export type AutoModelForTokenClassification = AlbertForTokenClassification;

/** The same as {@link AlbertForQuestionAnswering}. */
export const AutoModelForQuestionAnswering = AlbertForQuestionAnswering;
/** An instance of {@link AlbertForQuestionAnswering}. */
export type AutoModelForQuestionAnswering = AlbertForQuestionAnswering;

/** The same as {@link AlbertForMultipleChoice}. */
export const AutoModelForMultipleChoice = AlbertForMultipleChoice;
/** An instance of {@link AlbertForMultipleChoice}. */
export type AutoModelForMultipleChoice = AlbertForMultipleChoice;
