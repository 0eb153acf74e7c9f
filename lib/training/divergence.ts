// Watches the losses of a run: tells divergence from noise, and a plateau from a stall.
import { AlbertError } from '../errors.js';
import type { StepReport } from './events.js';

/** What is watched for. */
export interface WatchSettings {
  warmup_steps: number;
  /** V: a masked LM that guesses blindly has the loss ln V. */
  vocabulary: number;
}

/** Everything the watch knows, as checkpoints carry it. */
export interface WatchState {
  /** Losses of the last updates, oldest first. */
  recent: number[];
  /** Masked-LM losses of the last updates, oldest first. */
  recent_mlm: number[];
  /** Means over a window: of the first one, and the lowest. */
  first: number | null;
  lowest: number | null;
  /** Updates one after the other whose mean was too high. */
  risen: number;
  /** Updates skipped one after the other. */
  skipped: number;
  /** Whether the plateau was told. */
  hinted: boolean;
}

/** Updates that a mean is taken over. */
const window = 100;
/** Means in a row above the limit that end a run: a spike is forgotten sooner. */
const mostRisen = 150;
/** Updates in a row without a finite gradient that end a run. */
const mostSkipped = 10;
/** Updates behind the warm-up until a masked LM must have learned something. */
const patience = 1000;

/**
 * Stops a run where it cannot get well by itself:
 *
 * - ten updates in a row had no finite gradient;
 * - for 150 updates the mean loss of the last 100 lay above the lowest such mean by more than three
 *   quarters of what had been gained, and by more than half of that mean;
 * - a masked LM still guesses blindly, near ln V, 1,000 updates behind the warm-up.
 *
 * The plateau of ALBERT's first one or two thousand updates, where the loss of a masked LM stays
 * near the entropy of single words (6.5 to 7 of 10.3 for 30,000 pieces), is none of these: it gives
 * a hint.
 */
export class DivergenceWatch {
  readonly #settings: WatchSettings;
  #state: WatchState = {
    recent: [],
    recent_mlm: [],
    first: null,
    lowest: null,
    risen: 0,
    skipped: 0,
    hinted: false,
  };

  constructor(settings: WatchSettings, state?: WatchState) {
    this.#settings = settings;
    if (state) this.#state = structuredClone(state);
  }

  state(): WatchState {
    return structuredClone(this.#state);
  }

  /** Whether weights saved now are worth keeping: the loss is nowhere near the limit. */
  get healthy(): boolean {
    const { rise, limit } = this.#rise();
    return this.#state.skipped === 0 && rise <= limit / 2;
  }

  /**
   * Looks at one more update.
   *
   * @returns a hint, where there is one
   * @throws AlbertError `ERR_DIVERGED`
   */
  observe(report: StepReport): string | undefined {
    const state = this.#state;
    const finite = Number.isFinite(report.loss);
    state.skipped = report.skipped || !finite ? state.skipped + 1 : 0;
    if (state.skipped >= mostSkipped) throw diverged(report.step, nonFinite);
    if (!finite) return undefined;
    remember(state.recent, report.loss);
    if (report.mlm_loss !== undefined) remember(state.recent_mlm, report.mlm_loss);
    if (state.recent.length < window) return undefined;
    const now = mean(state.recent);
    state.first ??= now;
    state.lowest = Math.min(state.lowest ?? now, now);
    const { rise, limit } = this.#rise();
    state.risen = rise > limit ? state.risen + 1 : 0;
    if (state.risen >= mostRisen) throw diverged(report.step, risen(now, state.lowest));
    return this.#plateau(report.step);
  }

  #rise(): { rise: number; limit: number } {
    const { first, lowest, recent } = this.#state;
    if (first === null || lowest === null) return { rise: 0, limit: Infinity };
    const limit = Math.max(0.75 * (first - lowest), 0.5 * Math.abs(lowest));
    return { rise: mean(recent) - lowest, limit };
  }

  #plateau(step: number): string | undefined {
    const { recent_mlm: losses } = this.#state;
    const behind = step - this.#settings.warmup_steps;
    if (losses.length < window || behind < patience / 2) return undefined;
    const [blind, now] = [Math.log(this.#settings.vocabulary), mean(losses)];
    if (now > 0.97 * blind && behind >= patience) throw diverged(step, stalled(now, blind));
    const words = now > 0.6 * blind && now < 0.75 * blind;
    if (this.#state.hinted || !words) return undefined;
    this.#state.hinted = true;
    return (
      `the masked-LM loss stays near ${now.toFixed(2)}, the entropy of single words: ALBERT ` +
      'leaves this plateau by itself, often after one or two thousand updates'
    );
  }
}

function remember(values: number[], value: number): void {
  values.push(value);
  if (values.length > window) values.shift();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const nonFinite =
  `${mostSkipped} updates in a row had gradients that are not finite; lower learning_rate, ` +
  'lengthen warmup_steps, or compute without bf16';

function risen(now: number, lowest: number): string {
  const means = `the mean loss of ${window} updates rose from ${lowest.toFixed(3)} to `;
  return `${means}${now.toFixed(3)}; lower learning_rate, lengthen warmup_steps, or clip harder`;
}

function stalled(now: number, blind: number): string {
  const losses = `the masked-LM loss is ${now.toFixed(2)}`;
  const guessing = `blind guessing gives ${blind.toFixed(2)}`;
  return `${losses}, ${guessing}; check tokenizer and labels, then try another learning_rate`;
}

function diverged(step: number, what: string): AlbertError {
  return new AlbertError('ERR_DIVERGED', `Trainer.train: update ${step}: ${what}`);
}
