// A tokenizer.json (or WordPiece vocabulary) run by @huggingface/tokenizers.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AlbertError } from '../errors.js';
import { Aligner, traceNormalization } from './alignment.js';
import type { EncodeOptions, Encoding, TokenizerEngine } from './engine.js';
import { applyTemplate, type TokenList } from './template.js';
import type { Range } from './windows.js';

/** What is used of the library's tokenizer; its own declarations do not resolve under node16. */
interface LibraryTokenizer {
  normalizer: ((text: string) => string) | null;
  pre_tokenizer: ((text: string, options: { section_index: number }) => string[]) | null;
  model: ((words: string[]) => string[]) & {
    vocab: string[];
    tokens_to_ids: Map<string, number>;
    unk_token?: string;
    unk_token_id?: number;
    config: { continuing_subword_prefix?: string; type?: string };
  };
  get_added_tokens_decoder(): Map<number, AddedToken>;
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}

interface AddedToken {
  id: number;
  content: string;
  lstrip: boolean;
  rstrip: boolean;
}

/** One text cut at its added tokens. */
interface Section {
  text: string;
  begin: number;
  added?: AddedToken;
}

const textsPerTurn = 32;

/**
 * Makes an engine of a parsed tokenizer.json and tokenizer_config.json.
 *
 * @throws AlbertError `ERR_FORMAT` where the library cannot read it
 */
export async function makeJsonEngine(tokenizer: object, config: object): Promise<TokenizerEngine> {
  const library = (await import('@huggingface/tokenizers')) as unknown as {
    Tokenizer: new (tokenizer: object, config: object) => LibraryTokenizer;
  };
  try {
    const removeSpace = (config as { remove_space?: unknown }).remove_space === true;
    return new JsonEngine(new library.Tokenizer(tokenizer, config), removeSpace);
  } catch (cause) {
    const message = `tokenizer.json is not one that can be read: ${(cause as Error).message}`;
    throw new AlbertError('ERR_FORMAT', message, { cause });
  }
}

class JsonEngine implements TokenizerEngine {
  readonly vocab_size: number;
  readonly special_ids: TokenizerEngine['special_ids'];
  readonly #tokenizer: LibraryTokenizer;
  readonly #added: Map<string, AddedToken>;
  readonly #addedPattern: RegExp | undefined;
  /** Normalized single characters: the same few make up most texts. */
  readonly #normalized = new Map<string, string>();

  constructor(
    tokenizer: LibraryTokenizer,
    private readonly removeSpace: boolean,
  ) {
    this.#tokenizer = tokenizer;
    this.vocab_size = tokenizer.model.vocab.length;
    const added = [...tokenizer.get_added_tokens_decoder().values()];
    this.#added = new Map(added.map((token) => [token.content, token]));
    this.#addedPattern = patternOf([...this.#added.keys()]);
    this.special_ids = {
      pad: this.#firstOf('<pad>', '[PAD]'),
      unk: tokenizer.model.unk_token_id ?? this.#firstOf('<unk>', '[UNK]'),
      cls: this.#firstOf('[CLS]'),
      sep: this.#firstOf('[SEP]'),
      mask: this.#firstOf('[MASK]'),
    };
  }

  encode(text: string, pair: string | undefined, options: EncodeOptions): Encoding[] {
    const { cls, sep } = this.special_ids;
    if (options.add_special_tokens && (cls < 0 || sep < 0)) {
      throw new AlbertError('ERR_CONFIG', 'The vocabulary lacks [CLS] or [SEP]');
    }
    const second = pair === undefined ? undefined : this.#listOf(pair);
    return applyTemplate(this.#listOf(text), second, { cls, sep }, options);
  }

  /** On the JavaScript thread, but with turns for others in between. */
  async encode_batch(
    texts: string[],
    pairs: string[] | undefined,
    options: EncodeOptions,
  ): Promise<Encoding[][]> {
    const encodings: Encoding[][] = [];
    for (const [i, text] of texts.entries()) {
      if (i % textsPerTurn === textsPerTurn - 1) await nextTurn();
      encodings.push(this.encode(text, pairs?.[i], options));
    }
    return encodings;
  }

  tokenize(text: string): string[] {
    return this.#sections(text).flatMap((section, i) =>
      section.added ? [section.added.content] : this.#words(section, i).flatMap((w) => w.tokens),
    );
  }

