// Describes a WordPiece vocabulary (vocab.txt, as Chinese ALBERT has it) as a tokenizer.json.
import { AlbertError } from '../errors.js';
import type { TokenizerEngine } from './engine.js';
import { makeJsonEngine } from './json-engine.js';

/** The rules of BertTokenizer that its configuration can change. */
export interface WordPieceRules {
  do_lower_case: boolean;
  /** Default: as `do_lower_case`. */
  strip_accents?: boolean | undefined;
  /** Every ideograph is a word; default true. */
  tokenize_chinese_chars?: boolean | undefined;
}

const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/**
 * Makes an engine of a vocabulary: one token a line, its line number is its id.
 *
 * @throws AlbertError `ERR_FORMAT` where the vocabulary lacks [UNK], [CLS] or [SEP]
 */
export async function makeWordPieceEngine(
  vocabulary: string,
  rules: WordPieceRules,
): Promise<TokenizerEngine> {
  return makeJsonEngine(wordPieceJson(vocabulary, rules), {});
}

function wordPieceJson(vocabulary: string, rules: WordPieceRules): object {
  const vocab = readVocabulary(vocabulary);
  for (const token of ['[UNK]', '[CLS]', '[SEP]']) {
    if (vocab[token] !== undefined) continue;
    const message = `vocab.txt has no line ${token}: pass a WordPiece vocabulary`;
    throw new AlbertError('ERR_FORMAT', message);
  }
  const present = specialTokens.filter((token) => vocab[token] !== undefined);
  return {
    version: '1.0',
    added_tokens: present.map((content) => ({
      id: vocab[content],
      content,
      special: true,
      normalized: false,
      single_word: false,
      lstrip: false,
      rstrip: false,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: rules.tokenize_chinese_chars ?? true,
      strip_accents: rules.strip_accents ?? null,
      lowercase: rules.do_lower_case,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

function readVocabulary(text: string): Record<string, number> {
  // No prototype: a vocabulary may well contain "constructor".
  const vocab = Object.create(null) as Record<string, number>;
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  lines.forEach((token, id) => (vocab[token] ??= id));
  return vocab;
}
