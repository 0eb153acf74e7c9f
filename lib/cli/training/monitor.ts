// Shows how a run goes: a bar where standard error is a terminal, else plain lines.
import type { SingleBar } from 'cli-progress';
import type { StepEvent, TrainingEvent, TrainingReporter } from '../../training/events.js';

/** What a monitor needs to know of a run. */
export interface MonitoredRun {
  max_steps: number;
  /** The update the run goes on behind. */
  step: number;
  /** Operations of the updates of an event. */
  flops(event: StepEvent, updates: number): number;
  /** Operations a second that this machine can do; 0 = unknown. */
  peak: number;
}

/** Seconds between two plain lines. */
const linesEvery = 10;
/** How much of the past a shown number still holds, in updates. */
const memory = 50;

/** Reports to standard error. */
export class Monitor implements TrainingReporter {
  readonly #run: MonitoredRun;
  #bar: SingleBar | undefined;
  #shown = 0;
  #lastStep: number;
  readonly #means = new Map<string, { mean: number; count: number }>();

  private constructor(run: MonitoredRun) {
    this.#run = run;
    this.#lastStep = run.step;
  }

  /** Starts showing. */
  static async start(run: MonitoredRun): Promise<Monitor> {
    const monitor = new this(run);
    if (process.stderr.isTTY) await monitor.#startBar();
    return monitor;
  }

  async #startBar(): Promise<void> {
    const { default: progress } = await import('cli-progress');
    const format = '{bar} {value}/{total} | {numbers}';
    const options = { format, clearOnComplete: false, barsize: 24, linewrap: false };
    this.#bar = new progress.SingleBar(options, progress.Presets.shades_classic);
    this.#bar.start(this.#run.max_steps, this.#run.step, { numbers: 'the first update …' });
  }

  report(event: TrainingEvent): void {
    if (event.type === 'step') this.#step(event);
    else if (event.type === 'evaluate') {
      const scores = Object.entries(event.metrics).map(
        ([name, value]) => `${name} ${shown(value)}`,
      );
      this.#line(`step ${event.step}: evaluation: ${scores.join(', ')}`);
    } else if (event.type === 'checkpoint') {
      const { directory, error } = event;
      this.#line(
        error ? `no checkpoint: ${error.message}` : `step ${event.step}: saved ${directory}`,
      );
    }
  }

  close(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #step(event: StepEvent): void {
    const numbers = this.#numbers(event);
    this.#bar?.update(event.step, { numbers });
    if (event.hint) this.#line(`step ${event.step}: ${event.hint}`);
    const now = performance.now() / 1000;
    const last = event.step >= this.#run.max_steps;
    const due = this.#shown === 0 || now - this.#shown >= linesEvery || last;
    if (this.#bar || !due) return;
    this.#shown = now;
    this.#line(`step ${event.step}/${this.#run.max_steps}  ${numbers}`);
  }

  #numbers(event: StepEvent): string {
    const { loss, mlm_loss, sop_loss, learning_rate, tokens, seconds, step } = event;
    const updates = Math.max(1, step - this.#lastStep);
    this.#lastStep = step;
    const parts = [`loss ${shown(this.#mean('loss', loss))}`];
    if (mlm_loss !== undefined) parts.push(`mlm ${shown(this.#mean('mlm', mlm_loss))}`);
    if (sop_loss !== undefined) parts.push(`sop ${shown(this.#mean('sop', sop_loss))}`);
    parts.push(`rate ${learning_rate.toExponential(2)}`);
    const perUpdate = this.#mean('seconds', seconds / updates);
    const speed = this.#mean('tokens', tokens / updates) / perUpdate;
    parts.push(`${Math.round(speed).toLocaleString('en-US')} tokens/s`);
    if (this.#run.peak > 0) {
      const flops = this.#mean('flops', this.#run.flops(event, updates) / updates);
      parts.push(`${((100 * flops) / perUpdate / this.#run.peak).toFixed(0)} % of peak`);
    }
    const left = (this.#run.max_steps - step) * perUpdate;
    return [...parts, `${clock(left)} left`].join(' | ');
  }

  /** The mean of the first values, then one that forgets. */
  #mean(name: string, value: number): number {
    const { mean, count } = this.#means.get(name) ?? { mean: 0, count: 0 };
    if (!Number.isFinite(value)) return value;
    const weight = 1 / Math.min(count + 1, memory);
    const next = mean + (value - mean) * weight;
    this.#means.set(name, { mean: next, count: count + 1 });
    return next;
  }

  /** A line of its own, also beside a bar. */
  #line(text: string): void {
    const clear = this.#bar ? '\r\x1b[K' : '';
    process.stderr.write(`${clear}${text}\n`);
  }
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}

/** Seconds as 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  const parts = [minutes, rest].map((part) => String(part).padStart(2, '0'));
  return [Math.floor(whole / 3600), ...parts].join(':');
}

/** A bill of memory as lines: name and MiB, largest first, and the sum. */
export function billLines(entries: readonly { name: string; bytes: number }[]): string {
  const sorted = [...entries].sort((a, b) => b.bytes - a.bytes);
  const total = sorted.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = [...sorted, { name: 'in all', bytes: total }];
  const mebibytes = rows.map(({ bytes }) => (bytes / 2 ** 20).toFixed(1));
  const width = Math.max(...mebibytes.map((text) => text.length));
  return rows.map(({ name }, i) => `  ${mebibytes[i]!.padStart(width)} MiB  ${name}\n`).join('');
}
