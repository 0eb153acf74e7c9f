// Adds up updates between two 'step' events: means of losses, sums of tokens and time.
import type { StepEvent, StepReport } from './events.js';

export class StepMeter {
  #reports: StepReport[] = [];
  #milliseconds = 0;
  #since: number | undefined = performance.now();

  /** What is neither training nor waiting for examples takes no time. */
  pause(): void {
    if (this.#since !== undefined) this.#milliseconds += performance.now() - this.#since;
    this.#since = undefined;
  }

  resume(): void {
    this.#since ??= performance.now();
  }

  add(report: StepReport): void {
    this.#reports.push(report);
  }

  /** The event of all updates since the last call; there must be one. */
  take(): Omit<StepEvent, 'examples'> {
    const reports = this.#reports;
    const last = reports.at(-1) as StepReport;
    const mean = (field: 'loss' | 'mlm_loss' | 'sop_loss' | 'grad_norm'): number =>
      reports.reduce((sum, report) => sum + (report[field] ?? 0), 0) / reports.length;
    const event: Omit<StepEvent, 'examples'> = {
      type: 'step',
      ...last,
      loss: mean('loss'),
      ...(last.mlm_loss !== undefined && { mlm_loss: mean('mlm_loss') }),
      ...(last.sop_loss !== undefined && { sop_loss: mean('sop_loss') }),
      grad_norm: mean('grad_norm'),
      tokens: reports.reduce((sum, { tokens }) => sum + tokens, 0),
      ...(reports.some(({ skipped }) => skipped) && { skipped: true as const }),
      seconds: this.#milliseconds / 1000,
    };
    this.#reports = [];
    this.#milliseconds = 0;
    return event;
  }
}
