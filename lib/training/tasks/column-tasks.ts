// Classification and regression of any table: columns are options.
import { AlbertError } from '../../errors.js';
import { accuracy, f1, macroF1, matthewsCorrelation } from './metrics/classification.js';
import { meanSquaredError, pearson, spearman } from './metrics/correlation.js';
import {
  classificationTask,
  labelIndex,
  labelNumber,
  type LabelledText,
  type TextResult,
} from './classification.js';
import { discoverLabels } from './label-names.js';
import { locate } from './locate.js';
import { readTable, tableEndings, textOf, valueOf, type NamedRow } from './tables.js';
import type { Scores, Split, Task, TaskOptions } from './task.js';
import { dataError } from './text-files.js';

const splitNames: Record<Split, string[]> = {
  train: ['train'],
  dev: ['dev', 'validation', 'valid', 'val'],
  test: ['test'],
};

/** The usual names of a split's table. */
export function tableNames(split: Split): string[] {
  return splitNames[split].flatMap((name) => tableEndings.map((ending) => name + ending));
}

/** Classification: the labels of the options, else those of the training data. */
export async function classificationOfColumns(
  options: TaskOptions,
): Promise<Task<LabelledText, number[]>> {
  const labels = options.labels ?? (await discoverLabels(trainingLabels(options)));
  return classificationTask({
    ...common('classification', options),
    labels,
    bestBy: labels.length === 2 ? 'accuracy' : 'macro_f1',
    read: (split) => readRows(options, split, labels),
    score: (predicted, gold) => classScores(labels.length, predicted, gold),
  });
}

/** Regression: the label column holds numbers. */
export async function regressionOfColumns(
  options: TaskOptions,
): Promise<Task<LabelledText, number[]>> {
  return classificationTask({
    ...common('regression', options),
    labels: undefined,
    bestBy: 'pearson',
    read: (split) => readRows(options, split, undefined),
    score: (predicted, gold) => ({
      pearson: pearson(predicted, gold),
      spearmanr: spearman(predicted, gold),
      mse: meanSquaredError(predicted, gold),
    }),
  });
}

function common(name: string, options: TaskOptions) {
  return { name, max_seq_length: options.max_seq_length ?? 128, files: resultLines };
}

function classScores(labels: number, predicted: number[], gold: number[]): Scores {
  const matthews_correlation = matthewsCorrelation(predicted, gold);
  const scores = { accuracy: accuracy(predicted, gold), macro_f1: macroF1(predicted, gold) };
  if (labels !== 2) return { ...scores, matthews_correlation };
  return { ...scores, f1: f1(predicted, gold), matthews_correlation };
}

function resultLines(results: readonly TextResult[]): Record<string, string> {
  const lines = results.map(({ index, answer, scores }) => {
    return `${JSON.stringify({ index, prediction: answer, scores })}\n`;
  });
  return { 'predictions.jsonl': lines.join('') };
}

async function* rowsOf(options: TaskOptions, split: Split): AsyncGenerator<NamedRow> {
  const file = await locate(options, split, tableNames(split));
  let count = 0;
  for await (const row of readTable(file, options.header)) {
    ++count;
    yield row;
  }
  if (count === 0) throw dataError(file, 1, 'there are no examples in it');
}

async function* trainingLabels(options: TaskOptions): AsyncGenerator<string> {
  const { label_column = 'label' } = options;
  for await (const row of rowsOf(options, 'train')) yield textOf(row, label_column);
}

async function* readRows(
  options: TaskOptions,
  split: Split,
  labels: readonly string[] | undefined,
): AsyncGenerator<LabelledText> {
  const { text_column, text_pair_column, label_column = 'label' } = options;
  for await (const row of rowsOf(options, split)) {
    const text = textOf(row, text_column ?? guessTextColumn(row, label_column));
    const example: LabelledText = { index: indexOf(row), text };
    if (text_pair_column !== undefined) example.text_pair = textOf(row, text_pair_column);
    if (row.values.has(label_column)) {
      const written = textOf(row, label_column);
      example.label = labels ? labelIndex(written, labels, row) : labelNumber(written, row);
    } else if (split !== 'test') {
      valueOf(row, label_column); // says which columns there are
    }
    yield example;
  }
}

function indexOf({ number, values }: NamedRow): string {
  const own = values.get('index') ?? values.get('id');
  return typeof own === 'string' || typeof own === 'number' ? String(own) : String(number);
}

function guessTextColumn({ values }: NamedRow, label: string): string {
  const columns = [...values.keys()].filter((name) => name !== label);
  const usual = ['text', 'sentence', 'sentence1'].find((name) => columns.includes(name));
  const only = columns.length === 1 ? columns[0] : undefined;
  const column = usual ?? only;
  if (column !== undefined) return column;
  const message = `which column holds the text? Pass --text_column, one of ${columns.join(', ')}`;
  throw new AlbertError('ERR_CONFIG', message);
}
