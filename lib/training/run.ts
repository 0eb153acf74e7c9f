// A run: the loop around updates, with its events, evaluations and checkpoints.
import { AlbertError } from '../errors.js';
import { makeFolder } from '../folders.js';
import type { NativeForwardRequest } from '../native.js';
import * as check from '../options.js';
import {
  checkpointFolder,
  deleteOldest,
  removeLeftovers,
  type RunState,
} from './checkpoint.js';
import type { TrainingDataset, TrainingExample } from './dataset.js';
import { DivergenceWatch } from './divergence.js';
import type { CheckpointEvent, EvaluationReport, StepReport, TrainingEvent } from './events.js';
import { StepMeter } from './step-meter.js';
import type { ResolvedOptions } from './trainer-options.js';
import { collate, prepareUpdates, readAhead, type PreparedUpdate } from './updates.js';

/** Examples to evaluate on, or a function that measures what it likes. */
export type Evaluation =
  | Iterable<TrainingExample>
  | AsyncIterable<TrainingExample>
  | (() => Promise<Record<string, number>> | Record<string, number>);

/** What `Trainer.train` takes besides the dataset. */
export interface TrainOptions {
  /**
   * What 'evaluate' events tell: the loss over these examples (they are read anew each time), or
   * what the function returns (it may call `trainer.model`). No evaluation without.
   */
  evaluation?: Evaluation | undefined;
  /** Stops the run between passes, saves a checkpoint, and rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** What a run needs of its trainer. */
export interface RunContext {
  options: ResolvedOptions;
  vocabulary: number;
  dataset: TrainingDataset;
  /** Changed as the run goes on. */
  state: RunState;
  train: TrainOptions;
  step(): number;
  pack(where: string, batch: unknown): NativeForwardRequest;
  update(batches: NativeForwardRequest[], signal?: AbortSignal): Promise<StepReport>;
  evaluate(batches: NativeForwardRequest[], signal?: AbortSignal): Promise<EvaluationReport>;
  save(directory: string): Promise<void>;
}

/** Updates that are made ahead. */
const updatesAhead = 2;

const evaluationCheck: check.OptionCheck = (value, name) => {
  if (typeof value === 'function' || (typeof value === 'object' && value !== null)) return;
  const expected = 'examples or a function';
  throw new TypeError(`${name}: expected ${expected}, got ${check.show(value)}`);
};

const schema: check.OptionSchema = { evaluation: evaluationCheck, signal: check.abortSignal };

/** One call of `Trainer.train`. */
export class Run {
  readonly #context: RunContext;
  readonly #watch: DivergenceWatch;
  readonly #meter = new StepMeter();
  readonly #started = performance.now();
  /** The update behind which the last checkpoint was written. */
  #savedStep: number;
  /** The last checkpoint, and the last one behind which an update went well. */
  #newest: string | undefined;
  #healthy: string | undefined;
  #warned = false;

  constructor(context: RunContext) {
    check.checkOptions('Trainer.train', context.train, schema);
    const { warmup_steps = 0 } = context.options;
    const settings = { warmup_steps, vocabulary: context.vocabulary };
    this.#context = context;
    this.#watch = new DivergenceWatch(settings, context.state.watch);
    this.#savedStep = context.step();
  }

  /** All of it; leaving it saves. */
  async *events(): AsyncGenerator<TrainingEvent, void, undefined> {
    let failure: unknown;
    let finished = false;
    try {
      for await (const event of this.#all()) {
        await this.#report(event);
        yield event;
      }
      finished = true;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      if (!finished) await this.#leave(failure);
      for (const reporter of this.#reporters()) await reporter.close?.();
    }
  }

  async *#all(): AsyncGenerator<TrainingEvent, void, undefined> {
    const { options, dataset, train } = this.#context;
    const { max_steps } = options;
    train.signal?.throwIfAborted();
    if (options.output_dir !== undefined) await removeLeftovers(options.output_dir);
    const prepared = prepareUpdates(dataset, this.#updateSettings(), this.#context.state.examples);
    try {
      if (max_steps === undefined || this.#context.step() < max_steps) {
        for await (const update of readAhead(prepared, updatesAhead, train.signal)) {
          yield* this.#step(update);
          if (max_steps !== undefined && this.#context.step() >= max_steps) break;
        }
      }
    } finally {
      await this.#rewind();
    }
    yield* this.#end();
  }

  #updateSettings() {
    const { options, pack } = this.#context;
    return {
      size: options.train_batch_size,
      microBatches: options.gradient_accumulation_steps,
      endless: options.max_steps !== undefined,
      pack,
    };
  }

  /** Examples that were read ahead and not trained on come again. */
  async #rewind(): Promise<void> {
    const { dataset, state } = this.#context;
    if (state.position !== undefined) await dataset.restore(state.position as never);
  }

