// What crosses the door to the binary besides numbers: text, examples made of it, records.

export interface NativeTokenizerOptions {
  do_lower_case: boolean;
  remove_space: boolean;
  keep_accents: boolean;
  google_rules: boolean;
}

export interface NativeEncodeOptions {
  add_special_tokens: boolean;
  truncation: 'none' | 'longest_first' | 'only_first' | 'only_second';
  /** 0 = no limit. */
  max_length: number;
  stride: number;
  return_overflowing_tokens: boolean;
}

export interface NativeEncoding {
  input_ids: Int32Array;
  token_type_ids: Int32Array;
  /** (2 n): begin, end in UTF-16 units of the text or pair each token came from. */
  offsets: Int32Array;
  /** 0 text, 1 pair, -1 special token. */
  sequence_ids: Int8Array;
}

export interface NativeTokenizer {
  readonly vocab_size: number;
  /** -1 where the vocabulary lacks the token. */
  readonly special_ids: { pad: number; unk: number; cls: number; sep: number; mask: number };
  /** One encoding, or several windows with return_overflowing_tokens. */
  encode(text: string, pair: string | undefined, options: NativeEncodeOptions): NativeEncoding[];
  /** The same for many texts, computed off the JavaScript thread. */
  encode_batch(
    texts: string[],
    pairs: string[] | undefined,
    options: NativeEncodeOptions,
  ): Promise<NativeEncoding[][]>;
  tokenize(text: string): string[];
  /** What the preprocessing makes of each code point by itself; spaces stay. */
  preprocess_characters(text: string): string[];
  decode(ids: Int32Array, skip_special_tokens: boolean, clean_up_spaces: boolean): string;
  piece(id: number): string;
  /** -1 where there is no such piece. */
  find(piece: string): number;
  /** Plain SentencePiece ids: no preprocessing, no special tokens, no digit-comma rule. */
  sentencepiece_ids(text: string): Int32Array;
}

/** Where a stream of pretraining examples stands. */
export interface NativeStreamPosition {
  pass: number;
  block: number;
  /** Where the block begins in the corpus. */
  file: number;
  offset: number;
  line: number;
  documents: number;
  inside: boolean;
  wanted: boolean;
  /** Examples of the block that lie behind. */
  index: number;
}

/** Some examples, one behind the other: example i owns [c[i], c[i + 1]) of each list. */
export interface NativeTakenExamples {
  /** Where the first of them begins. */
  origin: NativeStreamPosition;
  /** 0 = the stream has ended. */
  count: number;
  tokens: Int32Array;
  /** For each token: 1 where a word begins, and for [CLS] and [SEP]. */
  boundaries: Uint8Array;
  cu_seqlens: Int32Array;
  /** Tokens of type 0, one number an example. */
  first_lengths: Int32Array;
  /** -1 = none, 0 = in order, 1 = swapped or random. */
  order_labels: Int32Array;
  masked_positions: Int32Array;
  masked_labels: Int32Array;
  cu_masked: Int32Array;
}

/** What examples are made from, as saved positions carry it. */
export interface NativeStreamDescription {
  settings: Record<string, string>;
  files: { name: string; bytes: number; checksum: number }[];
  vocabulary: number;
}

export interface NativePretrainingStream {
  describe(): Promise<NativeStreamDescription>;
  /** Up to `count` examples of one block; the next block is made in the background. */
  take(count: number): Promise<NativeTakenExamples>;
  seek(position: NativeStreamPosition): Promise<void>;
}

/** One list of a tf.train.Example. */
export type NativeFeature = Float32Array | BigInt64Array | Uint8Array[];

export interface NativeRecordReader {
  /** Up to `count` examples; none at the end of the file. */
  next(count: number): Promise<[string, NativeFeature][][]>;
}

export interface NativeRecordWriter {
  write(examples: [string, NativeFeature][][]): Promise<void>;
  /** Gives the file its name. */
  commit(): Promise<void>;
  discard(): Promise<void>;
}
