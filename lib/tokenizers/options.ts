// What a tokenizer's calls take: options and texts, their checks, and what they mean.
import type { HubOptions } from '../hub.js';
import * as check from '../options.js';
import { hubSchema } from '../source.js';
import type { EncodeOptions } from './engine.js';

/** How a tokenizer is loaded; rules override those of tokenizer_config.json. */
export interface TokenizerLoadOptions extends HubOptions {
  /** Lower-case the text; default true. */
  do_lower_case?: boolean | undefined;
  /** Strip, and collapse runs of whitespace; default true. */
  remove_space?: boolean | undefined;
  /** Keep accents; default false. */
  keep_accents?: boolean | undefined;
  /** Google's original rules instead of Hugging Face's; default false. */
  google_rules?: boolean | undefined;
}

/** Which of two texts is cut when both do not fit. */
export type TruncationStrategy = 'longest_first' | 'only_first' | 'only_second' | 'do_not_truncate';

/** How texts are encoded. */
export interface TokenizeOptions {
  /** The second text, or one for each text. */
  text_pair?: string | readonly string[] | undefined;
  /** Add [CLS] and [SEP]; default true. */
  add_special_tokens?: boolean | undefined;
  /** true = 'longest_first'; default: where `max_length` is given and nothing is padded to it. */
  truncation?: boolean | TruncationStrategy | undefined;
  /** Tokens of a row, special ones included; default the model's limit. */
  max_length?: number | undefined;
  /** Tokens that neighbouring windows share; default 0. */
  stride?: number | undefined;
  /** Return what was cut as further rows; default false. */
  return_overflowing_tokens?: boolean | undefined;
  /** Return where each token came from; default false. */
  return_offsets_mapping?: boolean | undefined;
  /** Return which tokens were added; default false. */
  return_special_tokens_mask?: boolean | undefined;
  /** Return which text each token is of; default false. */
  return_sequence_ids?: boolean | undefined;
  /** Fill rows to the longest (true), to `max_length`, or not at all (the default). */
  padding?: boolean | 'longest' | 'max_length' | 'do_not_pad' | undefined;
}

/** How ids become text. */
export interface DecodeOptions {
  /** Leave out [CLS], [SEP] and their like; default false. */
  skip_special_tokens?: boolean | undefined;
  /** No space before punctuation and contractions; default true. */
  clean_up_tokenization_spaces?: boolean | undefined;
}

/** Checks of {@link TokenizerLoadOptions}. */
export const loadSchema: check.OptionSchema = {
  ...hubSchema,
  do_lower_case: check.boolean,
  remove_space: check.boolean,
  keep_accents: check.boolean,
  google_rules: check.boolean,
};

const strategies = ['longest_first', 'only_first', 'only_second', 'do_not_truncate'] as const;

const anything: check.OptionCheck = () => undefined;

const tokenizeSchema: check.OptionSchema = {
  text_pair: anything,
  add_special_tokens: check.boolean,
  truncation: check.oneOf(true, false, ...strategies),
  max_length: check.integer(1, 2 ** 30),
  stride: check.integer(0, 2 ** 30),
  return_overflowing_tokens: check.boolean,
  return_offsets_mapping: check.boolean,
  return_special_tokens_mask: check.boolean,
  return_sequence_ids: check.boolean,
  padding: check.oneOf(true, false, 'longest', 'max_length', 'do_not_pad'),
};

/** Checks of {@link DecodeOptions}. */
export const decodeSchema: check.OptionSchema = {
  skip_special_tokens: check.boolean,
  clean_up_tokenization_spaces: check.boolean,
};

/** As Hugging Face: a `max_length` alone asks for truncation, unless it says how far to pad. */
export function strategyOf(options: TokenizeOptions): EncodeOptions['truncation'] {
  const { truncation, max_length, padding } = options;
  if (truncation === undefined) {
    const implied = max_length !== undefined && padding !== 'max_length';
    return implied ? 'longest_first' : 'none';
  }
  if (truncation === true) return 'longest_first';
  return truncation === false || truncation === 'do_not_truncate' ? 'none' : truncation;
}

/** The texts, and the second ones where there are any; checked. */
export function readTexts(
  text: string | readonly string[],
  options: TokenizeOptions,
): { texts: string[]; pairs: string[] | undefined } {
  check.checkOptions('AlbertTokenizer', options, tokenizeSchema);
  const many = typeof text !== 'string';
  const texts = readStrings('text', text);
  if (options.text_pair === undefined) return { texts, pairs: undefined };
  const pairs = readStrings('text_pair', options.text_pair);
  if (many === (typeof options.text_pair !== 'string') && pairs.length === texts.length) {
    return { texts, pairs };
  }
  const expected = many ? `an array of ${texts.length} strings` : 'one string';
  throw new TypeError(`AlbertTokenizer: text_pair: expected ${expected}, as text is`);
}

function readStrings(name: string, value: string | readonly string[]): string[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) {
    const expected = 'a string or an array of strings';
    throw new TypeError(`AlbertTokenizer: ${name}: expected ${expected}, got ${check.show(value)}`);
  }
  for (const [i, one] of value.entries()) check.string(one, `AlbertTokenizer: ${name} ${i}`);
  return [...(value as readonly string[])];
}
