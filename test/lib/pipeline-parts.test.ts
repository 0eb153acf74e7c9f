// The pure parts of the pipelines: scores, batches, windows, spans, entities.
import t from 'tap';
import { MergedAnswers } from '../../dist/pipelines/answers.js';
import { mapBatches, mapSlices, planBatches } from '../../dist/batching.js';
import { groupEntities, labelWords } from '../../dist/pipelines/entities.js';
import { argmax, normalizeInPlace, sigmoid, softmax } from '../../dist/math.js';
import { topIndices } from '../../dist/math.js';
import { spansOfBeams, spansOfLogits } from '../../dist/pipelines/spans.js';
import { cutWindows } from '../../dist/pipelines/windows.js';

const near = (got: number, wanted: number): boolean => Math.abs(got - wanted) < 1e-12;

t.test('softmax is stable and sums to 1', async (t) => {
  const scores = softmax([1000, 1000 + Math.log(3), -1000]);
  t.ok(near(scores[0]!, 0.25));
  t.ok(near(scores[1]!, 0.75));
  t.equal(scores[2], 0);
  t.same([...softmax([-Infinity, 0])], [0, 1]);
  t.ok(near(sigmoid(-800), 0));
  t.ok(near(sigmoid(800), 1));
  t.ok(near(sigmoid(Math.log(3)), 0.75));
});

t.test('the best indices, ties to the lower one, by both ways of finding them', async (t) => {
  const numbers = Array.from({ length: 500 }, (_, i) => (i * 7919) % 101);
  const sorted = [...numbers.keys()].sort((a, b) => numbers[b]! - numbers[a]! || a - b);
  for (const count of [1, 2, 5, 62, 63, 500, 600]) {
    t.same(topIndices(numbers, count), sorted.slice(0, count), `best ${count}`);
  }
  t.equal(argmax(numbers), sorted[0]);
  t.same(topIndices([], 3), []);
});

t.test('normalizing gives length 1 and leaves zero alone', async (t) => {
  const vector = Float32Array.of(3, 4);
  normalizeInPlace(vector);
  t.same(vector, Float32Array.of(0.6, 0.8));
  const zero = new Float32Array(2);
  normalizeInPlace(zero);
  t.same(zero, new Float32Array(2));
});

const sized = (length: number, rows?: number) => ({
  input_ids: new Array<number>(length).fill(0),
  ...(rows === undefined ? {} : { rows }),
});

t.test('batches hold every sequence once and stay within both areas', async (t) => {
  const sequences = Array.from({ length: 700 }, (_, i) => sized(1 + ((i * 37) % 512), i % 40));
  const batches = planBatches(sequences);
  t.same(
    batches.flat().sort((a, b) => a - b),
    [...sequences.keys()],
  );
  for (const batch of batches) {
    const longest = Math.max(...batch.map((i) => sequences[i]!.input_ids.length));
    const rows = Math.max(...batch.map((i) => sequences[i]!.rows ?? 0));
    t.ok(batch.length === 1 || batch.length * longest <= 8192);
    t.ok(batch.length === 1 || batch.length * rows <= 128);
  }
  t.equal(planBatches(Array.from({ length: 16 }, () => sized(512))).length, 1);
  t.equal(planBatches(Array.from({ length: 17 }, () => sized(512))).length, 2);
  t.same(planBatches([]), []);
});

t.test('results come back in order, whatever order batches end in', async (t) => {
  const sequences = Array.from({ length: 200 }, (_, i) => ({ ...sized(1 + ((i * 91) % 512)), i }));
  let running = 0;
  let most = 0;
  const results = await mapBatches(sequences, async (batch) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    running--;
    return batch.map(({ i }) => i);
  });
  t.same(results, [...sequences.keys()]);
  t.equal(most, 2, 'two batches at a time');
});

t.test('a failing batch ends the work', async (t) => {
  let calls = 0;
  const sequences = Array.from({ length: 400 }, () => sized(512));
  const failing = mapBatches(sequences, async () => {
    if (++calls === 2) throw new RangeError('no');
    await new Promise((resolve) => setTimeout(resolve, 10));
    return [];
  });
  await t.rejects(failing, { name: 'RangeError', message: 'no' });
  await new Promise((resolve) => setTimeout(resolve, 40));
  t.ok(calls <= 3, `no new batches after the failure (${calls} calls)`);
});