  async *#step(update: PreparedUpdate): AsyncGenerator<TrainingEvent, void, undefined> {
    const { options, state, train } = this.#context;
    const report = await this.#context.update(update.batches, train.signal);
    this.#meter.pause(); // until the next update is waited for
    state.position = update.position;
    state.examples += update.examples;
    this.#meter.add(report);
    let hint: string | undefined;
    let diverged: unknown;
    try {
      hint = this.#watch.observe(report);
    } catch (error) {
      diverged = error;
    }
    state.watch = this.#watch.state();
    if (!diverged && this.#watch.healthy) this.#healthy = this.#newest ?? this.#healthy;
    const due = (every: number): boolean => every > 0 && report.step % every === 0;
    const last = report.step === options.max_steps;
    if (due(options.logging_steps) || last || hint || diverged) {
      yield { ...this.#meter.take(), examples: state.examples, ...(hint && { hint }) };
    }
    if (diverged) throw this.#advised(diverged);
    if (!last && due(options.eval_steps)) yield* this.#evaluate();
    if (!last && due(options.save_steps)) yield* this.#checkpoint();
    this.#meter.resume();
  }

  /** Says which checkpoint is still good. */
  #advised(error: unknown): unknown {
    if (!(error instanceof AlbertError)) return error;
    const kept = this.#healthy ? `; ${this.#healthy} was saved before that` : '';
    return new AlbertError(error.code, `${error.message}${kept}`, { cause: error });
  }

  async *#end(): AsyncGenerator<TrainingEvent, void, undefined> {
    const { options, step } = this.#context;
    yield* this.#evaluate();
    yield* this.#checkpoint();
    const reason = step() === options.max_steps ? 'max_steps' : 'dataset';
    const seconds = (performance.now() - this.#started) / 1000;
    yield { type: 'done', step: step(), reason, seconds };
  }

  async *#evaluate(): AsyncGenerator<TrainingEvent, void, undefined> {
    const { evaluation } = this.#context.train;
    if (evaluation === undefined) return;
    const metrics =
      typeof evaluation === 'function' ? await evaluation() : await this.#losses(evaluation);
    yield { type: 'evaluate', step: this.#context.step(), metrics };
  }

  async #losses(
    examples: Iterable<TrainingExample> | AsyncIterable<TrainingExample>,
  ): Promise<Record<string, number>> {
    const { options, pack, evaluate, train } = this.#context;
    const batches: NativeForwardRequest[] = [];
    let waiting: TrainingExample[] = [];
    const flush = (): void => {
      if (waiting.length === 0) return;
      batches.push(pack(`Trainer.train: evaluation batch ${batches.length}`, collate(waiting)));
      waiting = [];
    };
    for await (const example of examples) {
      if (waiting.push(example) === options.eval_batch_size) flush();
    }
    flush();
    return { ...(await evaluate(batches, train.signal)) };
  }

  async *#checkpoint(): AsyncGenerator<TrainingEvent, void, undefined> {
    const event = await this.#save();
    if (event) yield event;
  }

  /** Writes a checkpoint, unless there is one of this update or nowhere to write it. */
  async #save(): Promise<CheckpointEvent | undefined> {
    const { options, step } = this.#context;
    const { output_dir } = options;
    if (output_dir === undefined || step() === this.#savedStep) return undefined;
    const directory = checkpointFolder(output_dir, step());
    const event: CheckpointEvent = { type: 'checkpoint', step: step(), directory };
    try {
      await makeFolder(output_dir);
      await this.#context.save(directory);
    } catch (error) {
      if (!(error instanceof AlbertError && error.code === 'ERR_IO')) throw error;
      this.#warn(error);
      return { ...event, error };
    }
    this.#savedStep = step();
    this.#newest = directory;
    await deleteOldest(output_dir, options.save_total_limit, this.#healthy);
    return event;
  }

  /** Once a run: the next checkpoint may find room again. */
  #warn(error: AlbertError): void {
    if (this.#warned) return;
    this.#warned = true;
    const message = `No checkpoint was written, the run goes on: ${error.message}`;
    process.emitWarning(message, 'AlbertWarning');
  }

  /** The loop was left, by `break` or by an error: saves what a later run can go on from. */
  async #leave(failure: unknown): Promise<void> {
    if (failure instanceof AlbertError && failure.code === 'ERR_DIVERGED') return;
    try {
      const event = await this.#save();
      if (event) await this.#report(event);
      if (event?.error && failure === undefined) throw event.error;
    } catch (error) {
      // What ended the run is told, not what came of it.
      if (failure === undefined) throw error;
    }
  }

  #reporters() {
    const { report_to } = this.#context.options;
    return report_to === undefined ? [] : [report_to].flat();
  }

  async #report(event: TrainingEvent): Promise<void> {
    for (const reporter of this.#reporters()) await reporter.report(event);
  }
}
