// The files of tasks: columns, headers, quotes, marks and line ends as data sets really have them.
import path from 'node:path';
import t from 'tap';
import { readTable } from '../../dist/training/tasks/tables.js';
import { expectError } from '../support/errors';
import { take } from '../support/pretraining';
import { examplesOf, writeFolder } from '../support/tasks';

interface Labelled {
  index: string;
  text: string;
  text_pair?: string;
  label?: number;
}

interface Choice {
  index: string;
  context: string;
  choices: string[];
  label?: number;
}

const folder = t.testdir();
const place = (name: string, files: Record<string, string>): string =>
  writeFolder(path.join(folder, name), files);

t.test('GLUE: columns, headers and labels of each task', async (t) => {
  const many = (cells: Record<number, string>, last: string, width: number): string =>
    [...Array.from({ length: width }, (_, i) => cells[i] ?? '-'), last].join('\t');
  const data = place('glue', {
    'CoLA/dev.tsv': 'gj04\t1\t\tThe "first sentence.\r\ngj04\t0\t*\tLast, no line end.',
    'CoLA/test.tsv': 'index\tsentence\n0\tOne.\n',
    'SST-2/dev.tsv': 'sentence\tlabel\na film \t1\n',
    'SST-2/test.tsv': 'index\tsentence\n7\ta film\n',
    'MRPC/dev.tsv':
      '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t11\t12\tHe said " so .\tSo " he .\n',
    'STS-B/dev.tsv': `header\n${many({ 7: 'A man.', 8: 'A woman.' }, '3.25', 9)}\n`,
    'QQP/dev.tsv': 'header\nshort\tline\n1\t2\t3\tWhy?\tHow?\t1\n',
    'QQP/test.tsv': 'id\tquestion1\tquestion2\n0\tWhy?\tHow?\n',
    'MNLI/dev_matched.tsv': `header\n${many({ 8: 'It rains.', 9: 'It is wet.' }, 'neutral', 15)}\n`,
    'MNLI/test_mismatched.tsv': `header\n5\t${many({ 7: 'It rains.', 8: 'It is dry.' }, '', 9)}\n`,
    'RTE/dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tnot_entailment\n',
    'WNLI/dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\t1\n',
    'QNLI/dev.tsv': 'index\tquestion\tsentence\tlabel\n0\tA?\tB.\tEntailment\n',
    'diagnostic/diagnostic.tsv': 'index\tsentence1\tsentence2\n3\tA.\tB.\n',
  });
  const read = (name: string, split: 'dev' | 'test') => examplesOf<Labelled>(name, split, { data });
  t.same(await read('cola', 'dev'), [
    { index: '1', text: 'The "first sentence.', label: 1 },
    { index: '2', text: 'Last, no line end.', label: 0 },
  ]);
  t.same(await read('cola', 'test'), [{ index: '0', text: 'One.' }]);
  t.same(await read('sst-2', 'dev'), [{ index: '2', text: 'a film ', label: 1 }]);
  t.same(await read('sst-2', 'test'), [{ index: '7', text: 'a film' }]);
  const mrpc = { index: '2', text: 'He said " so .', text_pair: 'So " he .', label: 1 };
  t.same(await read('mrpc', 'dev'), [mrpc], 'a mark in front and odd quotes');
  const [similar] = await read('sts-b', 'dev');
  t.match(similar, { text: 'A man.', text_pair: 'A woman.', label: 3.25 });
  t.match(await read('qqp', 'dev'), [{ text: 'Why?', text_pair: 'How?', label: 1 }]);
  t.match(await read('qqp', 'test'), [{ index: '0', text: 'Why?', text_pair: 'How?' }]);
  t.match(await read('mnli', 'dev'), [{ text: 'It rains.', text_pair: 'It is wet.', label: 2 }]);
  t.match(await read('mismnli', 'test'), [{ index: '5', text: 'It rains.' }]);
  t.match(await read('rte', 'dev'), [{ text: 'A.', text_pair: 'B.', label: 1 }]);
  t.match(await read('wnli', 'dev'), [{ label: 1 }]);
  t.match(await read('qnli', 'dev'), [{ text: 'A?', label: 0 }]);
  t.match(await read('ax', 'test'), [{ index: '3', text: 'A.', text_pair: 'B.' }]);
});

