// Joins labelled tokens to words and entities, by the rules of the Hugging Face pipeline.
import { argmax } from '../math.js';

/** How the labels of tokens become those of entities. */
export type AggregationStrategy = 'none' | 'simple' | 'first' | 'average' | 'max';

/** A token of the text with the probabilities of all labels. */
export interface ScoredToken {
  id: number;
  /** Its column in the sequence. */
  index: number;
  start: number;
  end: number;
  scores: Float64Array;
  word: string;
  /** Whether white space (or nothing) is in front of it. */
  startsWord: boolean;
}

/** Tokens that share one label. */
export interface LabelledWord {
  ids: number[];
  label: string;
  score: number;
  start: number;
  end: number;
}

/** An entity: neighbouring words whose labels agree. */
export interface EntityRun {
  entity_group: string;
  score: number;
  word: string;
  start: number;
  end: number;
}

/** Gives each word one label; with 'simple' each token is a word of its own. */
export function labelWords(
  tokens: readonly ScoredToken[],
  strategy: Exclude<AggregationStrategy, 'none'>,
  name: (label: number) => string,
): LabelledWord[] {
  const words: ScoredToken[][] = [];
  for (const token of tokens) {
    const word = words.at(-1);
    if (strategy === 'simple' || word === undefined || token.startsWord) words.push([token]);
    else word.push(token);
  }
  return words.map((word) => {
    const scores = wordScores(word, strategy);
    const label = argmax(scores);
    return {
      ids: word.map(({ id }) => id),
      label: name(label),
      score: scores[label]!,
      start: word[0]!.start,
      end: word.at(-1)!.end,
    };
  });
}

function wordScores(word: readonly ScoredToken[], strategy: AggregationStrategy): Float64Array {
  if (strategy === 'max') {
    const certainty = word.map(({ scores }) => scores[argmax(scores)]!);
    return word[argmax(certainty)]!.scores;
  }
  const first = word[0]!.scores;
  if (strategy !== 'average') return first;
  const sum = (label: number) => word.reduce((total, { scores }) => total + scores[label]!, 0);
  return first.map((_, label) => sum(label) / word.length);
}

/** Joins neighbours of one label; a "B-" label always begins a new entity. */
export function groupEntities(
  words: readonly LabelledWord[],
  textOf: (run: Pick<LabelledWord, 'ids' | 'start' | 'end'>) => string,
): EntityRun[] {
  const runs: LabelledWord[][] = [];
  for (const word of words) {
    const previous = runs.at(-1)?.at(-1);
    const continues = previous !== undefined && !word.label.startsWith('B-');
    if (continues && tagOf(word.label) === tagOf(previous.label)) runs.at(-1)!.push(word);
    else runs.push([word]);
  }
  return runs.map((run) => {
    const place = { start: run[0]!.start, end: run.at(-1)!.end };
    return {
      entity_group: tagOf(run[0]!.label),
      score: run.reduce((total, { score }) => total + score, 0) / run.length,
      word: textOf({ ids: run.flatMap(({ ids }) => ids), ...place }),
      ...place,
    };
  });
}

/** A label without its B- or I-. */
function tagOf(label: string): string {
  return label.replace(/^[BI]-/, '');
}
