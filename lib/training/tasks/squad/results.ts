// Gathers the answers to SQuAD's questions: scores by the official rules, and the official files.
import { AlbertError } from '../../../errors.js';
import { refuseUnlabelled } from '../classification.js';
import {
  applyThreshold,
  findBestThreshold,
  percent,
  scoreAnswer,
  scoreAnswerV2,
  type ThresholdSearch,
} from '../metrics/squad.js';
import type { Collector, Scores } from '../task.js';
import type { NbestAnswer } from './decode.js';
import type { SquadQuestion } from './questions.js';

/** What a model says to a question. */
export interface SquadPrediction {
  /** Best first. */
  answers: NbestAnswer[];
  /** SQuAD 2.0: the higher, the less likely there is an answer. */
  noAnswer?: number;
}

/** SQuAD 1.1: exact match and F1 in percent, over all questions. */
export function collectV1(): Collector<SquadQuestion, SquadPrediction> {
  const predictions: Record<string, string> = {};
  const nbest: Record<string, NbestAnswer[]> = {};
  const [exact, f1]: [number[], number[]] = [[], []];
  let questions = 0;
  return {
    add({ id, answers }, prediction) {
      const text = prediction.answers[0]?.text ?? '';
      ++questions;
      [predictions[id], nbest[id]] = [text, prediction.answers];
      if (!answers) return;
      const scores = scoreAnswer(
        text,
        answers.map((answer) => answer.text),
      );
      exact.push(scores.exact);
      f1.push(scores.f1);
    },
    scores() {
      refuseUnlabelled(exact.length, questions);
      return { exact_match: percent(exact), f1: percent(f1) };
    },
    files: () => filesOf({ 'predictions.json': predictions, 'nbest_predictions.json': nbest }),
  };
}

/** A question of SQuAD 2.0 with what a model said. */
interface Answered {
  best: string;
  noAnswer: number;
  nbest: NbestAnswer[];
  gold: string[] | undefined;
}

/** How answers are kept or dropped. */
export interface ThresholdRule {
  /** Above it a question has no answer; absent = tuned on the questions that are scored. */
  threshold: number | undefined;
  /**
   * ALBERT's code reads the classifier's logit as a probability in its scores: above 1 a question
   * counts as unanswered there, whatever the threshold.
   */
  logitsAsProbabilities: boolean;
}

/** SQuAD 2.0: exact match and F1 in percent; thresholds as the original evaluation finds them. */
export function collectV2(rule: ThresholdRule): Collector<SquadQuestion, SquadPrediction> {
  const questions = new Map<string, Answered>();
  const labelled = (): boolean => [...questions.values()].every(({ gold }) => gold);
  const threshold = (): number => {
    if (rule.threshold !== undefined) return rule.threshold;
    return labelled() && questions.size > 0 ? tunedThreshold(questions) : 0;
  };
  return {
    add({ id, answers }, { answers: nbest, noAnswer = 0 }) {
      if (questions.has(id))
        throw new AlbertError('ERR_FORMAT', `the question id ${id} comes twice`);
      const best = nbest.find(({ text }) => text !== '')?.text ?? '';
      questions.set(id, { best, noAnswer, nbest, gold: answers?.map(({ text }) => text) });
    },
    scores() {
      const all = [...questions.values()];
      refuseUnlabelled(all.filter(({ gold }) => gold).length, all.length);
      return scoresAt(questions, threshold(), rule);
    },
    files() {
      const chosen = threshold();
      const entries = [...questions];
      return filesOf({
        'predictions.json': Object.fromEntries(
          entries.map(([id, answered]) => [id, answerAt(answered, chosen)]),
        ),
        'nbest_predictions.json': Object.fromEntries(entries.map(([id, { nbest }]) => [id, nbest])),
        'null_odds.json': Object.fromEntries(entries.map(([id, { noAnswer }]) => [id, noAnswer])),
      });
    },
  };
}

function answerAt({ best, noAnswer }: Answered, threshold: number): string {
  return noAnswer < threshold ? best : '';
}

/** What scores are made of, for the answers that `choose` gives. */
function searchOf(
  questions: ReadonlyMap<string, Answered>,
  choose: (answered: Answered) => string,
  score: 'exact' | 'f1',
): ThresholdSearch {
  const entries = [...questions].map(([id, answered]) => ({
    id,
    answered,
    text: choose(answered),
  }));
  return {
    predicted: new Map(entries.map(({ id, text }) => [id, text !== ''])),
    scores: new Map(
      entries.map(({ id, text, answered }) => [
        id,
        scoreAnswerV2(text, answered.gold ?? [])[score],
      ]),
    ),
    noAnswer: new Map(entries.map(({ id, answered }) => [id, answered.noAnswer])),
    hasAnswer: new Map(entries.map(({ id, answered }) => [id, (answered.gold ?? []).length > 0])),
  };
}

function limitOf({ logitsAsProbabilities }: ThresholdRule): number {
  return logitsAsProbabilities ? 1 : Infinity;
}

function tunedThreshold(questions: ReadonlyMap<string, Answered>): number {
  return findBestThreshold(searchOf(questions, ({ best }) => best, 'f1')).threshold;
}

function scoresAt(
  questions: ReadonlyMap<string, Answered>,
  threshold: number,
  rule: ThresholdRule,
): Scores {
  const result: Scores = {};
  const parts: [prefix: string, wanted: boolean][] = [
    ['HasAns_', true],
    ['NoAns_', false],
  ];
  for (const name of ['exact', 'f1'] as const) {
    const search = searchOf(questions, (answered) => answerAt(answered, threshold), name);
    const scores = applyThreshold(search, limitOf(rule));
    result[name] = percent(scores.values());
    for (const [prefix, wanted] of parts) {
      const some = [...scores].filter(([id]) => search.hasAnswer.get(id) === wanted);
      if (some.length > 0) result[prefix + name] = percent(some.map(([, score]) => score));
    }
  }
  return { ...result, total: questions.size, null_score_diff_threshold: threshold };
}

function filesOf(files: Record<string, unknown>): Record<string, string> {
  const texts = Object.entries(files).map(([name, value]) => {
    return [name, `${JSON.stringify(value, null, 4)}\n`] as const;
  });
  return Object.fromEntries(texts);
}
