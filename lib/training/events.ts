// What a training run tells: reports of updates, events, and who listens to them.
import type { AlbertError } from '../errors.js';

/** One update. */
export interface StepReport {
  /** Updates so far, this one included; skipped ones count. */
  step: number;
  /** The mean over the update, `mlm_loss + sop_loss` in pretraining. */
  loss: number;
  /** Masked LM; models with that head. */
  mlm_loss?: number;
  /** Sentence order; models with that head. */
  sop_loss?: number;
  /** Norm of all gradients together, before clipping. */
  grad_norm: number;
  learning_rate: number;
  /** Tokens of the update; masked-out positions do not count. */
  tokens: number;
  /** True where a gradient was not finite: no weight changed. */
  skipped?: true;
}

/** Losses over all batches of an evaluation, and what else was measured. */
export interface EvaluationReport {
  loss: number;
  mlm_loss?: number;
  sop_loss?: number;
  tokens: number;
}

/** Every `logging_steps` updates: means of losses and norms, sums of tokens and seconds. */
export interface StepEvent extends StepReport {
  type: 'step';
  /** Since the last of these events; evaluations, checkpoints and the loop's body do not count. */
  seconds: number;
  /** Examples that were trained on so far. */
  examples: number;
  /** Something a person should know, that is no reason to stop. */
  hint?: string;
}

/** After an evaluation, the one at the end included. */
export interface EvaluateEvent {
  type: 'evaluate';
  step: number;
  /** `loss` and its parts, or what the `evaluation` function gave. */
  metrics: Record<string, number>;
}

/** After a checkpoint was written, or where it could not be. */
export interface CheckpointEvent {
  type: 'checkpoint';
  step: number;
  directory: string;
  /** Why there is none (the disk is full, …); the run goes on. */
  error?: AlbertError;
}

/** The last event of a run that came to its end. */
export interface DoneEvent {
  type: 'done';
  step: number;
  /** What ended it: `max_steps`, or the end of the dataset where there is no `max_steps`. */
  reason: 'max_steps' | 'dataset';
  /** Of the whole loop, in this process. */
  seconds: number;
}

/** What `Trainer.train` yields. */
export type TrainingEvent = StepEvent | EvaluateEvent | CheckpointEvent | DoneEvent;

/** Listens to a run: a log, a progress bar. */
export interface TrainingReporter {
  /** Awaited; what it throws ends the run. */
  report(event: TrainingEvent): void | Promise<void>;
  /** Called once when the loop ends, however it ends. */
  close?(): void | Promise<void>;
}
