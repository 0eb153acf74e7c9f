// The task that tags words: named entities.
import { mapBatches, type Sized } from '../../batching.js';
import { ignoredLabel } from '../../labels.js';
import { argmax } from '../../math.js';
import type { LogitsOutput } from '../../models/outputs.js';
import { row, toInputs } from '../../sequences.js';
import type { AlbertTokenizer } from '../../tokenizer.js';
import { refuseUnlabelled } from './classification.js';
import { readSentences, type TaggedSentence } from './conll.js';
import { discoverLabels } from './label-names.js';
import { locate } from './locate.js';
import { EntityCounter } from './metrics/entities.js';
import {
  TrainingRow,
  type Collector,
  type Predictor,
  type Split,
  type Task,
  type TaskOptions,
} from './task.js';
import { dataError } from './text-files.js';

const fileNames: Record<Split, string[]> = {
  train: ['train.txt', 'train.conll', 'train.jsonl', 'eng.train', 'wnut17train.conll'],
  dev: ['dev.txt', 'valid.txt', 'dev.conll', 'dev.jsonl', 'eng.testa', 'emerging.dev.conll'],
  test: ['test.txt', 'test.conll', 'test.jsonl', 'eng.testb', 'emerging.test.annotated'],
};

/** Makes the task; labels are those of the options, else those of the training data. */
export async function nerTask(options: TaskOptions): Promise<Task<TaggedSentence, string[]>> {
  const { max_seq_length = 128 } = options;
  const labels = options.labels ?? ordered(await discoverLabels(trainingTags(options)));
  return {
    name: 'ner',
    head: 'token_classification',
    labels,
    bestBy: 'f1',
    read: (split) => readSplit(options, split),
    encode: async (tokenizer, sentences) =>
      encodeRows(tokenizer, sentences, max_seq_length, labels),
    predict: (predictor, sentences) => predictTags(predictor, sentences, max_seq_length, labels),
    collect: () => collector(),
  };
}

async function* readSplit(options: TaskOptions, split: Split): AsyncGenerator<TaggedSentence> {
  yield* readSentences(await locate(options, split, fileNames[split]), options.tag_column);
}

async function* trainingTags(options: TaskOptions): AsyncGenerator<string> {
  for await (const { tags = [] } of readSplit(options, 'train')) yield* tags;
}

/** O first: what most words are. */
function ordered(labels: string[]): string[] {
  return ['O', ...labels.filter((label) => label !== 'O')];
}

/** A stretch of a sentence that fits into one model input. */
interface Piece extends Sized {
  input_ids: number[];
  token_type_ids: number[];
  sentence: number;
  /** For each word of the stretch: its index in the sentence, and the column of its first token. */
  words: { index: number; column: number }[];
}

/** Cuts sentences into pieces of whole words; words that no token stands for belong to none. */
async function cutSentences(
  tokenizer: AlbertTokenizer,
  sentences: readonly TaggedSentence[],
  max_seq_length: number,
): Promise<Piece[]> {
  const texts = sentences.map(({ words }) => words.join(' '));
  const options = { add_special_tokens: false, truncation: false, return_offsets_mapping: true };
  const { input_ids, offset_mapping = [] } = await tokenizer.encode_batch(texts, options);
  return sentences.flatMap(({ words }, sentence) => {
    const tokens = tokensOfWords(words, input_ids[sentence] ?? [], offset_mapping[sentence] ?? []);
    return piecesOf(tokens, sentence, tokenizer, max_seq_length - 2);
  });
}

/** The tokens of a word; the first that covers some of it carries its tag. */
interface WordTokens {
  index: number;
  ids: number[];
  /** Which of `ids` is that. */
  first: number;
}

function tokensOfWords(
  words: readonly string[],
  ids: readonly number[],
  offsets: readonly [number, number][],
): WordTokens[] {
  const found: WordTokens[] = [];
  let next = 0;
  let start = 0;
  words.forEach((word, index) => {
    const end = start + word.length;
    const tokens: WordTokens = { index, ids: [], first: -1 };
    for (; next < ids.length && (offsets[next]?.[0] ?? 0) < end; ++next) {
      if (tokens.first < 0 && (offsets[next]?.[1] ?? 0) > start) tokens.first = tokens.ids.length;
      tokens.ids.push(ids[next]!);
    }
    if (tokens.first >= 0) found.push(tokens);
    start = end + 1;
  });
  return found;
}

