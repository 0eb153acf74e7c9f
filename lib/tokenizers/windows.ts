// How much of one or two token lists fits into a model input, in one piece or in windows; the same
// rules as the native tokenizer's.
import type { EncodeOptions } from './engine.js';

/** A half-open range of tokens. */
export type Range = readonly [begin: number, end: number];

/** What one model input takes of each list. */
export interface Window {
  first: Range;
  second: Range;
}

/** The lengths of what is to be cut. */
export interface Counts {
  first: number;
  /** Undefined where there is no pair. */
  second: number | undefined;
  /** How many special tokens are added. */
  special: number;
}

/**
 * One window, or several with `return_overflowing_tokens`.
 *
 * @throws RangeError where the options cannot be met
 */
export function planWindows(counts: Counts, options: EncodeOptions): Window[] {
  const whole: Window = { first: [0, counts.first], second: [0, counts.second ?? 0] };
  const { truncation, max_length } = options;
  if (truncation === 'none' || max_length === 0) return [whole];
  if (max_length < Math.max(counts.special, 1)) {
    throw new RangeError(
      `max_length: ${max_length} leaves no room beside ${counts.special} special tokens; raise it`,
    );
  }
  if (truncation === 'only_second' && counts.second === undefined) {
    throw new RangeError("truncation: 'only_second' needs a text_pair");
  }
  if (truncation !== 'longest_first' || counts.second === undefined) {
    return cutOneSide(whole, counts, options);
  }
  if (options.return_overflowing_tokens) {
    throw new RangeError(
      "return_overflowing_tokens: with a text_pair use truncation 'only_first' or 'only_second'",
    );
  }
  return [cutLongestFirst(counts.first, counts.second, max_length - counts.special)];
}

/** Removes one token at a time from the longer list, from the second on ties. */
function cutLongestFirst(first: number, second: number, budget: number): Window {
  while (first + second > budget) {
    if (first > second) --first;
    else --second;
  }
  return { first: [0, first], second: [0, second] };
}

function cutOneSide(whole: Window, counts: Counts, options: EncodeOptions): Window[] {
  const side = options.truncation === 'only_second' ? 'second' : 'first';
  const total = counts.first + (counts.second ?? 0) + counts.special;
  if (total <= options.max_length) return [whole];
  const length = whole[side][1];
  const kept = total - length;
  const room = Math.max(0, options.max_length - kept);
  const windows = options.return_overflowing_tokens;
  if (room === 0 && (windows || counts.second !== undefined)) {
    throw new RangeError(
      `max_length: ${kept} tokens that truncation '${options.truncation}' may not cut use up all ` +
        `of ${options.max_length}; raise it or use 'longest_first'`,
    );
  }
  const ranges = windows ? slide(length, room, options.stride) : [[0, room] as const];
  return ranges.map((range) => ({ ...whole, [side]: range }));
}

/** Ranges of at most `room` that cover [0, count) and share `stride` tokens with the one before. */
function slide(count: number, room: number, stride: number): Range[] {
  if (stride >= room) {
    throw new RangeError(`stride: expected less than the window's ${room} tokens, got ${stride}`);
  }
  const ranges: Range[] = [];
  for (let begin = 0; ; begin += room - stride) {
    const end = Math.min(begin + room, count);
    ranges.push([begin, end]);
    if (end === count) return ranges;
  }
}
