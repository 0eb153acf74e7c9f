// What the tokenizer class needs of whatever cuts text into tokens: the native one, or a library.
import type { NativeEncodeOptions, NativeEncoding, NativeTokenizer } from '../native.js';

/** How texts are cut; the native tokenizer is one as it stands. */
export type TokenizerEngine = Omit<
  NativeTokenizer,
  'sentencepiece_ids' | 'preprocess_characters'
>;

/** How one text, or a pair, is encoded. */
export type EncodeOptions = NativeEncodeOptions;

/** One model input. */
export type Encoding = NativeEncoding;