function piecesOf(
  words: readonly WordTokens[],
  sentence: number,
  { cls_token_id: cls, sep_token_id: sep }: AlbertTokenizer,
  room: number,
): Piece[] {
  const pieces: Piece[] = [];
  let ids: number[] = [];
  let placed: Piece['words'] = [];
  const close = (): void => {
    const input_ids = [cls, ...ids, sep];
    const token_type_ids = input_ids.map(() => 0);
    if (placed.length > 0) pieces.push({ input_ids, token_type_ids, sentence, words: placed });
    [ids, placed] = [[], []];
  };
  for (const word of words) {
    const kept = word.ids.slice(0, room);
    if (ids.length + kept.length > room) close();
    if (word.first < kept.length)
      placed.push({ index: word.index, column: ids.length + word.first + 1 });
    ids.push(...kept);
  }
  close();
  return pieces;
}

async function encodeRows(
  tokenizer: AlbertTokenizer,
  sentences: readonly TaggedSentence[],
  max_seq_length: number,
  labels: readonly string[],
): Promise<TrainingRow[]> {
  const pieces = await cutSentences(tokenizer, sentences, max_seq_length);
  return pieces.map(({ input_ids, sentence, words }) => {
    const { tags, file, number } = sentences[sentence]!;
    if (!tags) throw dataError(file, number, 'the sentence has no tags');
    const targets = new Int32Array(input_ids.length).fill(ignoredLabel);
    for (const { index, column } of words) {
      targets[column] = labels.indexOf(tags[index]!);
      if (targets[column] >= 0) continue;
      const expected = `the model knows ${labels.join(', ')}`;
      throw dataError(file, number, `unknown tag ${tags[index]}: ${expected}`);
    }
    return new TaggedRow(Int32Array.from(input_ids), targets);
  });
}

/** The tokens of a piece with their labels. */
class TaggedRow extends TrainingRow {
  constructor(
    readonly ids: Int32Array,
    readonly targets: Int32Array,
  ) {
    super();
  }

  get length(): number {
    return this.ids.length;
  }

  expand(): { input_ids: number[]; token_type_ids: number[]; labels: number[] } {
    const input_ids = Array.from(this.ids);
    const token_type_ids = input_ids.map(() => 0);
    return { input_ids, token_type_ids, labels: Array.from(this.targets) };
  }
}

async function predictTags(
  { model, tokenizer, signal }: Predictor,
  sentences: readonly TaggedSentence[],
  max_seq_length: number,
  labels: readonly string[],
): Promise<string[][]> {
  const tags = sentences.map(({ words }) => words.map(() => 'O'));
  const pieces = await cutSentences(tokenizer, sentences, max_seq_length);
  await mapBatches(pieces, async (batch) => {
    const { logits } = (await model.forward(toInputs(batch), { signal })) as LogitsOutput;
    batch.forEach(({ sentence, words }, i) => {
      for (const { index, column } of words) {
        tags[sentence]![index] = labels[argmax(row(logits, i, column))] ?? 'O';
      }
    });
    return batch;
  });
  return tags;
}

function collector(): Collector<TaggedSentence, string[]> {
  const counter = new EntityCounter();
  const lines: string[] = [];
  let [sentences, labelled, right, words] = [0, 0, 0, 0];
  return {
    add(sentence, predicted) {
      const { tags } = sentence;
      ++sentences;
      sentence.words.forEach((word, i) => {
        lines.push(`${[word, ...(tags ? [tags[i]] : []), predicted[i]].join(' ')}\n`);
      });
      lines.push('\n');
      if (!tags) return;
      ++labelled;
      words += tags.length;
      right += tags.filter((tag, i) => tag === predicted[i]).length;
      counter.add(predicted, tags);
    },
    scores() {
      refuseUnlabelled(labelled, sentences);
      const types = Object.entries(counter.byType()).map(([type, { f1 }]) => [`f1_${type}`, f1]);
      return { ...counter.overall(), accuracy: right / words, ...Object.fromEntries(types) };
    },
    files: () => ({ 'predictions.conll': lines.join('') }),
  };
}
