// Finds the best answers of a window: from start and end logits, or from the beams of the v2 head.
import { type Numbers, sigmoid, softmax } from '../math.js';

/** An answer as context tokens of its window, both ends included. */
export interface Span {
  start: number;
  end: number;
  score: number;
}

/** What one window says. */
export interface WindowAnswers {
  spans: Span[];
  /** The score of "there is no answer here". */
  nullScore: number;
}

/** How many spans to keep, and how many tokens one may have. */
export interface SpanLimits {
  count: number;
  longest: number;
}

/** Keeps the best spans, best first; of equal scores the earlier one stays ahead. */
export class BestSpans<Kept extends { score: number }> {
  readonly kept: Kept[] = [];

  constructor(private readonly count: number) {}

  /** Whether a span of this score would be kept. */
  wants(score: number): boolean {
    return this.kept.length < this.count || score > this.kept[this.count - 1]!.score;
  }

  add(span: Kept): void {
    let at = this.kept.length;
    while (at > 0 && this.kept[at - 1]!.score < span.score) at--;
    this.kept.splice(at, 0, span);
    if (this.kept.length > this.count) this.kept.pop();
  }
}

/**
 * Answers from start and end logits: P(start) × P(end), both softmaxes over [CLS] and the context.
 *
 * @param start the logit of [CLS], then those of the context tokens; `end` alike
 */
export function spansOfLogits(start: Numbers, end: Numbers, limits: SpanLimits): WindowAnswers {
  const startScores = softmax(start);
  const endScores = softmax(end);
  const best = new BestSpans<Span>(limits.count);
  for (let i = 1; i < startScores.length; i++) {
    const last = Math.min(endScores.length, i + limits.longest);
    for (let j = i; j < last; j++) {
      const score = startScores[i]! * endScores[j]!;
      if (best.wants(score)) best.add({ start: i - 1, end: j - 1, score });
    }
  }
  return { spans: best.kept, nullScore: startScores[0]! * endScores[0]! };
}

/** One window's outputs of the v2 head; columns count from [CLS] = 0. */
export interface Beams {
  /** (K): log P(start), best first, and the columns they are of. */
  startScores: Numbers;
  startColumns: Numbers;
  /** (K × J): log P(end | start) and the columns, the J of the first start before the next. */
  endScores: Numbers;
  endColumns: Numbers;
  /** Higher = more likely to have no answer. */
  answerability: number;
}

/** Answers from the v2 head's beams: P(start) × P(end | start) × P(there is an answer). */
export function spansOfBeams(beams: Beams, begin: number, limits: SpanLimits): WindowAnswers {
  const nullScore = sigmoid(beams.answerability);
  const best = new BestSpans<Span>(limits.count);
  const endsPerStart = beams.endScores.length / beams.startScores.length;
  for (let i = 0; i < beams.endScores.length; i++) {
    const beam = Math.floor(i / endsPerStart);
    const start = beams.startColumns[beam]! - begin;
    const end = beams.endColumns[i]! - begin;
    if (start < 0 || end < start || end - start >= limits.longest) continue;
    const logarithm = beams.startScores[beam]! + beams.endScores[i]!;
    const score = Math.exp(logarithm) * (1 - nullScore);
    if (best.wants(score)) best.add({ start, end, score });
  }
  return { spans: best.kept, nullScore };
}
