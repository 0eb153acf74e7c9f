// albert finetune, evaluate, predict and plot as their users meet them, with every kind of head.
import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { pipeline } from '../../dist/index.js';
import { trainerSchema } from '../../dist/training/trainer-options.js';
import { taskNames } from '../../dist/training/tasks/names.js';
import { runNode } from '../support/forward';
import { tinyPretrained, writeFolder } from '../support/tasks';

t.setTimeout(300_000);

const main = path.join(__dirname, '../../dist/cli/main.js');
const albert = (...args: string[]) => runNode([main, ...args]);

const folder = t.testdir();
const at = (name: string): string => path.join(folder, name);
const model = at('pretrained');
t.before(async () => {
  await tinyPretrained(model);
});

const films = (count: number, first = 0): [text: string, label: 0 | 1][] =>
  Array.from({ length: count }, (_, i) => {
    const label = ((i + first) % 2) as 0 | 1;
    const word = ['awful', 'fine', 'bad', 'great'][(i + first) % 4]!;
    return [`a ${word} film of ${['love', 'war', 'the sea'][i % 3]}`, label];
  });
const tsv = (rows: [string, 0 | 1][]): string =>
  `sentence\tlabel\n${rows.map((row) => row.join('\t')).join('\n')}\n`;

const quick = ['--train_batch_size', '8', '--learning_rate', '5e-3', '--seed', '1'];

/** Trains on a task, and expects success. */
async function train(t: Test, task: string, output: string, ...more: string[]): Promise<string> {
  const args = [
    'finetune',
    '--task',
    task,
    '--model',
    model,
    '--output',
    output,
    ...quick,
    ...more,
  ];
  const ended = await albert(...args);
  t.equal(ended.code, 0, ended.errors);
  return ended.output;
}

/** The scores of a trained model. */
async function scores(t: Test, task: string, trained: string, ...more: string[]) {
  const ended = await albert('evaluate', '--json', '--task', task, '--model', trained, ...more);
  t.equal(ended.code, 0, ended.errors);
  return JSON.parse(ended.output) as Record<string, number>;
}

t.test('the help teaches: tasks, settings, examples', async (t) => {
  const { output } = await albert('finetune', '--help');
  for (const name of taskNames) t.ok(output.includes(` ${name}`), name);
  for (const name of Object.keys(trainerSchema)) {
    if (name !== 'output_dir') t.ok(output.includes(`--${name} `), name);
  }
  for (const command of ['evaluate', 'predict', 'plot']) {
    const { code, output: help } = await albert(command, '--help');
    t.match([code, help], [0, /Examples:\n {2}\$ albert/]);
  }
});

t.test('SST-2: learns, keeps the best, evaluates, predicts, classifies', async (t) => {
  const data = writeFolder(at('glue'), {
    'SST-2/train.tsv': tsv(films(96)),
    'SST-2/dev.tsv': tsv(films(24, 1)),
    'SST-2/test.tsv': 'index\tsentence\n4\ta great film of war\n9\ta bad film of war\n',
  });
  const told = await train(t, 'sst-2', at('sst2'), '--data', data, '--num_train_epochs', '5');
  t.match(told, /^accuracy {2}1\n$/, 'the words tell the label');
  t.same(await scores(t, 'sst-2', at('sst2'), '--data', data), {
    task: 'sst-2',
    examples: 24,
    accuracy: 1,
  });
  const best = JSON.parse(fs.readFileSync(at('sst2/best.json'), 'utf8')) as { step: number };
  t.ok(best.step > 0 && best.step % 12 === 0, `one evaluation a pass: ${best.step}`);
  const ended = await albert(
    'predict',
    '--task',
    'sst-2',
    '--data',
    data,
    '--model',
    at('sst2'),
    '-o',
    at('sub'),
  );
  t.equal(ended.code, 0, ended.errors);
  t.equal(fs.readFileSync(at('sub/SST-2.tsv'), 'utf8'), 'index\tprediction\n4\t1\n9\t0\n');
  t.equal(fs.readFileSync(at('sub/test_results.tsv'), 'utf8').trimEnd().split('\n').length, 2);
  const classify = await pipeline('text-classification', at('sst2'));
  t.match(await classify('a great film of the sea'), [{ label: '1' }]);
});

