// SQuAD's scores: exact match and F1 of words, and the rules of 2.0 for questions without answer.

/** The scores of answers by question. */
export type ScoreById = ReadonlyMap<string, number>;

/** Exact match and F1 of one answer, 0 to 1, by the rules of SQuAD 1.1 or 2.0. */
export interface AnswerScores {
  exact: number;
  f1: number;
}

const punctuation = /[!-/:-@[-`{-~]/g;
// Python's \b and str.split() know more letters and spaces than those of JavaScript.
const articles = /(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu;
const spaces = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** An answer in lower case without punctuation, articles and odd spaces. */
export function normalizeAnswer(answer: string): string {
  return wordsOf(answer).join(' ');
}

function wordsOf(answer: string): string[] {
  const plain = answer.toLowerCase().replace(punctuation, '').replace(articles, ' ');
  return plain.split(spaces).filter((word) => word !== '');
}

/** Scores by SQuAD 1.1: the best over all answers that annotators gave. */
export function scoreAnswer(predicted: string, gold: readonly string[]): AnswerScores {
  return best(predicted, gold, 0);
}

/** Scores by SQuAD 2.0: a question without answer wants an empty one. */
export function scoreAnswerV2(predicted: string, gold: readonly string[]): AnswerScores {
  const filled = gold.filter((answer) => normalizeAnswer(answer) !== '');
  return best(predicted, filled.length > 0 ? filled : [''], 1);
}

function best(predicted: string, gold: readonly string[], bothEmpty: number): AnswerScores {
  const words = wordsOf(predicted);
  const scores = gold.map((answer) => {
    const expected = wordsOf(answer);
    const exact = Number(words.join(' ') === expected.join(' '));
    return { exact, f1: wordF1(words, expected, bothEmpty) };
  });
  return {
    exact: scores.reduce((most, { exact }) => Math.max(most, exact), 0),
    f1: scores.reduce((most, { f1 }) => Math.max(most, f1), 0),
  };
}

/** @param bothEmpty the score where neither has a word */
function wordF1(predicted: readonly string[], gold: readonly string[], bothEmpty: number): number {
  if (predicted.length === 0 && gold.length === 0) return bothEmpty;
  const left = new Map<string, number>();
  for (const word of gold) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of predicted) {
    const count = left.get(word) ?? 0;
    if (count > 0) ++shared;
    left.set(word, count - 1);
  }
  return shared === 0 ? 0 : (2 * shared) / (predicted.length + gold.length);
}

/** Where a score is highest when all questions above a threshold count as unanswerable. */
export interface BestThreshold {
  /** In percent. */
  score: number;
  threshold: number;
}

/** Questions with what is known of them. */
export interface ThresholdSearch {
  /** Whether the prediction is a text. */
  predicted: ReadonlyMap<string, boolean>;
  scores: ScoreById;
  /** The higher, the less likely there is an answer. */
  noAnswer: ScoreById;
  hasAnswer: ReadonlyMap<string, boolean>;
}

/** Finds the threshold as the official script: walks the questions from the surest answer on. */
export function findBestThreshold(search: ThresholdSearch): BestThreshold {
  const { predicted, scores, noAnswer, hasAnswer } = search;
  let current = [...hasAnswer.values()].filter((has) => !has).length;
  let [score, threshold] = [current, 0];
  const order = [...noAnswer].sort(([, a], [, b]) => a - b);
  for (const [id, value] of order) {
    if (!scores.has(id)) continue;
    if (hasAnswer.get(id)) current += scores.get(id) ?? 0;
    else if (predicted.get(id)) current -= 1;
    if (current > score) [score, threshold] = [current, value];
  }
  return { score: (100 * score) / scores.size, threshold };
}

/** Scores where questions above a threshold are taken as unanswered. */
export function applyThreshold(
  { scores, noAnswer, hasAnswer }: Omit<ThresholdSearch, 'predicted'>,
  threshold: number,
): Map<string, number> {
  return new Map(
    [...scores].map(([id, score]) => {
      const unanswered = (noAnswer.get(id) ?? -Infinity) > threshold;
      return [id, unanswered ? Number(!hasAnswer.get(id)) : score];
    }),
  );
}

/** The mean in percent. */
export function percent(scores: Iterable<number>): number {
  const all = [...scores];
  return (100 * all.reduce((sum, score) => sum + score, 0)) / all.length;
}
