// The loop that pretraining and fine-tuning share: reporters, signals, what is said at the end.
import path from 'node:path';
import { measurePeak } from '../../kernels.js';
import { updateFlops } from '../../training/flops.js';
import type {
  Evaluation,
  StepEvent,
  Trainer,
  TrainingEvent,
  TrainingReporter,
  TrainingSource,
} from '../../training/index.js';
import { LogFile } from '../../training/log-file.js';
import { TensorBoardWriter } from '../../training/tensorboard.js';
import { billLines, clock, Monitor } from './monitor.js';
import { logFile } from './run-folder.js';
import type { Stop } from './signals.js';

/** Reporters that are found when the run begins, behind the trainer's options. */
export class ReporterGroup implements TrainingReporter {
  readonly members: TrainingReporter[] = [];

  async report(event: TrainingEvent): Promise<void> {
    for (const member of this.members) await member.report(event);
  }

  async close(): Promise<void> {
    for (const member of this.members) await member.close?.();
  }
}

/** Tells once what the run holds: behind the first update, when all of it is there. */
class MemoryBill implements TrainingReporter {
  #told = false;

  constructor(private readonly trainer: Trainer) {}

  report(): void {
    if (this.#told) return;
    this.#told = true;
    // A bar may stand in this line.
    const clear = process.stderr.isTTY ? '\r\x1b[K' : '';
    process.stderr.write(`${clear}memory:\n${billLines(billOf(this.trainer))}`);
  }
}

/** A run that is ready to go. */
export interface TrainingJob {
  trainer: Trainer;
  reporters: ReporterGroup;
  dataset: TrainingSource;
  evaluation?: Evaluation | undefined;
  output: string;
  stop_after: number | undefined;
  tensorboard: boolean;
  /** Share of the tokens that a masked-LM head computes; 0 = there is none. */
  maskedShare: number;
  /** What the log's first line tells besides. */
  about: object;
  stop: Stop;
}

const peakRuns = 3;

/** Bytes that the model and its training hold. */
export function billOf(trainer: Trainer): { name: string; bytes: number }[] {
  return [...trainer.model.memory(), ...trainer.memory()];
}

/**
 * Trains to the end, to `stop_after`, or to a signal.
 *
 * @returns whether the run is complete
 * @throws (rejects) what training throws; the signal's reason
 */
export async function runTraining(job: TrainingJob): Promise<boolean> {
  const { trainer, stop } = job;
  const begin = trainer.global_step;
  const started = performance.now();
  await openReporters(job);
  let complete = false;
  const options = { evaluation: job.evaluation, signal: stop.signal };
  for await (const event of trainer.train(job.dataset, options)) {
    if (event.type === 'done') complete = true;
    if (event.type === 'step' && event.step >= (job.stop_after ?? Infinity)) break;
  }
  const updates = trainer.global_step - begin;
  const time = clock((performance.now() - started) / 1000);
  process.stderr.write(`${updates} updates in ${time}\n`);
  return complete;
}

/** The best of some measurements: whatever else the machine does takes from each. */
async function bestPeak(dtype: 'bf16' | 'fp32'): Promise<{ gflops: number; threads: number }> {
  let best = { gflops: 0, threads: 0 };
  for (let run = 0; run < peakRuns; ++run) {
    const peak = await measurePeak({ dtype });
    if (peak.gflops > best.gflops) best = peak;
  }
  return best;
}

async function openReporters(job: TrainingJob): Promise<void> {
  const { trainer, output, reporters } = job;
  const { options, model, global_step: step } = trainer;
  const { gflops, threads } = await bestPeak(options.bf16 ? 'bf16' : 'fp32');
  reporters.members.push(new MemoryBill(trainer));
  const log = await LogFile.open(logFile(output), step);
  reporters.members.push(log);
  const peak = { gflops: Math.round(gflops), threads };
  const { report_to: _, ...settings } = options;
  const run = { type: 'run', time: new Date().toISOString(), begins_behind: step, ...job.about };
  await log.write({ ...run, options: settings, config: model.config, peak });
  if (job.tensorboard) {
    reporters.members.push(await TensorBoardWriter.open(path.join(output, 'tensorboard')));
  }
  const flops = ({ tokens }: StepEvent, updates: number): number =>
    updateFlops(model.config, {
      tokens,
      sequences: updates * options.train_batch_size,
      masked: tokens * job.maskedShare,
    });
  const max_steps = options.max_steps ?? Infinity;
  reporters.members.push(await Monitor.start({ max_steps, step, flops, peak: gflops * 1e9 }));
}