t.test('slices are mapped one after another and stop on abort', async (t) => {
  const inputs = Array.from({ length: 2500 }, (_, i) => i);
  const sizes: number[] = [];
  const doubled = await mapSlices(inputs, undefined, async (slice) => {
    sizes.push(slice.length);
    return slice.map((x) => 2 * x);
  });
  t.same(sizes, [1024, 1024, 452]);
  t.same(
    doubled,
    inputs.map((x) => 2 * x),
  );
  const stop = new AbortController();
  const aborted = mapSlices(inputs, stop.signal, async (slice) => {
    stop.abort();
    return slice;
  });
  await t.rejects(aborted, { name: 'AbortError' });
});

const special = { cls: 2, sep: 3 };
const ids = (count: number, first = 100) => Array.from({ length: count }, (_, i) => first + i);

t.test('windows cover the context, overlap as told, and end at its end', async (t) => {
  const tokens = { question: ids(2, 50), context: ids(10) };
  const sizes = { max_seq_len: 9, max_question_len: 64, doc_stride: 1 };
  const windows = cutWindows(7, tokens, special, sizes);
  t.same(
    windows.map(({ input_ids }) => input_ids),
    [
      [2, 50, 51, 3, 100, 101, 102, 103, 3],
      [2, 50, 51, 3, 103, 104, 105, 106, 3],
      [2, 50, 51, 3, 106, 107, 108, 109, 3],
    ],
  );
  t.same(windows[0]!.token_type_ids, [0, 0, 0, 0, 1, 1, 1, 1, 1]);
  t.same(
    windows.map(({ first }) => first),
    [0, 3, 6],
  );
  t.same(
    windows.map(({ item, begin, count }) => [item, begin, count]),
    [
      [7, 4, 4],
      [7, 4, 4],
      [7, 4, 4],
    ],
  );
});

t.test('questions are cut, and sizes that leave no room are refused', async (t) => {
  const tokens = { question: ids(9, 50), context: ids(3) };
  const sizes = { max_seq_len: 12, max_question_len: 2, doc_stride: undefined };
  t.same(cutWindows(0, tokens, special, sizes)[0]!.input_ids, [2, 50, 51, 3, 100, 101, 102, 3]);
  const full = { ...sizes, max_question_len: 9 };
  t.throws(() => cutWindows(0, tokens, special, full), {
    name: 'RangeError',
    message: /raise max_seq_len/,
  });
  const stuck = { max_seq_len: 9, max_question_len: 2, doc_stride: 4 };
  t.throws(() => cutWindows(0, tokens, special, stuck), {
    name: 'RangeError',
    message: /doc_stride \(4\)/,
  });
});

t.test('spans of logits are softmax products, in order, and no longer than allowed', async (t) => {
  const log = Math.log;
  // P(start) over [CLS], 3 context tokens: .1 .2 .3 .4; P(end): .1 .5 .1 .3
  const start = [log(1), log(2), log(3), log(4)];
  const end = [log(1), log(5), log(1), log(3)];
  const all = spansOfLogits(start, end, { count: 10, longest: 10 });
  t.equal(all.spans.length, 6, 'every start ≤ end');
  const best = all.spans[0]!;
  t.same([best.start, best.end], [2, 2]);
  t.ok(near(best.score, 0.12));
  t.ok(near(all.nullScore, 0.01));
  for (const { start: s, end: e } of all.spans) t.ok(s <= e);
  const short = spansOfLogits(start, end, { count: 10, longest: 1 });
  t.same(
    short.spans.map((span) => [span.start, span.end]),
    [
      [2, 2],
      [0, 0],
      [1, 1],
    ],
  );
  const one = spansOfLogits([9, 0, 0], [9, 0, 0], { count: 1, longest: 5 });
  t.same([one.spans[0]!.start, one.spans[0]!.end], [0, 0], 'a tie goes to the earlier span');
});

