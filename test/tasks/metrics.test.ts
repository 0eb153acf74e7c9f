// Scores of tasks against scikit-learn 1.9, scipy 1.17, seqeval 1.2.2 and SQuAD's own formulas.
import t from 'tap';
import * as labels from '../../dist/training/tasks/metrics/classification.js';
import * as numbers from '../../dist/training/tasks/metrics/correlation.js';
import { EntityCounter, entitiesOf, toIob2 } from '../../dist/training/tasks/metrics/entities.js';
import {
  applyThreshold,
  findBestThreshold,
  normalizeAnswer,
  percent,
  scoreAnswer,
  scoreAnswerV2,
} from '../../dist/training/tasks/metrics/squad.js';
import { expectError } from '../support/errors';

const digits = (text: string): number[] => Array.from(text, Number);
const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-12;

t.test('labels: accuracy, F1, Matthews correlation as scikit-learn has them', async (t) => {
  // Drawn at random; accuracy_score, f1_score and matthews_corrcoef of scikit-learn.
  const predicted = digits('1010001000011000100001000011001000100001');
  const gold = digits('1010000000000010110001101011000100110111');
  t.ok(close(labels.accuracy(predicted, gold), 0.7));
  t.ok(close(labels.f1(predicted, gold), 0.5714285714285714));
  t.ok(close(labels.matthewsCorrelation(predicted, gold), 0.3563483225498992));
  const other = labels.f1(predicted, gold, 0);
  t.ok(close(labels.macroF1(predicted, gold), (0.5714285714285714 + other) / 2));
});

t.test('labels: more than two, as scikit-learn has them', async (t) => {
  const predicted = [
    3, 2, 0, 3, 2, 1, 0, 3, 0, 1, 2, 1, 1, 3, 3, 3, 0, 1, 3, 3, 2, 1, 3, 2, 3, 2, 3, 1, 1, 0, 1, 1,
    1, 1, 0, 3, 1, 2, 2, 0,
  ];
  const gold = [
    3, 2, 2, 0, 2, 3, 0, 3, 0, 1, 2, 3, 1, 3, 3, 3, 0, 1, 3, 3, 3, 1, 3, 2, 3, 2, 3, 1, 1, 0, 2, 1,
    0, 1, 2, 3, 1, 2, 2, 0,
  ];
  t.ok(close(labels.accuracy(predicted, gold), 0.8));
  t.ok(close(labels.macroF1(predicted, gold), 0.7890997890997892));
  t.ok(close(labels.matthewsCorrelation(predicted, gold), 0.737649063032368));
});

t.test('labels: what is constant has no correlation, and nothing is no number', async (t) => {
  t.equal(labels.matthewsCorrelation([1, 1, 1], [0, 1, 1]), 0);
  t.equal(labels.f1([0, 0], [0, 0]), 0);
  await expectError(t, () => labels.accuracy([], []), 'RangeError', /at least one/);
  await expectError(t, () => labels.accuracy([1], [1, 0]), 'RangeError', /1 and 2/);
});

t.test('numbers: Pearson, Spearman and squared error as scipy has them', async (t) => {
  const predicted = [
    3.5, 1.3, 1.8, 0.8, 3.9, 2.7, 3.9, 1.6, 1.1, 4.1, 4.9, 4.3, 4.0, 4.1, 3.7, 1.1, 2.6, 1.8, 0.1,
    0.1,
  ];
  const gold = [3, 2, 1, -2, 2, 3, 6, 1, 1, 5, 5, 5, 4, 5, 5, 0, 1, 2, 0, 0];
  t.ok(close(numbers.pearson(predicted, gold), 0.8805276788565025));
  t.ok(close(numbers.spearman(predicted, gold), 0.8961001528705856));
  t.ok(close(numbers.meanSquaredError(predicted, gold), 1.267));
  t.equal(numbers.pearson([1, 1], [1, 2]), 0);
});

t.test('entities: found as seqeval finds them, in every scheme', async (t) => {
  const spans = (tags: string): string[] =>
    entitiesOf(tags.split(' ')).map(({ type, start, end }) => `${type} ${start}-${end}`);
  t.same(spans('B-PER I-PER O I-LOC I-LOC B-LOC O'), ['PER 0-1', 'LOC 3-4', 'LOC 5-5']);
  t.same(spans('I-PER B-PER I-ORG E-ORG S-ORG I-ORG'), [
    'PER 0-0',
    'PER 1-1',
    'ORG 2-3',
    'ORG 4-4',
    'ORG 5-5',
  ]);
  t.same(spans('B-A-B I-A-B I-C O B-C B-C'), ['A-B 0-1', 'C 2-2', 'C 4-4', 'C 5-5']);
  t.same(spans('S-X I-X E-X E-X B-X'), ['X 0-0', 'X 1-2', 'X 3-3', 'X 4-4']);
  t.same(spans('O O'), []);
  t.same(toIob2(['I-MISC', 'O', 'I-PER', 'I-PER', 'B-PER']), [
    'B-MISC',
    'O',
    'B-PER',
    'I-PER',
    'B-PER',
  ]);
});