t.test('a run in two parts is the same run, to the bit', async (t) => {
  const task = ['--data', at('glue'), '--num_train_epochs', '1', '--keep', 'last'];
  const told = await train(t, 'sst-2', at('whole'), ...task);
  t.match(told, /^accuracy +[\d.]+\n$/, 'the scores of the last model');
  await train(t, 'sst-2', at('parts'), ...task, '--stop_after', '5');
  t.notOk(fs.existsSync(at('parts/model.safetensors')));
  const rest = await albert('finetune', '--resume', '--output', at('parts'));
  t.equal(rest.code, 0, rest.errors);
  const [a, b] = ['whole', 'parts'].map((name) => fs.readFileSync(at(`${name}/model.safetensors`)));
  t.ok(a!.equals(b!), 'the same bytes');
  t.notOk(fs.existsSync(at('parts/best.json')), '--keep last holds for the rest of the run');
  fs.appendFileSync(at('glue/SST-2/train.tsv'), 'one more\t1\n');
  await train(t, 'sst-2', at('changed'), ...task, '--stop_after', '2');
  fs.appendFileSync(at('glue/SST-2/train.tsv'), 'and another\t1\n');
  const refused = await albert('finetune', '--resume', '--output', at('changed'));
  t.match([refused.code, refused.errors], [1, /examples was 97, now it is 98/]);
});

t.test('tables: three labels by name, and numbers', async (t) => {
  const rows = ['red', 'green', 'blue'].flatMap((word) =>
    Array.from({ length: 16 }, (_, i) => ({ text: `it is ${word} ${i}`, label: `C-${word}` })),
  );
  const lines = (list: object[]): string => list.map((row) => `${JSON.stringify(row)}\n`).join('');
  const data = writeFolder(at('tables'), { 'train.jsonl': lines(rows), 'dev.jsonl': lines(rows) });
  await train(t, 'classification', at('colors'), '--data', data, '--num_train_epochs', '12');
  const result = await scores(t, 'classification', at('colors'), '--data', data);
  t.ok(result.accuracy! > 0.9 && result.macro_f1! > 0.9, JSON.stringify(result));
  const classify = await pipeline('text-classification', at('colors'));
  t.match(await classify('it is green 3'), [{ label: 'C-green' }]);
  const numbers = rows.map(({ text }, i) => ({ text, label: Math.floor(i / 16) - 1 }));
  writeFolder(at('tables'), { 'n/train.jsonl': lines(numbers), 'n/dev.jsonl': lines(numbers) });
  await train(t, 'regression', at('numbers'), '--data', at('tables/n'), '--num_train_epochs', '6');
  const { pearson, mse } = await scores(t, 'regression', at('numbers'), '--data', at('tables/n'));
  t.ok(pearson! > 0.9 && mse! < 0.3, `${pearson} ${mse}`);
});

