// Tasks that give a text, or a pair of texts, one label or a number.
import { mapBatches } from '../../batching.js';
import { numLabels } from '../../config.js';
import { AlbertError } from '../../errors.js';
import { argmax, softmax } from '../../math.js';
import type { LogitsOutput } from '../../models/outputs.js';
import { line } from '../../options.js';
import { encodeSequences, row, toInputs, type Sequence, type Texts } from '../../sequences.js';
import type { AlbertTokenizer } from '../../tokenizer.js';
import { outputsOf } from './label-names.js';
import { dataError } from './text-files.js';
import {
  TrainingRow,
  type Collector,
  type Predictor,
  type Scores,
  type Split,
  type Task,
} from './task.js';

/** A text or a pair as the data set has it. */
export interface LabelledText extends Texts {
  /** What the data set calls it: its index in submissions. */
  index: string;
  /** The index of its label, or a number (regression); absent in unlabelled data. */
  label?: number;
}

/** What differs from task to task. */
export interface ClassificationDefinition {
  name: string;
  /** The classes in order; undefined = regression. */
  labels: readonly string[] | undefined;
  max_seq_length: number;
  /** The score that picks the best model. */
  bestBy: string;
  read(split: Split): AsyncIterable<LabelledText>;
  score(predicted: number[], gold: number[]): Scores;
  /** What goes to the task's judges. */
  files(results: readonly TextResult[]): Record<string, string>;
}

/** What a model said about a text. */
export interface TextResult {
  index: string;
  /** The name of the likeliest label; a number where there are no labels. */
  answer: string | number;
  /** (labels): probabilities in the task's order; the number itself for regression. */
  scores: number[];
}

/** Makes a task of its definition. */
export function classificationTask(
  definition: ClassificationDefinition,
): Task<LabelledText, number[]> {
  const { name, labels, bestBy, max_seq_length } = definition;
  return {
    name,
    head: 'sequence_classification',
    labels,
    problem_type: labels ? 'single_label_classification' : 'regression',
    bestBy,
    read: (split) => definition.read(split),
    encode: (tokenizer, examples) => encodeRows(tokenizer, examples, max_seq_length),
    predict: (predictor, examples) => predictScores(definition, predictor, examples),
    collect: () => collector(definition),
  };
}

async function encodeRows(
  tokenizer: AlbertTokenizer,
  examples: readonly LabelledText[],
  max_length: number,
): Promise<TrainingRow[]> {
  const unlabelled = examples.find(({ label }) => label === undefined);
  if (unlabelled) {
    throw new AlbertError('ERR_FORMAT', `example ${line(unlabelled.index)} has no label`);
  }
  const sequences = await encodeSequences(tokenizer, examples, { max_length });
  return sequences.map((sequence, i) => new SequenceRow(sequence, examples[i]?.label ?? 0));
}

/** One sequence with a label, in 4 bytes a token. */
class SequenceRow extends TrainingRow {
  readonly #ids: Int32Array;
  readonly #first: number;

  constructor(
    { input_ids, token_type_ids }: Sequence,
    readonly label: number,
  ) {
    super();
    this.#ids = Int32Array.from(input_ids);
    this.#first = token_type_ids.lastIndexOf(0) + 1;
  }

  get length(): number {
    return this.#ids.length;
  }

  expand(): { input_ids: number[]; token_type_ids: number[]; labels: number } {
    const input_ids = Array.from(this.#ids);
    const token_type_ids = input_ids.map((_, at) => Number(at >= this.#first));
    return { input_ids, token_type_ids, labels: this.label };
  }
}

async function predictScores(
  { labels, max_seq_length }: ClassificationDefinition,
  { model, tokenizer, signal }: Predictor,
  examples: readonly LabelledText[],
): Promise<number[][]> {
  const outputs = labels && outputsOf(labels, model.config, numLabels(model.config));
  const sequences = await encodeSequences(tokenizer, examples, { max_length: max_seq_length });
  return mapBatches(sequences, async (batch) => {
    const { logits } = (await model.forward(toInputs(batch), { signal })) as LogitsOutput;
    return batch.map((_, i) => {
      const values = row(logits, i);
      if (!outputs) return [values[0] ?? 0];
      const scores = softmax(values);
      return outputs.map((output) => scores[output] ?? 0);
    });
  });
}

function collector(definition: ClassificationDefinition): Collector<LabelledText, number[]> {
  const results: TextResult[] = [];
  const [predicted, gold]: [number[], number[]] = [[], []];
  const { labels } = definition;
  return {
    add({ index, label }, scores) {
      const value = labels ? argmax(scores) : (scores[0] ?? 0);
      results.push({ index, scores, answer: labels?.[value] ?? value });
      predicted.push(value);
      if (label !== undefined) gold.push(label);
    },
    scores() {
      refuseUnlabelled(gold.length, predicted.length);
      return definition.score(predicted, gold);
    },
    files: () => definition.files(results),
  };
}

/** @throws AlbertError `ERR_FORMAT` where examples are missing or have no labels */
export function refuseUnlabelled(labelled: number, all: number): void {
  if (labelled === all && all > 0) return;
  const what = all === 0 ? 'there are no examples' : `${all - labelled} of ${all} have no label`;
  throw new AlbertError('ERR_FORMAT', `nothing to score: ${what}; use "predict" for such data`);
}

/** The index of a label's name. @throws AlbertError `ERR_FORMAT` with file, line and the names */
export function labelIndex(
  written: string,
  labels: readonly string[],
  { file, number }: { file: string; number: number },
): number {
  const exact = labels.indexOf(written);
  const lower = written.trim().toLowerCase();
  const index = exact >= 0 ? exact : labels.findIndex((name) => name.toLowerCase() === lower);
  if (index >= 0) return index;
  const expected = labels.map((name) => line(name)).join(', ');
  throw dataError(
    file,
    number,
    `unknown label ${JSON.stringify(line(written))}: expected ${expected}`,
  );
}

/** The number in a cell. @throws AlbertError `ERR_FORMAT` with file and line */
export function labelNumber(written: string, at: { file: string; number: number }): number {
  const value = Number(written);
  if (written.trim() !== '' && Number.isFinite(value)) return value;
  throw dataError(
    at.file,
    at.number,
    `expected a number as label, got ${JSON.stringify(line(written))}`,
  );
}
