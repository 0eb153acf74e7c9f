// The options of pretraining data, as `albert pretrain` has them.
import { between, share, whole, type Setting, type SettingGroup } from './settings.js';

const count = whole(0, 2 ** 31 - 1);

const corpus: Setting[] = [
  {
    name: 'format',
    value: 'name',
    about: 'text: a blank line between documents; wikiextractor: <doc> … </doc>',
    preset: 'auto',
    choices: ['auto', 'text', 'wikiextractor', 'jsonl'],
  },
  { name: 'text_field', value: 'name', about: 'where the text is in JSON lines', preset: 'text' },
  {
    name: 'blank_line_ends_document',
    value: 'flag',
    about: 'false: a text file is one document',
    preset: 'true',
  },
  {
    name: 'split_sentences',
    value: 'flag',
    about: 'cut lines into sentences behind . ! ? and a space',
    preset: 'false',
  },
  {
    name: 'skip_first_line',
    value: 'flag',
    about: "drop each document's first line, its title",
    preset: 'false',
  },
  {
    name: 'min_document_segments',
    value: 'count',
    about: 'leave out documents of fewer lines (or sentences)',
    preset: '1',
    read: count,
  },
  {
    name: 'hold_out_every',
    value: 'n',
    about: 'hold out documents 0, n, 2n, …; --eval_steps evaluates on them',
    preset: '0, none',
    read: count,
  },
  {
    name: 'rank',
    value: 'number',
    about: 'which of the readers this is, from 0',
    preset: '0',
    read: count,
  },
  {
    name: 'world_size',
    value: 'count',
    about: 'how many readers share the corpus',
    preset: '1',
    read: count,
  },
];

const sequences: Setting[] = [
  {
    name: 'max_seq_length',
    value: 'tokens',
    about: 'of an example, [CLS] and [SEP] included',
    preset: '512',
    read: count,
  },
  {
    name: 'short_seq_prob',
    value: 'p',
    about: 'how often a document is cut into shorter examples',
    preset: '0.1',
    read: between(0, 1),
  },
  {
    name: 'sentence_order',
    value: 'flag',
    about: 'swap the segments of every other example',
    preset: 'true',
  },
  {
    name: 'random_next_sentence',
    value: 'flag',
    about: 'instead, take every other second segment from another document',
    preset: 'false',
  },
  {
    name: 'skip_single_segments',
    value: 'flag',
    about: 'leave out examples of one line only, which have no order',
    preset: 'false',
  },
  {
    name: 'truncate_at_end',
    value: 'flag',
    about: 'cut the longer segment at its end before the swap, not at random behind it',
    preset: 'false',
  },
  {
    name: 'dupe_factor',
    value: 'count',
    about: 'passes over the corpus with draws of their own, then again',
    preset: '40',
    read: count,
  },
  {
    name: 'shuffle_tokens',
    value: 'tokens',
    about: 'shuffle among about so many',
    preset: '1048576',
    read: whole(1, 2 ** 28),
  },
  {
    name: 'data_seed',
    value: 'number',
    about: 'of all draws',
    preset: '--seed, else 12345',
    read: whole(0, 2 ** 53),
  },
];

const masking: Setting[] = [
  {
    name: 'masked_lm_prob',
    value: 'p',
    about: 'share of the tokens to guess, above 0 and below 1',
    preset: '0.15',
    read: share,
  },
  {
    name: 'max_predictions_per_seq',
    value: 'count',
    about: 'tokens to guess in an example at most',
    preset: 'as many as the share needs',
    read: count,
  },
  { name: 'ngram', value: 'words', about: 'the longest span', preset: '3', read: count },
  {
    name: 'favor_longer_ngram',
    value: 'flag',
    about: 'the longest are the likeliest',
    preset: 'false',
  },
  {
    name: 'whole_word_mask',
    value: 'flag',
    about: 'mask all pieces of a word or none',
    preset: 'true',
  },
  {
    name: 'independent_mask',
    value: 'flag',
    about: 'draw each word (or piece) by itself, no spans',
    preset: 'false',
  },
  {
    name: 'random_tokens_from',
    value: 'id',
    about: 'the first id of those that stand in for others, 5 = no special tokens',
    preset: '0, all',
    read: whole(0, 2 ** 31 - 1),
  },
  {
    name: 'permutation',
    value: 'flag',
    about: 'besides, let as many tokens change places',
    preset: 'false',
  },
  {
    name: 'original',
    value: 'flag',
    about: 'draw as the original script to the last example; keeps the corpus in memory',
    preset: 'false',
  },
  {
    name: 'original_ngram_seed',
    value: 'number',
    about: "with --original: numpy's seed",
    preset: '0',
    read: whole(0, 2 ** 32 - 1),
  },
];

/** The groups whose options are PretrainingDataset's (`data_seed` is its `seed`). */
export const dataGroups: readonly SettingGroup[] = [
  { title: 'Corpus', settings: corpus },
  { title: 'Sequences', settings: sequences },
  { title: 'Masking', settings: masking },
];