t.test('spans of beams skip [CLS], padding and ends before their start', async (t) => {
  const { spans, nullScore } = spansOfBeams(
    {
      startScores: [Math.log(0.6), Math.log(0.3), -Infinity],
      startColumns: [5, 0, -1],
      endScores: [Math.log(0.5), Math.log(0.4), Math.log(0.9), Math.log(0.1), -Infinity, -Infinity],
      endColumns: [6, 4, 5, 0, -1, -1],
      answerability: Math.log(1 / 3),
    },
    4,
    { count: 5, longest: 15 },
  );
  t.equal(spans.length, 1);
  t.same([spans[0]!.start, spans[0]!.end], [1, 2]);
  t.ok(near(nullScore, 0.25));
  t.ok(near(spans[0]!.score, 0.6 * 0.5 * 0.75));
});

t.test('answers of several windows merge by place, in the raw text', async (t) => {
  const text = 'Öl  und Gas.';
  const offsets: [number, number][] = [
    [0, 2],
    [2, 7],
    [7, 11],
    [11, 12],
  ];
  const merged = new MergedAnswers(text, offsets, 3);
  const window = (first: number) =>
    cutWindows(0, { question: [1], context: ids(4) }, special, {
      max_seq_len: 8,
      max_question_len: 4,
      doc_stride: 3,
    }).find((one) => one.first === first)!;
  merged.add(window(0), { spans: [{ start: 1, end: 2, score: 0.2 }], nullScore: 0.4 });
  merged.add(window(0), { spans: [{ start: 1, end: 2, score: 0.3 }], nullScore: 0.1 });
  t.same(merged.best(false), [{ answer: 'und Gas', score: 0.3, start: 4, end: 11 }]);
  t.same(merged.best(true)[1], { answer: '', score: 0.1, start: 0, end: 0 });
  const none = new MergedAnswers(text, offsets, 1);
  t.same(none.best(false), [{ answer: '', score: 0, start: 0, end: 0 }]);
});

const names = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'];
const token = (id: number, startsWord: boolean, scores: number[]) => ({
  id,
  index: id,
  start: id * 10,
  end: id * 10 + 9,
  scores: Float64Array.from(scores),
  word: `w${id}`,
  startsWord,
});
const name = (label: number): string => names[label]!;

t.test('words get one label by each strategy', async (t) => {
  const tokens = [
    token(1, true, [0.1, 0.5, 0.2, 0.1, 0.1]),
    token(2, false, [0.05, 0.05, 0.1, 0.7, 0.1]),
    token(3, false, [0.2, 0.4, 0.2, 0.1, 0.1]),
    token(4, true, [0.9, 0.1, 0, 0, 0]),
  ];
  const labels = (strategy: 'simple' | 'first' | 'average' | 'max') =>
    labelWords(tokens, strategy, name).map(({ label, score }) => [label, Number(score.toFixed(6))]);
  t.same(labels('simple'), [
    ['B-PER', 0.5],
    ['B-LOC', 0.7],
    ['B-PER', 0.4],
    ['O', 0.9],
  ]);
  t.same(labels('first'), [
    ['B-PER', 0.5],
    ['O', 0.9],
  ]);
  t.same(labels('max'), [
    ['B-LOC', 0.7],
    ['O', 0.9],
  ]);
  t.same(labels('average'), [
    ['B-PER', 0.316667],
    ['O', 0.9],
  ]);
});

t.test('entities join equal tags; B- begins a new one; the score is the mean', async (t) => {
  const word = (id: number, label: string, score: number) => {
    return { ids: [id], label, score, start: id * 10, end: id * 10 + 9 };
  };
  const words = [
    word(1, 'B-PER', 0.8),
    word(2, 'I-PER', 0.6),
    word(3, 'B-PER', 0.9),
    word(4, 'I-LOC', 0.5),
    word(5, 'O', 1),
    word(6, 'I-LOC', 0.5),
  ];
  const runs = groupEntities(words, (run) => run.ids.join('+'));
  t.same(
    runs.map((run) => [run.entity_group, run.word, run.start, run.end]),
    [
      ['PER', '1+2', 10, 29],
      ['PER', '3', 30, 39],
      ['LOC', '4', 40, 49],
      ['O', '5', 50, 59],
      ['LOC', '6', 60, 69],
    ],
  );
  t.ok(near(runs[0]!.score, 0.7));
});
