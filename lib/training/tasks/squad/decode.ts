// From what a model says of each window to the best answers of each question.
import { softmax, topIndices, type Numbers } from '../../../math.js';
import type { Paragraph } from './paragraph.js';

/** How answers are chosen. */
export interface DecodeSettings {
  /** Answers kept; SQuAD 1.1 also follows so many starts and ends. */
  n_best_size: number;
  /** Tokens of an answer at most. */
  max_answer_length: number;
}

/** What decoding needs to know of a window. */
export interface DecodedWindow {
  paragraph: Pick<Paragraph, 'characters' | 'starts' | 'ends'>;
  /** The column of its first context token, and which token of the paragraph that is. */
  offset: number;
  first: number;
  count: number;
  isMaxContext: readonly boolean[];
}

/** A span of one window, in its context tokens, with its scores. */
export interface ScoredSpan {
  start: number;
  end: number;
  startScore: number;
  endScore: number;
}

/** An answer as nbest_predictions.json has it. */
export interface NbestAnswer {
  text: string;
  probability: number;
  start_log_prob: number;
  end_log_prob: number;
}

/** Spans of start and end logits of all columns of a window: the best of each, all pairs. */
export function spansOfLogits(
  window: DecodedWindow,
  start: Numbers,
  end: Numbers,
  settings: DecodeSettings,
): ScoredSpan[] {
  const starts = topIndices(start, settings.n_best_size);
  const ends = topIndices(end, settings.n_best_size);
  const pairs = starts.flatMap((from) =>
    ends.map((to) => ({
      start: from - window.offset,
      end: to - window.offset,
      startScore: start[from]!,
      endScore: end[to]!,
    })),
  );
  return usable(window, pairs, settings);
}

/** What the head of SQuAD 2.0 says of a window; columns count from [CLS] = 0. */
export interface WindowBeams {
  startScores: Numbers;
  startColumns: Numbers;
  /** Those of the first start, then of the next. */
  endScores: Numbers;
  endColumns: Numbers;
}

/** Spans of the beams of SQuAD 2.0's head. */
export function spansOfBeams(
  window: DecodedWindow,
  beams: WindowBeams,
  settings: DecodeSettings,
): ScoredSpan[] {
  const perStart = beams.endScores.length / beams.startScores.length;
  const pairs = Array.from({ length: beams.endScores.length }, (_, i) => {
    const beam = Math.floor(i / perStart);
    return {
      start: beams.startColumns[beam]! - window.offset,
      end: beams.endColumns[i]! - window.offset,
      startScore: beams.startScores[beam]!,
      endScore: beams.endScores[i]!,
    };
  });
  return usable(window, pairs, settings);
}

/** Drops what is no answer; the rest comes in the order of places. */
function usable(
  { count, isMaxContext }: DecodedWindow,
  spans: ScoredSpan[],
  { max_answer_length }: DecodeSettings,
): ScoredSpan[] {
  return spans
    .filter(({ start, end }) => {
      const inside = start >= 0 && start < count && end < count;
      return inside && isMaxContext[start] && end >= start && end - start < max_answer_length;
    })
    .sort((a, b) => a.start - b.start || a.end - b.end);
}

/**
 * The best answers of a question over all its windows, best first, no text twice.
 *
 * @param nothing stands where there is no span at all
 */
export function bestAnswers(
  windows: readonly { window: DecodedWindow; spans: readonly ScoredSpan[] }[],
  count: number,
  nothing: Pick<NbestAnswer, 'text' | 'start_log_prob' | 'end_log_prob'>,
): NbestAnswer[] {
  const total = ({ startScore, endScore }: ScoredSpan): number => startScore + endScore;
  const all = windows.flatMap(({ window, spans }) => spans.map((span) => ({ window, span })));
  all.sort((a, b) => total(b.span) - total(a.span));
  const found = new Map<string, typeof nothing>();
  for (const { window, span } of all) {
    if (found.size >= count) break;
    const text = textOf(window, span);
    const { startScore: start_log_prob, endScore: end_log_prob } = span;
    if (!found.has(text)) found.set(text, { text, start_log_prob, end_log_prob });
  }
  const kept = found.size > 0 ? [...found.values()] : [nothing];
  const scores = kept.map(({ start_log_prob, end_log_prob }) => start_log_prob + end_log_prob);
  const probabilities = softmax(scores);
  return kept.map(({ text, ...logs }, i) => ({ text, probability: probabilities[i]!, ...logs }));
}

function textOf({ paragraph, first }: DecodedWindow, { start, end }: ScoredSpan): string {
  const from = paragraph.starts[first + start]!;
  const to = paragraph.ends[first + end]!;
  return paragraph.characters
    .slice(from, to + 1)
    .join('')
    .trim();
}