t.test('entities: precision, recall and F1 as seqeval has them', async (t) => {
  const gold = [
    'O B-LOC I-ORG B-ORG I-ORG B-PER B-LOC B-PER',
    'O B-PER I-LOC B-LOC',
    'B-PER I-LOC I-LOC B-PER O',
    'I-ORG I-ORG B-PER O',
    'I-LOC B-LOC I-ORG B-PER O',
    'I-LOC B-PER I-LOC I-LOC',
    'B-PER B-PER B-LOC I-LOC',
    'I-ORG I-ORG O I-LOC O B-PER',
  ];
  const predicted = [
    'O B-LOC I-ORG B-ORG I-ORG B-PER B-ORG B-PER',
    'B-PER B-PER I-LOC B-LOC',
    'B-PER B-ORG I-LOC B-PER O',
    'I-ORG I-ORG B-PER O',
    'I-PER B-ORG I-ORG B-LOC I-LOC',
    'I-LOC B-PER I-LOC I-LOC',
    'I-LOC B-PER B-LOC I-LOC',
    'I-ORG I-ORG O I-LOC O O',
  ];
  const counter = new EntityCounter();
  gold.forEach((tags, i) => counter.add(predicted[i]!.split(' '), tags.split(' ')));
  const { precision, recall, f1 } = counter.overall();
  for (const value of [precision, recall, f1]) t.ok(close(value, 0.7037037037037037));
  const { LOC, ORG, PER } = counter.byType();
  t.ok(close(LOC!.precision, 0.7) && close(LOC!.recall, 0.6363636363636364));
  t.ok(close(ORG!.precision, 0.5714285714285714) && close(ORG!.recall, 0.8));
  t.ok(close(PER!.f1, 0.761904761904762));
});

t.test('SQuAD: answers by the formulas of the official scripts', async (t) => {
  // [predicted, gold, exact, F1 of 1.1, F1 of 2.0], by the scripts' definitions in Python.
  const cases: [string, string[], number, number, number][] = [
    ['The Eiffel Tower!', ['Eiffel tower'], 1, 1, 1],
    ['the tall the tall tower', ['tall tower', 'a tower'], 0, 0.8, 0.8],
    ['', ['the'], 1, 0, 1],
    ['in 1990, in Paris', ['Paris in 1990', '1990'], 0, 0.8571428571428571, 0.8571428571428571],
    ['café aï a', ['café aï'], 1, 1, 1],
    ['an', ['the'], 1, 0, 1],
    ['no', ['yes', 'maybe'], 0, 0, 0],
  ];
  for (const [predicted, gold, exact, f1, f1V2] of cases) {
    const [first, second] = [scoreAnswer(predicted, gold), scoreAnswerV2(predicted, gold)];
    t.same([first.exact, second.exact], [exact, exact], predicted);
    t.ok(close(first.f1, f1) && close(second.f1, f1V2), predicted);
  }
  t.same(scoreAnswerV2('', []), { exact: 1, f1: 1 });
  t.same(scoreAnswerV2('x', []), { exact: 0, f1: 0 });
  t.equal(normalizeAnswer('  An  "Old"\u00a0 man\u2019s the a '), 'old man\u2019s');
});

t.test('SQuAD 2.0: the best threshold, found as the official script finds it', async (t) => {
  const hasAnswer = new Map([
    ['a', true],
    ['b', false],
    ['c', true],
    ['d', false],
  ]);
  const scores = new Map([
    ['a', 1],
    ['b', 0],
    ['c', 0.5],
    ['d', 0],
  ]);
  const noAnswer = new Map([
    ['a', -2],
    ['b', 3],
    ['c', 1.5],
    ['d', 0],
  ]);
  const predicted = new Map([
    ['a', true],
    ['b', true],
    ['c', true],
    ['d', false],
  ]);
  // From 2 without any answer: a + 1 = 3, d + 0, c + 0.5 = 3.5, b - 1.
  const best = findBestThreshold({ predicted, scores, noAnswer, hasAnswer });
  t.same(best, { score: 87.5, threshold: 1.5 });
  const applied = applyThreshold({ scores, noAnswer, hasAnswer }, 1);
  t.same([...applied.values()], [1, 1, 0, 0]);
  t.equal(percent(applied.values()), 50);
});