  decode(ids: Int32Array, skip_special_tokens: boolean, clean_up_spaces: boolean): string {
    if (ids.length === 0) return '';
    ids.forEach((id) => this.piece(id));
    return this.#tokenizer.decode(Array.from(ids), {
      skip_special_tokens,
      clean_up_tokenization_spaces: clean_up_spaces,
    });
  }

  piece(id: number): string {
    const piece = this.#tokenizer.model.vocab[id];
    if (piece !== undefined) return piece;
    throw new RangeError(`tokenizer: expected an id from 0 to ${this.vocab_size - 1}, got ${id}`);
  }

  find(piece: string): number {
    return this.#tokenizer.model.tokens_to_ids.get(piece) ?? -1;
  }

  #firstOf(...pieces: string[]): number {
    return pieces.map((piece) => this.find(piece)).find((id) => id >= 0) ?? -1;
  }

  #idOf(token: string): number {
    const id = this.find(token);
    return id >= 0 ? id : this.special_ids.unk;
  }

  #listOf(text: string): TokenList {
    const ids: number[] = [];
    const ranges: Range[] = [];
    this.#sections(text).forEach((section, i) => {
      if (section.added) {
        ids.push(section.added.id);
        ranges.push([section.begin, section.begin + section.text.length]);
        return;
      }
      const aligner = this.#alignerOf(section);
      for (const { word, tokens } of this.#words(section, i)) {
        ids.push(...tokens.map((token) => this.#idOf(token)));
        ranges.push(...aligner.rangesOf(word, tokens));
      }
    });
    return { ids, ranges };
  }

  #alignerOf({ text, begin }: Section): Aligner {
    const source = traceNormalization(text, begin, (part) => this.#normalizePart(part));
    const { unk_token = '', config } = this.#tokenizer.model;
    const { type, continuing_subword_prefix: prefix = '##' } = config;
    const continuation = type === 'WordPiece' ? prefix : '';
    return new Aligner(source, { unknown: unk_token, continuation });
  }

  #normalizePart(part: string): string {
    const normalize = this.#tokenizer.normalizer;
    if (!normalize) return part;
    if (part.length > 1) return normalize(part);
    let normalized = this.#normalized.get(part);
    if (normalized === undefined) this.#normalized.set(part, (normalized = normalize(part)));
    return normalized;
  }

  #words({ text }: Section, section_index: number): { word: string; tokens: string[] }[] {
    const { normalizer, pre_tokenizer, model } = this.#tokenizer;
    const spaced = this.removeSpace ? text.trim().replace(/\s+/g, ' ') : text;
    const normalized = normalizer ? normalizer(spaced) : spaced;
    if (normalized.trim() === '') return [];
    const words = pre_tokenizer ? pre_tokenizer(normalized, { section_index }) : [normalized];
    return words.map((word) => ({ word, tokens: model([word]) }));
  }

  /** Cuts a text at its added tokens, which take the whitespace beside them as they ask for. */
  #sections(text: string): Section[] {
    const sections: Section[] = [];
    let begin = 0;
    const push = (end: number): void => {
      if (end > begin) sections.push({ text: text.slice(begin, end), begin });
    };
    for (const match of this.#addedPattern ? text.matchAll(this.#addedPattern) : []) {
      const added = this.#added.get(match[0]);
      if (!added) continue;
      push(added.lstrip ? begin + text.slice(begin, match.index).trimEnd().length : match.index);
      sections.push({ text: match[0], begin: match.index, added });
      begin = match.index + match[0].length;
      if (added.rstrip) begin = text.length - text.slice(begin).trimStart().length;
    }
    push(text.length);
    return sections;
  }
}

/** Matches any of the strings, the longest first. */
function patternOf(strings: string[]): RegExp | undefined {
  if (strings.length === 0) return undefined;
  const byLength = [...strings].sort((a, b) => b.length - a.length);
  const escaped = byLength.map((string) => string.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(escaped.join('|'), 'g');
}
