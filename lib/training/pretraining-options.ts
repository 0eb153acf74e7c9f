// The settings of pretraining data: names, meanings, checks.
import * as check from '../options.js';

/** How a corpus becomes examples; defaults are those of ALBERT's original script unless said. */
export interface PretrainingDatasetOptions {
  /** Tokens of an example at most, [CLS] and both [SEP] included; 5 to 65536, default 512. */
  max_seq_length?: number | undefined;
  /** Share of an example's tokens to guess, above 0 and below 1; default 0.15. */
  masked_lm_prob?: number | undefined;
  /**
   * Tokens to guess in an example at most. Default `ceil(max_seq_length * masked_lm_prob)`, so that
   * it never cuts the share; 20 with `original` (of 512 tokens, 4 %), no limit with
   * `independent_mask`.
   */
  max_predictions_per_seq?: number | undefined;
  /** Words of a masked span at most, 1 to 16; default 3. Spans of n words have p(n) ∝ 1/n. */
  ngram?: number | undefined;
  /** The other way round: the longest spans are the likeliest; default false. */
  favor_longer_ngram?: boolean | undefined;
  /** Mask all pieces of a word or none; default true. */
  whole_word_mask?: boolean | undefined;
  /** Draw each word (or piece) by itself with `masked_lm_prob`, no spans; default false. */
  independent_mask?: boolean | undefined;
  /** The first id of the tokens that stand in for others, 5 = no special ones; default 0, all. */
  random_tokens_from?: number | undefined;
  /** Besides, let as many tokens change places among themselves; default false. */
  permutation?: boolean | undefined;
  /** Probability that a document is cut into examples of a random shorter length; default 0.1. */
  short_seq_prob?: number | undefined;
  /** Swap the two segments of every other example, to be told from its label; default true. */
  sentence_order?: boolean | undefined;
  /** Instead, every other second segment comes from another document (BERT); default false. */
  random_next_sentence?: boolean | undefined;
  /** Leave out examples of one line only; else another document gives their second segment. */
  skip_single_segments?: boolean | undefined;
  /**
   * Cut the longer segment at its end, before the swap; the original cuts at random at either end,
   * behind the swap (a cut end otherwise tells which segment came last). Default false.
   */
  truncate_at_end?: boolean | undefined;
  /**
   * 'text': a sentence or paragraph a line, a blank line between documents. 'wikiextractor':
   * `<doc …>` … `</doc>`. 'jsonl': an object a line. Default 'auto': by name and first line.
   */
  format?: 'auto' | 'text' | 'wikiextractor' | 'jsonl' | undefined;
  /** Where the text is in an object of JSON lines; default 'text'. */
  text_field?: string | undefined;
  /** Default true; false: a text file is one document, whatever blank lines it has. */
  blank_line_ends_document?: boolean | undefined;
  /** Cut lines into sentences behind each of `. ! ?` and a space; default false. */
  split_sentences?: boolean | undefined;
  /** Drop the first line of each document, its title; default false. */
  skip_first_line?: boolean | undefined;
  /** Leave out documents of fewer lines (or sentences); default 1. */
  min_document_segments?: number | undefined;
  /** n: hold out documents 0, n, 2n, …; default 0, none. */
  hold_out_every?: number | undefined;
  /** Take the documents held out instead of the others; default false. */
  held_out?: boolean | undefined;
  /** Which of `world_size` readers this is, from 0; documents are dealt to them in turn. */
  rank?: number | undefined;
  /** How many readers share the corpus; default 1. */
  world_size?: number | undefined;
  /** Passes over the corpus, each with draws of its own; default 40. */
  dupe_factor?: number | undefined;
  /** Documents and examples are shuffled among about so many tokens; default 2^20. */
  shuffle_tokens?: number | undefined;
  /** Seed of all draws, 0 to 2^53; default 12345. */
  seed?: number | undefined;
  /**
   * Draw as the original script does, to the last example (CPython's and numpy's generators). It
   * keeps the whole corpus and all its examples in memory. Default false.
   */
  original?: boolean | undefined;
  /** With `original`: numpy's seed, which the script leaves to chance; default 0. */
  original_ngram_seed?: number | undefined;
}

const count = check.integer(0, 2 ** 31 - 1);

export const pretrainingSchema: check.OptionSchema = {
  max_seq_length: count,
  masked_lm_prob: check.number(),
  max_predictions_per_seq: count,
  ngram: count,
  favor_longer_ngram: check.boolean,
  whole_word_mask: check.boolean,
  independent_mask: check.boolean,
  random_tokens_from: count,
  permutation: check.boolean,
  short_seq_prob: check.number(0, 1),
  sentence_order: check.boolean,
  random_next_sentence: check.boolean,
  skip_single_segments: check.boolean,
  truncate_at_end: check.boolean,
  format: check.oneOf('auto', 'text', 'wikiextractor', 'jsonl'),
  text_field: check.nonEmptyString,
  blank_line_ends_document: check.boolean,
  split_sentences: check.boolean,
  skip_first_line: check.boolean,
  min_document_segments: count,
  hold_out_every: count,
  held_out: check.boolean,
  rank: count,
  world_size: count,
  dupe_factor: count,
  shuffle_tokens: check.integer(1, 2 ** 28),
  seed: check.integer(0, 2 ** 53),
  original: check.boolean,
  original_ngram_seed: check.integer(0, 2 ** 32 - 1),
};

/** The options with the defaults that the binary does not know. */
export function withDefaults(options: PretrainingDatasetOptions): PretrainingDatasetOptions {
  const { max_seq_length = 512, masked_lm_prob = 0.15, original = false } = options;
  const share = Math.max(1, Math.ceil(max_seq_length * masked_lm_prob));
  const most = original ? 20 : options.independent_mask ? max_seq_length : share;
  return { ...options, max_predictions_per_seq: options.max_predictions_per_seq ?? most };
}
