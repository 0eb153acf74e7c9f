// Tasks that choose one of several continuations or answers.
import { mapBatches, type Sized } from '../../batching.js';
import { AlbertError } from '../../errors.js';
import { argmax, softmax } from '../../math.js';
import type { LogitsOutput } from '../../models/outputs.js';
import { line } from '../../options.js';
import { row } from '../../sequences.js';
import type { AlbertTokenizer } from '../../tokenizer.js';
import { refuseUnlabelled } from './classification.js';
import { accuracy } from './metrics/classification.js';
import { TrainingRow, type Collector, type Predictor, type Split, type Task } from './task.js';

/** A context and what may follow it or answer it. */
export interface ChoiceExample {
  /** What the data set calls it. */
  index: string;
  context: string;
  /** The second text of each choice: the question and the choice, or the choice. */
  choices: string[];
  /** The index of the right one; absent in unlabelled data. */
  label?: number;
}

/** How a pair of context and choice is cut to size. */
export interface ChoiceSizes {
  max_seq_length: number;
  /** A choice with its question keeps its last so many tokens. */
  max_qa_length: number;
}

/** What differs from task to task. */
export interface ChoiceDefinition {
  name: string;
  sizes: ChoiceSizes;
  read(split: Split): AsyncIterable<ChoiceExample>;
  /** How an answer is written: a letter, or its number from 0. */
  answer(choice: number): string | number;
}

/** Makes a task of its definition. */
export function choiceTask(definition: ChoiceDefinition): Task<ChoiceExample, number[]> {
  return {
    name: definition.name,
    head: 'multiple_choice',
    labels: undefined,
    bestBy: 'accuracy',
    read: (split) => definition.read(split),
    encode: async (tokenizer, examples) => encodeRows(tokenizer, examples, definition.sizes),
    predict: (predictor, examples) => predictChoices(predictor, examples, definition.sizes),
    collect: () => collector(definition),
  };
}

/** All choices of one example. */
class ChoiceRow extends TrainingRow implements Sized {
  constructor(
    readonly choices: { ids: Int32Array; first: number }[],
    readonly label: number,
  ) {
    super();
  }

  get length(): number {
    return this.choices.reduce((sum, { ids }) => sum + ids.length, 0);
  }

  override get choiceCount(): number {
    return this.choices.length;
  }

  /** What a batch is measured by. */
  get input_ids(): { length: number } {
    return this;
  }

  expand(): { input_ids: number[][]; token_type_ids: number[][]; labels: number } {
    return {
      input_ids: this.choices.map(({ ids }) => Array.from(ids)),
      token_type_ids: this.choices.map(({ ids, first }) =>
        Array.from(ids, (_, at) => Number(at >= first)),
      ),
      labels: this.label,
    };
  }
}

async function encodeRows(
  tokenizer: AlbertTokenizer,
  examples: readonly ChoiceExample[],
  sizes: ChoiceSizes,
): Promise<ChoiceRow[]> {
  const unlabelled = examples.find(({ label }) => label === undefined);
  if (unlabelled) {
    throw new AlbertError('ERR_FORMAT', `example ${line(unlabelled.index)} has no label`);
  }
  return encodeChoices(tokenizer, examples, sizes);
}

/** [CLS] context [SEP] choice [SEP]: the choice keeps its end, the context its beginning. */
async function encodeChoices(
  tokenizer: AlbertTokenizer,
  examples: readonly ChoiceExample[],
  { max_seq_length, max_qa_length }: ChoiceSizes,
): Promise<ChoiceRow[]> {
  const idsOf = async (texts: string[]): Promise<number[][]> =>
    (await tokenizer.encode_batch(texts, { add_special_tokens: false, truncation: false }))
      .input_ids;
  const contexts = await idsOf(examples.map(({ context }) => context));
  const seconds = await idsOf(examples.flatMap(({ choices }) => choices));
  const { cls_token_id: cls, sep_token_id: sep } = tokenizer;
  const longest = Math.max(1, Math.min(max_qa_length, max_seq_length - 3));
  let next = 0;
  return examples.map(({ choices, label = 0 }, i) => {
    const rows = choices.map(() => {
      const second = (seconds[next++] ?? []).slice(-longest);
      const context = (contexts[i] ?? []).slice(0, max_seq_length - 3 - second.length);
      const ids = Int32Array.from([cls, ...context, sep, ...second, sep]);
      return { ids, first: context.length + 2 };
    });
    return new ChoiceRow(rows, label);
  });
}

async function predictChoices(
  { model, tokenizer, signal }: Predictor,
  examples: readonly ChoiceExample[],
  sizes: ChoiceSizes,
): Promise<number[][]> {
  const rows = await encodeChoices(tokenizer, examples, sizes);
  const results = new Array<number[]>(rows.length);
  // A batch is a block [questions, choices]: those of as many choices go together.
  for (const count of new Set(rows.map(({ choices }) => choices.length))) {
    const indices = [...rows.keys()].filter((i) => rows[i]!.choices.length === count);
    const alike = indices.map((i) => rows[i]!);
    const scores = await mapBatches(alike, async (batch) => {
      const expanded = batch.map((one) => one.expand());
      const inputs = {
        input_ids: expanded.map(({ input_ids }) => input_ids),
        token_type_ids: expanded.map(({ token_type_ids }) => token_type_ids),
      };
      const { logits } = (await model.forward(inputs, { signal })) as LogitsOutput;
      return batch.map((_, i) => Array.from(softmax(row(logits, i))));
    });
    indices.forEach((index, i) => (results[index] = scores[i]!));
  }
  return results;
}

function collector({ answer }: ChoiceDefinition): Collector<ChoiceExample, number[]> {
  const lines: string[] = [];
  const [predicted, gold]: [number[], number[]] = [[], []];
  return {
    add({ index, label }, scores) {
      const best = argmax(scores);
      predicted.push(best);
      if (label !== undefined) gold.push(label);
      lines.push(`${JSON.stringify({ index, prediction: answer(best), scores })}\n`);
    },
    scores() {
      refuseUnlabelled(gold.length, predicted.length);
      return { accuracy: accuracy(predicted, gold) };
    },
    files: () => ({ 'predictions.jsonl': lines.join('') }),
  };
}
