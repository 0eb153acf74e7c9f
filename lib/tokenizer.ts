// AlbertTokenizer: text to token ids and back, for every kind of vocabulary ALBERT models have.
import { abortable } from './abort.js';
import { Callable } from './callable.js';
import * as check from './options.js';
import { layOut, type BatchEncoding } from './tokenizers/batch.js';
import type { EncodeOptions, Encoding, TokenizerEngine } from './tokenizers/engine.js';
import { loadTokenizer, type LoadedTokenizer, type TokenizerRules } from './tokenizers/load.js';
import {
  decodeSchema,
  loadSchema,
  readTexts,
  strategyOf,
  type DecodeOptions,
  type TokenizeOptions,
  type TokenizerLoadOptions,
} from './tokenizers/options.js';

export type { BatchEncoding } from './tokenizers/batch.js';
export type {
  DecodeOptions,
  TokenizeOptions,
  TokenizerLoadOptions,
  TruncationStrategy,
} from './tokenizers/options.js';

/** Texts that cross over to JavaScript in one go, about 10 µs each: the event loop stays free. */
const textsAtOnce = 512;

/** Calling a tokenizer encodes a text or several. */
export interface AlbertTokenizer {
  (text: string | readonly string[], options?: TokenizeOptions): BatchEncoding;
}

/**
 * Cuts text into tokens by a SentencePiece model (spiece.model), a tokenizer.json or a WordPiece
 * vocabulary (vocab.txt).
 *
 * @example
 * const tokenizer = await AlbertTokenizer.from_pretrained('./albert-base-v2');
 * const { input_ids } = tokenizer('Paris is the [MASK] of France.');
 * console.log(tokenizer.decode(input_ids[0]));
 */
export class AlbertTokenizer extends Callable {
  /** How many tokens the vocabulary has. */
  readonly vocab_size: number;
  /** Tokens of the longest model input: 512, or what tokenizer_config.json says. */
  readonly model_max_length: number;
  /** The id of the token that fills rows up; -1 where the vocabulary lacks it. */
  readonly pad_token_id: number;
  /** The id that stands for what the vocabulary cannot spell; -1 where it lacks it. */
  readonly unk_token_id: number;
  /** The id of [CLS], the first token of an input; -1 where the vocabulary lacks it. */
  readonly cls_token_id: number;
  /** The id of [SEP], which ends each text of an input; -1 where the vocabulary lacks it. */
  readonly sep_token_id: number;
  /** The id of [MASK], which stands for a word to guess; -1 where the vocabulary lacks it. */
  readonly mask_token_id: number;
  readonly #engine: TokenizerEngine;

  /** @internal */
  constructor(loaded: LoadedTokenizer) {
    super('call');
    if (typeof loaded?.engine?.encode !== 'function') {
      throw new TypeError('new AlbertTokenizer(): use AlbertTokenizer.from_pretrained instead');
    }
    this.#engine = loaded.engine;
    this.vocab_size = loaded.engine.vocab_size;
    this.model_max_length = loaded.model_max_length;
    const { pad, unk, cls, sep, mask } = loaded.engine.special_ids;
    this.pad_token_id = pad;
    this.unk_token_id = unk;
    this.cls_token_id = cls;
    this.sep_token_id = sep;
    this.mask_token_id = mask;
  }

  /**
   * Loads a tokenizer from a directory, a file (spiece.model, tokenizer.json, vocab.txt) or the
   * hub. Where a directory has several of them, spiece.model is taken, then tokenizer.json.
   *
   * @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_FORMAT`; TypeError and RangeError
   *
   * @example
   * await AlbertTokenizer.from_pretrained('./spiece.model', { keep_accents: true });
   */
  static async from_pretrained(
    source: string,
    options: TokenizerLoadOptions = {},
  ): Promise<AlbertTokenizer> {
    const where = 'AlbertTokenizer.from_pretrained';
    check.nonEmptyString(source, `${where}: directoryOrHubId`);
    check.checkOptions(where, options, loadSchema);
    const { do_lower_case, remove_space, keep_accents, google_rules, ...hub } = options;
    hub.signal?.throwIfAborted();
    const rules: TokenizerRules = { do_lower_case, remove_space, keep_accents, google_rules };
    return new this(await abortable(loadTokenizer(source, rules, hub), hub.signal));
  }

