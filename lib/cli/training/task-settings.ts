// The options of tasks, as `albert finetune`, `evaluate` and `predict` have them.
import { fileName, words } from '../values.js';
import { whole, between, type SettingGroup } from './settings.js';

const positive = whole(1, 2 ** 31 - 1);

/** Where the data of a task lie. */
export const filesGroup: SettingGroup = {
  title: 'Data',
  settings: [
    {
      name: 'data',
      value: 'place',
      about: 'the folder of the data set, or one file',
      read: fileName,
    },
    { name: 'train_file', value: 'file', about: 'the training data', read: fileName },
    { name: 'validation_file', value: 'file', about: 'the development data', read: fileName },
    { name: 'test_file', value: 'file', about: 'the test data', read: fileName },
    {
      name: 'max_seq_length',
      value: 'tokens',
      about: 'of a model input',
      preset: '128; SQuAD 384, RACE 512',
      read: positive,
    },
  ],
};

/** Columns of tables. */
export const columnsGroup: SettingGroup = {
  title: 'Tables (classification, regression, multiple-choice, swag, ner)',
  settings: [
    {
      name: 'text_column',
      value: 'column',
      about: 'the text',
      preset: 'text, sentence or the only one',
    },
    { name: 'text_pair_column', value: 'column', about: 'a second text' },
    { name: 'label_column', value: 'column', about: 'the label or number', preset: 'label' },
    { name: 'context_column', value: 'column', about: 'multiple choice: the context' },
    { name: 'question_column', value: 'column', about: 'multiple choice: the question, if any' },
    {
      name: 'choice_columns',
      value: 'columns',
      about: 'the choices, separated by commas',
      read: words,
    },
    {
      name: 'labels',
      value: 'names',
      about: "the classes in order, separated by commas (default: the model's, else the data's)",
      read: words,
    },
    {
      name: 'header',
      value: 'flag',
      about: 'false: no header, columns are 0, 1, 2 …',
      preset: 'true',
    },
    {
      name: 'tag_column',
      value: 'number',
      about: 'ner: the column of the tag, from 0',
      preset: 'the last',
      read: whole(0, 1000),
    },
  ],
};

/** What questions about texts need. */
export const readingGroup: SettingGroup = {
  title: 'SQuAD and RACE',
  settings: [
    {
      name: 'doc_stride',
      value: 'tokens',
      about: 'between the starts of neighbouring windows',
      preset: '128',
      read: positive,
    },
    {
      name: 'max_query_length',
      value: 'tokens',
      about: 'of a question',
      preset: '64',
      read: positive,
    },
    {
      name: 'max_answer_length',
      value: 'tokens',
      about: 'of an answer',
      preset: '30',
      read: positive,
    },
    { name: 'n_best_size', value: 'count', about: 'answers kept', preset: '20', read: positive },
    {
      name: 'start_n_top',
      value: 'count',
      about: 'starts followed',
      preset: '5',
      read: whole(1, 512),
    },
    { name: 'end_n_top', value: 'count', about: 'ends for each', preset: '5', read: whole(1, 512) },
    {
      name: 'null_score_diff_threshold',
      value: 'number',
      about:
        'above it a question has no answer (default: squad-v2 finds the best, squad-v2-span 0)',
      read: between(-Infinity),
    },
    {
      name: 'max_qa_length',
      value: 'tokens',
      about: 'RACE: question and choice keep their last so many',
      preset: '128',
      read: positive,
    },
    {
      name: 'levels',
      value: 'names',
      about: 'RACE: middle, high or both',
      preset: 'middle,high',
      read: words,
    },
  ],
};

/** All options of tasks. */
export const taskGroups: readonly SettingGroup[] = [filesGroup, columnsGroup, readingGroup];
