// Merges the answers of a question's windows and finds them in the raw context.
import { BestSpans, type WindowAnswers } from './spans.js';
import type { Window } from './windows.js';

/** An answer and where it is. */
export interface Answer {
  /** The passage; '' where the best answer is that there is none. */
  answer: string;
  /** P(start) × P(end), each among the tokens of one window. */
  score: number;
  /** Where it is in the context, in UTF-16 units: `context.slice(start, end)`. */
  start: number;
  end: number;
}

/** Begin and end of each context token, in UTF-16 units. */
export type Offsets = readonly (readonly [number, number])[];

/** Collects the answers of one question's windows. */
export class MergedAnswers {
  private readonly byPlace = new Map<string, Answer>();
  private nullScore = 1;

  constructor(
    private readonly context: string,
    private readonly offsets: Offsets,
    private readonly count: number,
  ) {}

  /** Two windows that share a passage both find it: the better score counts. */
  add(window: Window, { spans, nullScore }: WindowAnswers): void {
    this.nullScore = Math.min(this.nullScore, nullScore);
    for (const span of spans) {
      const [start, end] = this.place(window.first + span.start, window.first + span.end);
      const known = this.byPlace.get(`${start} ${end}`);
      if (known && known.score >= span.score) continue;
      const answer = this.context.slice(start, end);
      this.byPlace.set(`${start} ${end}`, { answer, score: span.score, start, end });
    }
  }

  best(withNull: boolean): Answer[] {
    const best = new BestSpans<Answer>(this.count);
    for (const answer of this.byPlace.values()) best.add(answer);
    const none = { answer: '', score: withNull ? this.nullScore : 0, start: 0, end: 0 };
    if (withNull || best.kept.length === 0) best.add(none);
    return best.kept;
  }

  /** From tokens to the text: without the white space that a token may carry in front. */
  private place(first: number, last: number): [number, number] {
    const begin = this.offsets[first]![0];
    const end = this.offsets[last]![1];
    const passage = this.context.slice(begin, end);
    const start = begin + (passage.length - passage.trimStart().length);
    return [start, Math.max(start, begin + passage.trimEnd().length)];
  }
}