  /** The padding token as written; undefined where the vocabulary lacks it. */
  get pad_token(): string | undefined {
    return this.#specialToken(this.pad_token_id);
  }
  /** The unknown token as written; undefined where the vocabulary lacks it. */
  get unk_token(): string | undefined {
    return this.#specialToken(this.unk_token_id);
  }
  /** The first token of an input as written; undefined where the vocabulary lacks it. */
  get cls_token(): string | undefined {
    return this.#specialToken(this.cls_token_id);
  }
  /** The separator as written; undefined where the vocabulary lacks it. */
  get sep_token(): string | undefined {
    return this.#specialToken(this.sep_token_id);
  }
  /** The mask as written; undefined where the vocabulary lacks it. */
  get mask_token(): string | undefined {
    return this.#specialToken(this.mask_token_id);
  }

  /** The ids of all special tokens the vocabulary has. */
  get all_special_ids(): number[] {
    return Object.values(this.#engine.special_ids).filter((id) => id >= 0);
  }

  /**
   * What calling the tokenizer does: one row for each text (or window of one).
   *
   * @throws TypeError and RangeError for wrong arguments
   *
   * @example
   * tokenizer(['one', 'two'], { padding: true });
   * tokenizer('Who?', { text_pair: longText, truncation: 'only_second', max_length: 384,
   *   stride: 128, return_overflowing_tokens: true, return_offsets_mapping: true });
   */
  call(text: string | readonly string[], options: TokenizeOptions = {}): BatchEncoding {
    const { texts, pairs } = readTexts(text, options);
    const encodeOptions = this.#encodeOptions(options);
    const encodings = texts.map((one, i) => this.#engine.encode(one, pairs?.[i], encodeOptions));
    return this.#layOut(encodings, options);
  }

  /**
   * The same as calling the tokenizer, but off the JavaScript thread (for SentencePiece models).
   *
   * @example
   * const batch = await tokenizer.encode_batch(thousandsOfTexts, { truncation: true });
   */
  async encode_batch(
    texts: readonly string[],
    options: TokenizeOptions = {},
  ): Promise<BatchEncoding> {
    check.array(texts, 'AlbertTokenizer.encode_batch: texts');
    const { texts: all, pairs } = readTexts(texts, options);
    const encodeOptions = this.#encodeOptions(options);
    const encodings: Encoding[][] = [];
    for (let begin = 0; begin < all.length; begin += textsAtOnce) {
      const part = all.slice(begin, begin + textsAtOnce);
      const partners = pairs?.slice(begin, begin + textsAtOnce);
      encodings.push(...(await this.#engine.encode_batch(part, partners, encodeOptions)));
    }
    return this.#layOut(encodings, options);
  }

  /**
   * The ids of one text.
   *
   * @example
   * tokenizer.encode('a test'); // [ 2, 21, 1289, 3 ]
   */
  encode(text: string, options: TokenizeOptions = {}): number[] {
    check.string(text, 'AlbertTokenizer.encode: text');
    return this.call(text, options).input_ids[0] ?? [];
  }

  /**
   * The tokens of one text, without special ones; unknown ones as they stand in the text.
   *
   * @example
   * tokenizer.tokenize('This is a test'); // [ '▁this', '▁is', '▁a', '▁test' ]
   */
  tokenize(text: string): string[] {
    check.string(text, 'AlbertTokenizer.tokenize: text');
    return this.#engine.tokenize(text);
  }

  /**
   * The text of ids.
   *
   * @throws RangeError for ids that are not in the vocabulary
   *
   * @example
   * tokenizer.decode([2, 48, 25, 21, 1289, 3], { skip_special_tokens: true }); // 'this is a test'
   */
  decode(ids: ArrayLike<number | bigint>, options: DecodeOptions = {}): string {
    check.checkOptions('AlbertTokenizer.decode', options, decodeSchema);
    return this.#decode(this.#readIds(ids), options);
  }

  /**
   * The texts of several rows of ids.
   *
   * @example
   * tokenizer.batch_decode(tokenizer(['one', 'two']).input_ids, { skip_special_tokens: true });
   */
  batch_decode(
    rows: readonly ArrayLike<number | bigint>[],
    options: DecodeOptions = {},
  ): string[] {
    const where = 'AlbertTokenizer.batch_decode';
    check.array(rows, `${where}: rows`);
    check.checkOptions(where, options, decodeSchema);
    // Array.from visits holes, too, which map skips.
    const read = Array.from(rows, (ids, i) => this.#readIds(ids, `${where}: rows[${i}]`));
    return read.map((ids) => this.#decode(ids, options));
  }

  /**
   * The id of a token, that of the unknown token where there is no such one; or of several.
   *
   * @throws TypeError for what is no string
   *
   * @example
   * tokenizer.convert_tokens_to_ids(['▁this', '▁is']); // [ 48, 25 ]
   */
  convert_tokens_to_ids(token: string): number;
  convert_tokens_to_ids(tokens: readonly string[]): number[];
  convert_tokens_to_ids(tokens: string | readonly string[]): number | number[] {
    if (typeof tokens !== 'string') {
      check.strings(tokens, 'AlbertTokenizer.convert_tokens_to_ids: tokens');
      return tokens.map((token) => this.#idOf(token));
    }
    return this.#idOf(tokens);
  }

  /**
   * The token of an id; or of several.
   *
   * @throws RangeError for an id that is not in the vocabulary
   *
   * @example
   * tokenizer.convert_ids_to_tokens([48, 25]); // [ '▁this', '▁is' ]
   */
  convert_ids_to_tokens(id: number): string;
  convert_ids_to_tokens(ids: ArrayLike<number | bigint>): string[];
  convert_ids_to_tokens(ids: number | ArrayLike<number | bigint>): string | string[] {
    if (typeof ids === 'number') return this.#engine.piece(this.#readIds([ids])[0] ?? 0);
    return Array.from(this.#readIds(ids), (id) => this.#engine.piece(id));
  }

  /** @internal What cuts the text: the binary, or a library where there is no spiece.model. */
  static engineOf(tokenizer: AlbertTokenizer): TokenizerEngine {
    return tokenizer.#engine;
  }

  #specialToken(id: number): string | undefined {
    return id < 0 ? undefined : this.#engine.piece(id);
  }

  #idOf(token: string): number {
    const id = this.#engine.find(token);
    return id >= 0 ? id : this.unk_token_id;
  }

  #decode(ids: Int32Array, options: DecodeOptions): string {
    const { skip_special_tokens = false, clean_up_tokenization_spaces: cleanUp = true } = options;
    return this.#engine.decode(ids, skip_special_tokens, cleanUp);
  }

  #readIds(ids: ArrayLike<number | bigint>, name = 'AlbertTokenizer'): Int32Array {
    if (typeof ids !== 'object' || ids === null || typeof ids.length !== 'number') {
      throw new TypeError(`${name}: expected an array of ids, got ${check.show(ids)}`);
    }
    return Int32Array.from(ids as ArrayLike<number>, (given, i) => {
      const id = typeof given === 'bigint' ? Number(given) : given;
      if (typeof id !== 'number' || !Number.isInteger(id)) {
        const got = check.show(given);
        throw new TypeError(`${name}: id ${i}: expected an integer, got ${got}`);
      }
      if (id >= 0 && id < this.vocab_size) return id;
      const last = this.vocab_size - 1;
      throw new RangeError(`${name}: id ${i}: expected 0 to ${last}, got ${id}`);
    });
  }

  #encodeOptions(options: TokenizeOptions): EncodeOptions {
    const truncation = strategyOf(options);
    const limit = options.max_length ?? this.model_max_length;
    const unlimited = truncation === 'none' || limit === Infinity;
    return {
      add_special_tokens: options.add_special_tokens ?? true,
      truncation: unlimited ? 'none' : truncation,
      max_length: unlimited ? 0 : limit,
      stride: options.stride ?? 0,
      return_overflowing_tokens: options.return_overflowing_tokens ?? false,
    };
  }

  #layOut(encodings: Encoding[][], options: TokenizeOptions): BatchEncoding {
    return layOut(encodings, {
      offsets: options.return_offsets_mapping ?? false,
      specialMask: options.return_special_tokens_mask ?? false,
      sequenceIds: options.return_sequence_ids ?? false,
      overflow: options.return_overflowing_tokens ?? false,
      width: this.#widthOf(encodings, options),
      pad: Math.max(0, this.pad_token_id),
    });
  }

  #widthOf(encodings: Encoding[][], { padding, max_length }: TokenizeOptions): number {
    if (padding === undefined || padding === false || padding === 'do_not_pad') return 0;
    const limit = max_length ?? this.model_max_length;
    if (padding === 'max_length' && limit !== Infinity) return paddedWidth(limit);
    return encodings.flat().reduce((most, { input_ids }) => Math.max(most, input_ids.length), 0);
  }
}

/** A row is padded in memory, and V8 ends the process where an array grows beyond its limit. */
function paddedWidth(limit: number): number {
  const most = 2 ** 20;
  if (limit <= most) return limit;
  throw new RangeError(
    `AlbertTokenizer: padding to max_length: expected at most ${most} tokens, got ${limit}`,
  );
}

/** The same as {@link AlbertTokenizer}, by its name in transformers. */
export const AutoTokenizer = AlbertTokenizer;
/** An instance of {@link AlbertTokenizer}, by its name in transformers. */
export type AutoTokenizer = AlbertTokenizer;
