// The tasks of GLUE: which columns of which files, which labels, which scores.
import path from 'node:path';
import { accuracy, f1, matthewsCorrelation } from './metrics/classification.js';
import { meanSquaredError, pearson, spearman } from './metrics/correlation.js';
import {
  classificationTask,
  labelIndex,
  labelNumber,
  type LabelledText,
  type TextResult,
} from './classification.js';
import { locate } from './locate.js';
import type { GlueName } from './names.js';
import type { Scores, Split, Task, TaskOptions } from './task.js';
import { dataError, readTsv, type Row } from './text-files.js';

/** Where things are in the files of one task; columns count from 0. */
interface GlueFormat {
  /** The folder of GLUE's own layout. */
  folder: string;
  text: number;
  pair?: number;
  /** Absent = the last column. */
  label?: number;
  /** In the test file, where that differs. */
  testText?: number;
  testPair?: number;
  /** Absent = regression. */
  labels?: readonly string[];
  /** CoLA's train and dev files begin with an example. */
  headerless?: boolean;
  /** QQP has broken lines, which the original skips. */
  skipsShortRows?: boolean;
  files?: Partial<Record<Split, string>>;
  max_seq_length?: number;
  /** The name of the file that GLUE's site takes. */
  submission: string;
}

const binary = ['0', '1'];
const inference = ['contradiction', 'entailment', 'neutral'];
const entailment = ['entailment', 'not_entailment'];
const pair = { text: 1, pair: 2, labels: entailment };
const mnli = { folder: 'MNLI', text: 8, pair: 9, labels: inference };

const formats: Record<GlueName, GlueFormat> = {
  cola: {
    folder: 'CoLA',
    text: 3,
    label: 1,
    testText: 1,
    labels: binary,
    headerless: true,
    submission: 'CoLA',
  },
  'sst-2': { folder: 'SST-2', text: 0, label: 1, testText: 1, labels: binary, submission: 'SST-2' },
  mrpc: { folder: 'MRPC', text: 3, pair: 4, label: 0, labels: binary, submission: 'MRPC' },
  'sts-b': { folder: 'STS-B', text: 7, pair: 8, submission: 'STS-B' },
  qqp: {
    folder: 'QQP',
    text: 3,
    pair: 4,
    label: 5,
    testText: 1,
    testPair: 2,
    labels: binary,
    skipsShortRows: true,
    submission: 'QQP',
  },
  mnli: {
    ...mnli,
    files: { dev: 'dev_matched.tsv', test: 'test_matched.tsv' },
    submission: 'MNLI-m',
  },
  mismnli: {
    ...mnli,
    files: { dev: 'dev_mismatched.tsv', test: 'test_mismatched.tsv' },
    submission: 'MNLI-mm',
  },
  qnli: { ...pair, folder: 'QNLI', submission: 'QNLI' },
  rte: { ...pair, folder: 'RTE', submission: 'RTE' },
  wnli: { ...pair, folder: 'WNLI', labels: binary, submission: 'WNLI' },
  ax: {
    folder: 'diagnostic',
    text: 1,
    pair: 2,
    labels: inference,
    files: { test: 'diagnostic.tsv' },
    submission: 'AX',
  },
};

/** Makes a task of GLUE. */
export function glueTask(name: GlueName, options: TaskOptions): Task<LabelledText, number[]> {
  const format = formats[name];
  return classificationTask({
    name,
    labels: format.labels,
    max_seq_length: options.max_seq_length ?? 128,
    bestBy: bestScores[name] ?? 'accuracy',
    read: (split) => readGlue(format, split, options),
    score: (predicted, gold) => scoresOf(name, predicted, gold),
    files: (results) => submissionFiles(format, results),
  });
}

const bestScores: Partial<Record<GlueName, string>> = {
  cola: 'matthews_correlation',
  'sts-b': 'pearson',
};

function scoresOf(name: GlueName, predicted: number[], gold: number[]): Scores {
  if (name === 'sts-b') {
    return {
      pearson: pearson(predicted, gold),
      spearmanr: spearman(predicted, gold),
      mse: meanSquaredError(predicted, gold),
    };
  }
  const scores = { accuracy: accuracy(predicted, gold) };
  if (name === 'cola') {
    return { matthews_correlation: matthewsCorrelation(predicted, gold), ...scores };
  }
  return name === 'mrpc' || name === 'qqp' ? { ...scores, f1: f1(predicted, gold) } : scores;
}

async function* readGlue(
  format: GlueFormat,
  split: Split,
  options: TaskOptions,
): AsyncGenerator<LabelledText> {
  const name = format.files?.[split] ?? `${split}.tsv`;
  const file = await locate(options, split, [path.join(format.folder, name), name]);
  const hasHeader = !(format.headerless && split !== 'test');
  const columns = columnsOf(format, split);
  let first = true;
  let count = 0;
  for await (const row of readTsv(file)) {
    const skips = first && hasHeader;
    first = false;
    if (skips) continue;
    if (row.cells.length <= columns.last) {
      if (format.skipsShortRows) continue;
      const expected = `at least ${columns.last + 1} tab-separated columns`;
      throw dataError(file, row.number, `expected ${expected}, got ${row.cells.length}`);
    }
    ++count;
    yield exampleOf(file, row, columns, format.labels);
  }
  if (count === 0) throw dataError(file, 1, 'there are no examples in it');
}

interface Columns {
  text: number;
  pair: number | undefined;
  label: number | 'last' | undefined;
  /** The last that must be there. */
  last: number;
  /** Test files begin with the index, the others are counted. */
  index: boolean;
}

function columnsOf(format: GlueFormat, split: Split): Columns {
  const test = split === 'test';
  const text = (test ? format.testText : undefined) ?? format.text;
  const pair = (test ? format.testPair : undefined) ?? format.pair;
  const label = test ? undefined : (format.label ?? 'last');
  const needed = [text, pair ?? 0, label === 'last' ? (pair ?? text) + 1 : (label ?? 0)];
  return { text, pair, label, last: Math.max(...needed), index: test };
}

function exampleOf(
  file: string,
  { number, cells }: Row,
  columns: Columns,
  labels: readonly string[] | undefined,
): LabelledText {
  const example: LabelledText = {
    index: columns.index ? (cells[0] ?? '') : String(number),
    text: cells[columns.text] ?? '',
  };
  const second = columns.pair === undefined ? '' : (cells[columns.pair] ?? '');
  if (second !== '') example.text_pair = second;
  if (columns.label === undefined) return example;
  const written = (columns.label === 'last' ? cells.at(-1) : cells[columns.label]) ?? '';
  const at = { file, number };
  example.label = labels ? labelIndex(written, labels, at) : labelNumber(written, at);
  return example;
}

/** GLUE's submission, and the scores behind it. */
function submissionFiles(
  { submission }: GlueFormat,
  results: readonly TextResult[],
): Record<string, string> {
  const rows = results.map(({ index, answer }) => {
    return `${index}\t${typeof answer === 'number' ? answer.toFixed(3) : answer}\n`;
  });
  const scores = results.map(({ scores }) => `${scores.map(Math.fround).join('\t')}\n`);
  return {
    [`${submission}.tsv`]: `index\tprediction\n${rows.join('')}`,
    'test_results.tsv': scores.join(''),
  };
}