t.test('names: trained on CoNLL columns, used by the pipeline', async (t) => {
  const sentences = Array.from({ length: 40 }, (_, i) => {
    const [name, place] = [['sarah', 'peter', 'mary'][i % 3], ['london', 'paris'][i % 2]];
    return `${name} I-PER\nlives O\nin O\n${place} I-LOC\n`;
  }).join('\n');
  const data = writeFolder(at('ner-data'), { 'train.txt': sentences, 'dev.txt': sentences });
  const told = await train(t, 'ner', at('ner'), '--data', data, '--num_train_epochs', '6');
  t.match(told, /^f1 +1$/m);
  const result = await scores(t, 'ner', at('ner'), '--data', data);
  t.match(result, { precision: 1, recall: 1, f1: 1, accuracy: 1, f1_LOC: 1, f1_PER: 1 });
  const file = ['--split', 'dev', '--data', data, '--model', at('ner'), '--output', at('ner-out')];
  await albert('predict', '--task', 'ner', ...file);
  const lines = fs.readFileSync(at('ner-out/predictions.conll'), 'utf8').split('\n');
  t.same(lines.slice(0, 5), ['sarah B-PER B-PER', 'lives O O', 'in O O', 'london B-LOC B-LOC', '']);
  const ner = await pipeline('token-classification', at('ner'));
  const found = await ner('peter lives in paris', { aggregation_strategy: 'simple' });
  t.match(found, [
    { entity_group: 'PER', word: 'peter' },
    { entity_group: 'LOC', word: 'paris' },
  ]);
});

/** Questions whose answer is the last word of the context, or which have none. */
function squad(withImpossible: boolean): string {
  const paragraphs = Array.from({ length: 24 }, (_, i) => {
    const word = ['red', 'green', 'blue', 'white'][i % 4]!;
    const context = `the ${['house', 'car'][i % 2]} is ${word}`;
    const answers = [{ text: word, answer_start: context.length - word.length }];
    const impossible = withImpossible && i % 3 === 0;
    const question = impossible ? 'who made it ?' : 'which color ?';
    const qa = { id: `q${i}`, question, answers: impossible ? [] : answers };
    return { context, qas: [withImpossible ? { ...qa, is_impossible: impossible } : qa] };
  });
  return JSON.stringify({ version: 'test', data: [{ title: 't', paragraphs }] });
}

t.test('SQuAD 1.1 and 2.0: spans, no answers, official files', async (t) => {
  const data = writeFolder(at('squad'), {
    'train-v1.1.json': squad(false),
    'dev-v1.1.json': squad(false),
    'train-v2.0.json': squad(true),
    'dev-v2.0.json': squad(true),
  });
  const more = ['--data', data, '--max_seq_length', '32', '--num_train_epochs', '20'];
  await train(t, 'squad-v1', at('qa1'), ...more);
  const v1 = await scores(t, 'squad-v1', at('qa1'), '--data', data, '--output', at('qa1-out'));
  t.ok(v1.exact_match! > 60 && v1.f1! >= v1.exact_match!, JSON.stringify(v1));
  const answers = JSON.parse(fs.readFileSync(at('qa1-out/predictions.json'), 'utf8')) as object;
  t.equal(Object.keys(answers).length, 24);
  t.ok(fs.existsSync(at('qa1-out/nbest_predictions.json')));
  for (const name of ['squad-v2', 'squad-v2-span']) {
    await train(t, name, at(name), ...more);
    const v2 = await scores(t, name, at(name), '--data', data, '--output', at(`${name}-out`));
    t.match(v2, { total: 24, exact: Number, f1: Number, HasAns_f1: Number, NoAns_f1: Number });
    t.ok(v2.f1! > 60, `${name}: ${JSON.stringify(v2)}`);
    const odds = JSON.parse(fs.readFileSync(at(`${name}-out/null_odds.json`), 'utf8')) as object;
    t.equal(Object.keys(odds).length, 24);
  }
});

