// Finds where in a text each token came from, for tokenizers that do not say.
import type { Range } from './windows.js';

/** Characters of the normalized text, each with the source range it came from. */
export interface SourceCharacter {
  character: string;
  range: Range;
}

/** How the tokens of one word spell it. */
export interface Spelling {
  unknown: string;
  /** The mark of a token that continues a word, '##' for WordPiece; '' where there is none. */
  continuation: string;
}

// How far a character is searched for when normalization moved or dropped what stood between.
const lookahead = 16;
const wordStart = '▁';
// Doubled quotes count as one: ALBERT's normalizer makes a double quote of them.
const cluster = /``|''|.\p{M}*/gsu;

/** Normalizes a text cluster by cluster, remembering where each character came from. */
export function traceNormalization(
  text: string,
  begin: number,
  normalize: (cluster: string) => string,
): SourceCharacter[] {
  return Array.from(text.matchAll(cluster)).flatMap(({ 0: part, index }) => {
    const range: Range = [begin + index, begin + index + part.length];
    return Array.from(normalize(part), (character) => ({ character, range }));
  });
}

/** Walks through the source as words and their tokens are read from it, in order. */
export class Aligner {
  #next = 0;

  constructor(
    private readonly source: readonly SourceCharacter[],
    private readonly spelling: Spelling,
  ) {}

  /** The source ranges of a word's tokens; an unknown token takes all that is left of the word. */
  rangesOf(word: string, tokens: readonly string[]): Range[] {
    const characters = Array.from(word, (character) => this.#locate(character));
    let at = 0;
    return tokens.map((token, i) => {
      const surface = this.#surface(token, i);
      const taken = surface === undefined ? characters.length - at : Array.from(surface).length;
      const located = characters.slice(at, at + taken).filter((range) => range !== undefined);
      at += taken;
      const first = located[0];
      const last = located.at(-1);
      if (first && last) return [first[0], last[1]];
      const next = characters.slice(at).find((range) => range !== undefined);
      return next ? [next[0], next[0]] : this.#here();
    });
  }

  /** What a token spells; undefined where it stands for anything. */
  #surface(token: string, index: number): string | undefined {
    const { continuation, unknown } = this.spelling;
    if (token === unknown) return undefined;
    const continues = index > 0 && continuation !== '' && token.startsWith(continuation);
    return continues ? token.slice(continuation.length) : token;
  }

  #locate(character: string): Range | undefined {
    while (/^\s$/u.test(this.source[this.#next]?.character ?? '')) ++this.#next;
    if (character === wordStart) return undefined;
    for (let i = this.#next; i < Math.min(this.source.length, this.#next + lookahead); ++i) {
      const candidate = this.source[i];
      if (candidate?.character !== character) continue;
      this.#next = i + 1;
      return candidate.range;
    }
    return undefined;
  }

  /** An empty range where the walk stands: for tokens that no source character spells. */
  #here(): Range {
    const at = this.source[this.#next]?.range[0] ?? this.source.at(-1)?.range[1] ?? 0;
    return [at, at];
  }
}
