// Questions as model inputs: windows of the context behind the question, with the answer's place.
import type { Sized } from '../../../batching.js';
import type { AlbertTokenizer } from '../../../tokenizer.js';
import { TrainingRow } from '../task.js';
import { readParagraph, type Paragraph } from './paragraph.js';
import type { SquadQuestion } from './questions.js';

/** Sizes in tokens. */
export interface SquadSizes {
  max_seq_length: number;
  max_query_length: number;
  /** Tokens between the starts of neighbouring windows. */
  doc_stride: number;
}

/** One window of a context: [CLS] question [SEP] context [SEP]. */
export interface SquadFeature extends Sized {
  input_ids: number[];
  token_type_ids: number[];
  /** Which question of the slice it is of. */
  question: number;
  paragraph: Paragraph;
  /** The column of its first context token, and which token of the paragraph that is. */
  offset: number;
  first: number;
  /** How many context tokens it holds. */
  count: number;
  /** For each of them whether no other window shows more around it. */
  isMaxContext: boolean[];
}

/** Where the answer is in a feature; 0 and 0, [CLS], where it is not in it. */
export interface SquadTarget {
  start_position: number;
  end_position: number;
  is_impossible: boolean;
}

/**
 * The windows of questions, in order. A question whose context cannot be found again in its tokens
 * has none.
 */
export function featuresOf(
  tokenizer: AlbertTokenizer,
  questions: readonly SquadQuestion[],
  sizes: SquadSizes,
): SquadFeature[] {
  const paragraphs = new Map<string, Paragraph | undefined>();
  return questions.flatMap(({ question, context }, index) => {
    if (!paragraphs.has(context)) paragraphs.set(context, readParagraph(tokenizer, context));
    const paragraph = paragraphs.get(context);
    if (!paragraph || paragraph.ids.length === 0) return [];
    const options = { add_special_tokens: false, truncation: false };
    const query = tokenizer.encode(question, options).slice(0, sizes.max_query_length);
    const windows = windowsOf(paragraph.ids.length, query.length, sizes);
    return windows.map((window, w): SquadFeature => ({
      ...layOut(tokenizer, query, paragraph.ids.slice(window.first, window.first + window.count)),
      ...window,
      question: index,
      paragraph,
      isMaxContext: Array.from(
        { length: window.count },
        (_, i) => mostContext(windows, window.first + i) === w,
      ),
    }));
  });
}

interface Window {
  first: number;
  count: number;
}

function windowsOf(tokens: number, query: number, sizes: SquadSizes): Window[] {
  const room = Math.max(1, sizes.max_seq_length - query - 3);
  const windows: Window[] = [];
  for (let first = 0; first < tokens;) {
    const count = Math.min(room, tokens - first);
    windows.push({ first, count });
    if (first + count === tokens) break;
    first += Math.min(count, sizes.doc_stride);
  }
  return windows;
}

/** The window that shows most around a token; of equal ones the first. */
function mostContext(windows: readonly Window[], token: number): number {
  let [best, most] = [0, -1];
  windows.forEach(({ first, count }, w) => {
    const [left, right] = [token - first, first + count - 1 - token];
    const score = Math.min(left, right) + 0.01 * count;
    if (left >= 0 && right >= 0 && score > most) [best, most] = [w, score];
  });
  return best;
}

function layOut(
  { cls_token_id: cls, sep_token_id: sep }: AlbertTokenizer,
  query: readonly number[],
  tokens: readonly number[],
): { input_ids: number[]; token_type_ids: number[]; offset: number } {
  const offset = query.length + 2;
  const input_ids = [cls, ...query, sep, ...tokens, sep];
  return { input_ids, token_type_ids: input_ids.map((_, at) => Number(at >= offset)), offset };
}

/** 1 where no answer can be: the question and the separators, but not [CLS]. */
export function answerMask({ input_ids, offset, count }: SquadFeature): number[] {
  return input_ids.map((_, at) => Number(at > 0 && (at < offset || at >= offset + count)));
}

/** Where the first answer of a question is in a feature. */
export function targetOf(feature: SquadFeature, { answers = [] }: SquadQuestion): SquadTarget {
  const outside = { start_position: 0, end_position: 0, is_impossible: true };
  const answer = answers[0];
  const length = Array.from(answer?.text ?? '').length;
  if (!answer || length === 0) return outside;
  const { paragraph, first, count, offset } = feature;
  const start = paragraph.tokenOf(answer.answer_start, 'start');
  const end = paragraph.tokenOf(answer.answer_start + length - 1, 'end');
  if (start < first || end >= first + count || end < start) return outside;
  const place = (token: number): number => token - first + offset;
  return { start_position: place(start), end_position: place(end), is_impossible: false };
}

/** A feature to train on, in 4 bytes a token. */
export class SquadRow extends TrainingRow {
  readonly #ids: Int32Array;
  readonly #offset: number;
  readonly #count: number;

  /** @param withMask the head takes `p_mask` and `is_impossible` (that of SQuAD 2.0) */
  constructor(
    feature: SquadFeature,
    readonly target: SquadTarget,
    readonly withMask: boolean,
  ) {
    super();
    this.#ids = Int32Array.from(feature.input_ids);
    this.#offset = feature.offset;
    this.#count = feature.count;
  }

  get length(): number {
    return this.#ids.length;
  }

  expand() {
    const [offset, count] = [this.#offset, this.#count];
    const input_ids = Array.from(this.#ids);
    const { start_position, end_position, is_impossible } = this.target;
    const example = {
      input_ids,
      token_type_ids: input_ids.map((_, at) => Number(at >= offset)),
      start_positions: start_position,
      end_positions: end_position,
    };
    if (!this.withMask) return example;
    const p_mask = answerMask({ input_ids, offset, count } as SquadFeature);
    return { ...example, p_mask, is_impossible: Number(is_impossible) };
  }
}