t.test('GLUE: files that cannot be used are told with file and line', async (t) => {
  const data = place('broken', {
    'a/SST-2/dev.tsv': 'sentence\tlabel\n',
    'b/SST-2/dev.tsv': 'sentence\tlabel\nfine\t1\nno label\n',
    'c/SST-2/dev.tsv': 'sentence\tlabel\nfine\t2\n',
    'd/SST-2/dev.tsv': 'sentence\tlabel\nfi\0ne\t1\n',
    'e/STS-B/dev.tsv': `header\n${'x\t'.repeat(9)}high\n`,
  });
  const read = (name: string, sub: string) => () =>
    examplesOf(name, 'dev', { data: path.join(data, sub) });
  await expectError(t, read('sst-2', 'a'), 'ERR_FORMAT', /dev\.tsv:1: there are no examples/);
  await expectError(t, read('sst-2', 'b'), 'ERR_FORMAT', /:3: expected at least 2 .* got 1/);
  await expectError(t, read('sst-2', 'c'), 'ERR_FORMAT', /:2: unknown label "2": expected 0, 1/);
  await expectError(t, read('sst-2', 'd'), 'ERR_FORMAT', /:2: the file is no text/);
  await expectError(t, read('sts-b', 'e'), 'ERR_FORMAT', /:2: expected a number as label/);
  await expectError(
    t,
    read('rte', 'a'),
    'ERR_NOT_FOUND',
    /no dev data.*RTE\/dev\.tsv.*--validation/,
  );
  await expectError(t, read('sts-2', 'a'), 'ERR_CONFIG', /unknown task 'sts-2'.*did you mean/);
});

t.test('tables: TSV without quotes, CSV with them, JSON lines', async (t) => {
  const data = place('tables', {
    'a.tsv': 'text\tlabel\r\nsays "so\t1\r\n',
    'b.csv': '\ufefftext,label\n"two, with\nline ends and ""quotes""",no\nplain,yes',
    'c.jsonl': '{"text": "one", "label": 2}\n\n{"text": "two", "label": "x"}\n',
    'd.csv': 'text,label\n"open',
    'e.csv': 'text,label\na,b,c\n',
    'f.txt': 'x',
    'g.jsonl': '[1]\n',
  });
  const rows = async (name: string) =>
    (await take(readTable(path.join(data, name)))).map(({ values }) => Object.fromEntries(values));
  t.same(await rows('a.tsv'), [{ text: 'says "so', label: '1' }]);
  t.same(await rows('b.csv'), [
    { text: 'two, with\nline ends and "quotes"', label: 'no' },
    { text: 'plain', label: 'yes' },
  ]);
  t.same(await rows('c.jsonl'), [
    { text: 'one', label: 2 },
    { text: 'two', label: 'x' },
  ]);
  await expectError(t, () => rows('d.csv'), 'ERR_FORMAT', /d\.csv:\d+: .*[Qq]uote/);
  await expectError(t, () => rows('e.csv'), 'ERR_FORMAT', /:2: expected 2 cells .* got 3/);
  await expectError(t, () => rows('f.txt'), 'ERR_FORMAT', /ends in one of \.tsv, \.csv/);
  await expectError(t, () => rows('g.jsonl'), 'ERR_FORMAT', /:1: expected a JSON object/);
  await expectError(t, () => rows('z.tsv'), 'ERR_NOT_FOUND', /there is no such file/);
});