t.test('choices: RACE with a question of three answers left out, SWAG', async (t) => {
  const exam = (i: number) => {
    const right = i % 4;
    const options = ['red', 'green', 'blue', 'white'].map((word, c) =>
      c === right ? 'right' : word,
    );
    const odd = i === 0 ? { options: [options.slice(0, 3)] } : { options: [options] };
    return JSON.stringify({
      id: `${i}`,
      article: 'a',
      questions: ['?'],
      answers: ['ABCD'[right]],
      ...odd,
    });
  };
  const lines = Array.from({ length: 32 }, (_, i) => `${exam(i)}\n`).join('');
  const data = writeFolder(at('race'), { 'train/high/all.txt': lines, 'dev/high/all.txt': lines });
  const more = ['--data', data, '--max_seq_length', '16', '--num_train_epochs', '8'];
  const args = [
    'finetune',
    '--task',
    'race',
    '--model',
    model,
    '--output',
    at('race-out'),
    ...quick,
  ];
  const ended = await albert(...args, ...more);
  t.equal(ended.code, 0, ended.errors);
  t.match(ended.errors, /race: 1 of 32 examples have no 4 choices and are not trained on/);
  const { accuracy, examples } = await scores(t, 'race', at('race-out'), '--data', data);
  t.ok(accuracy! > 0.9 && examples === 32, `${accuracy} of ${examples}`);
});

/** Command lines, each with exit code and message; @name stands for a place in the folder. */
const refused: [line: string, code: number, message: RegExp][] = [
  ['evaluate --data @glue', 2, /--task is missing/],
  ['evaluate --data @glue --task sst-2', 2, /--model is missing/],
  ['evaluate --data @glue --task sts --model @pretrained', 1, /unknown task 'sts'/],
  ['evaluate --data @glue --task sst-2 --model @pretrained', 1, /ForPreTraining.*fine-tune/],
  ['evaluate --data @glue --task sst-2 --model @sst2 --split test', 1, /nothing to score/],
  ['evaluate --data @glue --task sst-2 --model @colors', 1, /2 labels \(0, 1\), the model 3/],
  ['evaluate --data @glue --task rte --model @sst2', 1, /has no dev data/],
  ['predict --data @glue --task sst-2 --model @sst2', 2, /--output is missing/],
  ['predict --data @glue --task sst-2 --model @sst2 -o @sst2/run.json', 2, /is no folder/],
  ['finetune --data @glue --task sst-2 --model @pretrained', 2, /required option '-o, --output/],
  ['finetune --data @glue --task sst-2 --model @none -o @x', 1, /none is neither/],
  ['finetune --task ner --recipe paper --model @pretrained -o @x', 2, /--recipe paper: it/],
  ['finetune --task sst-2 --model @pretrained -o @x --max_seq_length 65', 2, /64 positions/],
  ['plot @none.jsonl', 1, /none\.jsonl: there is no such file/],
  ['plot @glue/SST-2/dev.tsv', 1, /tells of no update/],
  ['plot @sst2 --output x.png', 2, /ends in \.svg or \.html/],
];

t.test('wrong usage and wrong models are told in one line', async (t) => {
  for (const [line, code, message] of refused) {
    const args = line.split(' ').map((word) => (word[0] === '@' ? at(word.slice(1)) : word));
    const ended = await albert(...args);
    t.match([ended.code, ended.errors], [code, message], line);
    t.match(ended.errors, /^albert: [^\n]+\n$/, 'one line');
  }
  t.notOk(fs.existsSync(at('x')), 'nothing is left behind');
});

t.test('plot: a picture of one run, or of several', async (t) => {
  const one = await albert('plot', at('sst2'), '--output', at('loss.svg'), '--smooth', '5');
  t.match([one.code, one.output], [0, /loss\.svg\n$/], one.errors);
  const svg = fs.readFileSync(at('loss.svg'), 'utf8');
  t.match(svg, /^<svg xmlns[^]*loss \(mean of 5 updates\)[^]*learning rate[^]*<\/svg>\n$/);
  t.equal(svg.match(/<polyline/g)?.length, 5, 'loss and norm raw and smoothed, the rate once');
  const two = await albert(
    'plot',
    at('sst2'),
    at('whole'),
    '-o',
    at('two.html'),
    '--title',
    'A < B',
  );
  t.equal(two.code, 0, two.errors);
  const page = fs.readFileSync(at('two.html'), 'utf8');
  t.match(page, /^<!doctype html>[^]*<title>A &lt; B<\/title>[^]*<svg[^]*>sst2<[^]*>whole</);
});
