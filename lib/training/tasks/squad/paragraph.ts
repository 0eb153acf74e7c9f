// A context as tokens, each with the characters it stands for.
import { AlbertTokenizer } from '../../../tokenizer.js';
import { linkCharacters, partnerOf } from './matching.js';

/** A context cut into tokens; characters are code points. */
export interface Paragraph {
  characters: string[];
  ids: number[];
  /** For each token its first and last character. */
  starts: number[];
  ends: number[];
  /** The token that holds the first or last character of an answer. */
  tokenOf(character: number, side: 'start' | 'end'): number;
}

/**
 * Cuts a context into tokens and finds these in it: by a longest common subsequence as ALBERT's
 * original code, or by the tokenizer's offsets where it has no spiece.model.
 *
 * @returns undefined where tokens and context have too little in common
 */
export function readParagraph(tokenizer: AlbertTokenizer, context: string): Paragraph | undefined {
  const characters = Array.from(context);
  const engine = AlbertTokenizer.engineOf(tokenizer);
  if (!('preprocess_characters' in engine)) return byOffsets(tokenizer, context, characters);
  const preprocess = engine.preprocess_characters as (text: string) => string[];
  const ids = tokenizer.encode(context, { add_special_tokens: false, truncation: false });
  return bySubsequence(characters, preprocess.call(engine, context), {
    ids,
    tokens: tokenizer.tokenize(context),
  });
}

function bySubsequence(
  characters: string[],
  preprocessed: string[],
  { ids, tokens }: { ids: number[]; tokens: string[] },
): Paragraph | undefined {
  const spelled = tokens.map((token) => Array.from(token.replaceAll('▁', ' ')));
  const text = spelled.flat();
  const links = linkCharacters(preprocessed, text);
  if (!links) return undefined;
  const tokenOfText = spelled.flatMap((part, token) => part.map(() => token));
  const [starts, ends]: [number[], number[]] = [[], []];
  let next = 0;
  for (const part of spelled) {
    const last = next + part.length - 1;
    starts.push(partnerOf(links.fromRight, next, 'start', characters.length));
    ends.push(partnerOf(links.fromRight, last, 'end', characters.length));
    next = last + 1;
  }
  const tokenOf = (character: number, side: 'start' | 'end'): number =>
    tokenOfText[partnerOf(links.fromLeft, character, side)]!;
  return { characters, ids, starts, ends, tokenOf };
}

function byOffsets(tokenizer: AlbertTokenizer, context: string, characters: string[]): Paragraph {
  const options = { add_special_tokens: false, truncation: false, return_offsets_mapping: true };
  const { input_ids, offset_mapping } = tokenizer(context, options);
  const characterOf = characterIndices(characters);
  const offsets = offset_mapping?.[0] ?? [];
  const starts = offsets.map(([begin]) => characterOf[begin] ?? 0);
  const ends = offsets.map(([, end], i) =>
    Math.max(starts[i]!, characterOf[Math.max(0, end - 1)] ?? 0),
  );
  const tokenOf = (character: number, side: 'start' | 'end'): number => {
    if (side === 'start') {
      const first = ends.findIndex((end) => end >= character);
      return first < 0 ? ends.length - 1 : first;
    }
    return Math.max(
      0,
      starts.findLastIndex((start) => start <= character),
    );
  };
  return { characters, ids: input_ids[0] ?? [], starts, ends, tokenOf };
}

/** For each UTF-16 unit the character it belongs to. */
function characterIndices(characters: readonly string[]): number[] {
  return characters.flatMap((character, index) => new Array<number>(character.length).fill(index));
}