t.test('classification and regression: labels are found, columns are options', async (t) => {
  const data = place('columns', {
    'train.csv': 'id,review,stars,more\n5,good,10,x\n6,bad,9,y\n7,fine,10,z\n',
    'numbers.tsv': 'a film\t3.5\n',
    'empty.csv': 'text,label\n',
    'same.csv': 'text,label\na,1\nb,1\n',
  });
  const options = { data, text_column: 'review', label_column: 'stars' };
  t.same(await examplesOf('classification', 'train', options), [
    { index: '5', text: 'good', label: 1 },
    { index: '6', text: 'bad', label: 0 },
    { index: '7', text: 'fine', label: 1 },
  ]);
  const plain = { header: false, text_column: '0', label_column: '1' };
  const numbers = { train_file: path.join(data, 'numbers.tsv'), ...plain };
  t.match(await examplesOf('regression', 'train', numbers), [{ text: 'a film', label: 3.5 }]);
  const from = (name: string) => ({ train_file: path.join(data, name) });
  const read = (more: object) => () => examplesOf('classification', 'train', { data, ...more });
  await expectError(t, read({ label_column: 'star' }), 'ERR_FORMAT', /no column star: .*stars/);
  await expectError(
    t,
    read({ label_column: 'stars' }),
    'ERR_CONFIG',
    /which column holds the text/,
  );
  await expectError(t, read(from('empty.csv')), 'ERR_FORMAT', /there are no examples/);
  await expectError(t, read(from('same.csv')), 'ERR_FORMAT', /one label only, 1/);
  await expectError(
    t,
    read({ ...options, labels: ['9', '8'] }),
    'ERR_FORMAT',
    /unknown label "10"/,
  );
});

