// Cuts a long context into overlapping windows, each behind its question: [CLS] q [SEP] c [SEP].
import type { Sized } from '../batching.js';

/** Sizes in tokens. */
export interface WindowSizes {
  /** A whole window with its three special tokens. */
  max_seq_len: number;
  /** The question is cut to so many tokens. */
  max_question_len: number;
  /** How many tokens neighbouring windows share; absent = up to 128, at most half a window. */
  doc_stride: number | undefined;
}

/** A question and a context as ids, without special tokens. */
export interface QuestionTokens {
  question: readonly number[];
  context: readonly number[];
}

/** One window of one item. */
export interface Window extends Sized {
  input_ids: number[];
  token_type_ids: number[];
  /** Which question it belongs to. */
  item: number;
  /** The column of its first context token. */
  begin: number;
  /** How many context tokens it holds. */
  count: number;
  /** The index, in the whole context, of its first context token. */
  first: number;
}

/**
 * The windows of one question.
 *
 * @throws RangeError where the sizes leave no room for the context or no progress between windows
 */
export function cutWindows(
  item: number,
  tokens: QuestionTokens,
  special: { cls: number; sep: number },
  sizes: WindowSizes,
): Window[] {
  const question = tokens.question.slice(0, sizes.max_question_len);
  const room = sizes.max_seq_len - question.length - 3;
  const overlap = sizes.doc_stride ?? Math.min(128, room >> 1);
  if (room < 1 || overlap >= room) {
    const had = `${sizes.max_seq_len} tokens hold a question of ${question.length}`;
    throw new RangeError(
      `question-answering: ${had}, 3 special tokens and a context of ${Math.max(room, 0)}, which ` +
        `must be more than doc_stride (${overlap}): raise max_seq_len or lower the others`,
    );
  }
  const windows: Window[] = [];
  for (let first = 0; ; first += room - overlap) {
    const context = tokens.context.slice(first, first + room);
    windows.push({
      input_ids: [special.cls, ...question, special.sep, ...context, special.sep],
      token_type_ids: [
        ...new Array<number>(question.length + 2).fill(0),
        ...new Array<number>(context.length + 1).fill(1),
      ],
      item,
      begin: question.length + 2,
      count: context.length,
      first,
    });
    if (first + room >= tokens.context.length) return windows;
  }
}