t.test('RACE: folders of exams, "_" in questions, three choices', async (t) => {
  const exam = (id: string, rest: object) =>
    `${JSON.stringify({ id, article: 'Text.', ...rest })}\n`;
  const data = place('race', {
    'RACE/dev/high/10.txt': exam('h10', {
      questions: ['Why?'],
      options: [['x', 'y', 'z']],
      answers: ['C'],
    }),
    'RACE/dev/high/9.txt': exam('h9', {
      questions: ['It is _ .', 'Who?'],
      options: [
        ['so', 'no'],
        ['A', 'B'],
      ],
      answers: ['B', 'A'],
    }),
    'RACE/dev/middle/1.txt': exam('m1', {
      questions: ['_'],
      options: [['$&', 'q']],
      answers: ['A'],
    }),
    'bad.txt': exam('b', { questions: ['?'], options: [['a', 'b']], answers: ['C'] }),
    'worse.txt': '{"id": "x"}\n',
  });
  const examples = await examplesOf<Choice>('race', 'dev', { data });
  t.same(examples, [
    { index: 'm1-0', context: 'Text.', choices: ['$&', 'q'], label: 0 },
    { index: 'h9-0', context: 'Text.', choices: ['It is so .', 'It is no .'], label: 1 },
    { index: 'h9-1', context: 'Text.', choices: ['Who? A', 'Who? B'], label: 0 },
    { index: 'h10-0', context: 'Text.', choices: ['Why? x', 'Why? y', 'Why? z'], label: 2 },
  ]);
  const high = await examplesOf<Choice>('race', 'dev', { data, levels: ['high'] });
  t.equal(high.length, 3);
  const file = (name: string) => () => examplesOf('race', 'dev', { data: path.join(data, name) });
  await expectError(t, file('bad.txt'), 'ERR_FORMAT', /:1: question 0: the answer C is no choice/);
  await expectError(t, file('worse.txt'), 'ERR_FORMAT', /:1: expected \{"id", "article"/);
});

t.test('SWAG and multiple choice in tables', async (t) => {
  const data = place('choices', {
    'val.csv':
      ',video-id,sent1,sent2,ending0,ending1,ending2,ending3,label\n' +
      '0,v1,He ran.,He,"fell, then",sat,lay,"s",2\n',
    'dev.jsonl': '{"context": "c", "q": "is _ ?", "a": "one", "b": 2, "label": 1}\n',
    'wrong.csv': 'context,a,b,label\nc,x,y,2\n',
  });
  t.same(await examplesOf('swag', 'dev', { validation_file: path.join(data, 'val.csv') }), [
    {
      index: 'v1',
      context: 'He ran.',
      choices: ['He fell, then', 'He sat', 'He lay', 'He s'],
      label: 2,
    },
  ]);
  const columns = { context_column: 'context', choice_columns: ['a', 'b'] };
  const options = { data, question_column: 'q', ...columns };
  t.same(await examplesOf('multiple-choice', 'dev', options), [
    { index: '0', context: 'c', choices: ['is one ?', 'is 2 ?'], label: 1 },
  ]);
  const wrong = { data: path.join(data, 'wrong.csv'), ...columns };
  const read = (more: object) => () => examplesOf('multiple-choice', 'dev', more);
  await expectError(t, read(wrong), 'ERR_FORMAT', /:2: column label: expected .* 0 to 1/);
  await expectError(t, read({ data }), 'ERR_CONFIG', /which columns\? Pass --context_column/);
});

t.test('NER: CoNLL columns, IOB1, DOCSTART, tabs, JSON lines', async (t) => {
  const data = place('ner', {
    'train.txt':
      '-DOCSTART- -X- O\n\nEU NNP I-ORG\nrejects VBZ O\n\nPeter NNP I-PER\nBlackburn NNP I-PER\n' +
      'Ann NNP B-PER\n',
    'dev.txt': 'New York\tB-LOC\r\nis\tO\r\n\r\n\r\n',
    'test.txt': 'only\nwords\n',
    'a.jsonl': '{"words": ["A", "b"], "ner": ["I-X", "O"]}\n',
    'b.txt': 'A B-X\nb\n',
    'c.txt': 'A NNP\n',
    'd.jsonl': '{"words": ["A", "b"], "ner": ["O"]}\n',
  });
  const read = (split: 'train' | 'dev' | 'test', more = {}) =>
    examplesOf<{ words: string[]; tags?: string[] }>('ner', split, { data, ...more });
  t.match(await read('train'), [
    { words: ['EU', 'rejects'], tags: ['B-ORG', 'O'] },
    { words: ['Peter', 'Blackburn', 'Ann'], tags: ['B-PER', 'I-PER', 'B-PER'] },
  ]);
  t.match(await read('dev'), [{ words: ['New York', 'is'], tags: ['B-LOC', 'O'] }]);
  t.equal((await read('test'))[0]?.tags, undefined);
  const file = (name: string) => ({ train_file: path.join(data, name) });
  t.match(await read('train', file('a.jsonl')), [{ tags: ['B-X', 'O'] }]);
  const broken = (name: string) => () => read('train', file(name));
  await expectError(t, broken('b.txt'), 'ERR_FORMAT', /b\.txt:1: .* some words have no tag/);
  await expectError(t, broken('c.txt'), 'ERR_FORMAT', /the tag "NNP": expected O, or B-/);
  await expectError(t, broken('d.jsonl'), 'ERR_FORMAT', /2 words have 1 tags/);
});

t.test('SQuAD: answers and shapes are checked', async (t) => {
  const squad = (qa: object) =>
    JSON.stringify({ data: [{ paragraphs: [{ context: 'É a b', qas: [qa] }] }] });
  const question = { id: '1', question: 'Who?' };
  const answers = [{ text: 'b', answer_start: 4 }];
  const data = place('squad', {
    'a.json': squad({ ...question, answers }),
    'b.json': squad({ ...question, answers, is_impossible: true }),
    'c.json': squad(question),
    'd.json': squad({ ...question, answers: [{ text: 'bc', answer_start: 4 }] }),
    'e.json': '{"data": [{}]}',
    'f.json': '{"data": []}',
    'g.json': '{"data"',
  });
  const read = (name: string) => examplesOf('squad-v1', 'dev', { data: path.join(data, name) });
  t.match(await read('a.json'), [{ id: '1', context: 'É a b', answers }]);
  t.match(await read('b.json'), [{ answers: [] }]);
  t.same(await read('c.json'), [{ ...question, context: 'É a b' }]);
  await expectError(t, () => read('d.json'), 'ERR_FORMAT', /question 0, answer 0: answer_start 4/);
  await expectError(
    t,
    () => read('e.json'),
    'ERR_FORMAT',
    /article 0: expected a list "paragraphs"/,
  );
  await expectError(t, () => read('f.json'), 'ERR_FORMAT', /no questions/);
  await expectError(t, () => read('g.json'), 'ERR_FORMAT', /is no JSON/);
});
