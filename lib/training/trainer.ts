// Trainer: updates of a model's weights, one by one or as a run over a dataset.
import { AlbertError } from '../errors.js';
import type { ModelParts } from '../models/base.js';
import {
  native,
  type NativeForwardRequest,
  type NativeStepReport,
  type NativeTrainer,
} from '../native.js';
import * as check from '../options.js';
import { readCheckpoint, stateTexts, type RunState } from './checkpoint.js';
import { CountedDataset, isDataset, type TrainingDataset, type TrainingSource } from './dataset.js';
import type { EvaluationReport, StepReport, TrainingEvent } from './events.js';
import type { ResumeOptions } from './resume.js';
import type { TrainOptions } from './run.js';
import { trainableParts, type TrainableModel } from './trainable-model.js';
import {
  nativeSettings,
  resolveOptions,
  type ResolvedOptions,
  type TrainerOptions,
} from './trainer-options.js';

/** What a call of {@link Trainer} takes besides its input. */
export interface SignalOptions {
  /**
   * Stops between passes. An update that was stopped has changed nothing; one that had begun to
   * change weights is completed and does not reject.
   */
  signal?: AbortSignal | undefined;
}

/** The loss of an update and its gradients by parameter, flat, in row-major order. */
export interface GradientReport {
  loss: number;
  mlm_loss?: number;
  sop_loss?: number;
  gradients: Record<string, Float32Array>;
}

const signalSchema: check.OptionSchema = { signal: check.abortSignal };

/**
 * Trains a copy of a model's weights in float32. Behind each update the model has the new ones:
 * `model.forward` can be called all the time, also while an update runs. All work runs off the
 * JavaScript thread, one update, evaluation or save at a time: another one is `ERR_BUSY`.
 *
 * @example
 * const model = await AlbertForSequenceClassification.from_pretrained('./albert-base-v2');
 * const trainer = new Trainer(model, { learning_rate: 3e-5, max_steps: 1000, warmup_steps: 100 });
 * const { loss } = await trainer.step({ ...tokenizer(['good', 'bad']), labels: [1, 0] });
 */
export class Trainer<Inputs extends object = any> {
  readonly model: TrainableModel<Inputs>;
  /** As given, with defaults. */
  readonly options: Readonly<ResolvedOptions>;
  readonly #parts: ModelParts;
  readonly #native: NativeTrainer;
  #run: RunState = { examples: 0, position: undefined, watch: undefined };
  #dataset: TrainingDataset | undefined;
  /** A position was read from a checkpoint, and no dataset has been brought to it. */
  #unplaced = false;
  readonly #counted = new WeakMap<object, TrainingDataset>();
  #training = false;

  /**
   * @param model one with a head, loaded as 'fp32'
   * @throws TypeError and RangeError for wrong options, AlbertError `ERR_CONFIG` for a model
   * without a head or of another dtype, `ERR_BACKEND` where bfloat16 is not there
   */
  constructor(model: TrainableModel<Inputs>, options: TrainerOptions) {
    this.#parts = trainableParts('new Trainer', model);
    this.model = model;
    this.options = Object.freeze(resolveOptions('new Trainer', options));
    const settings = nativeSettings(this.options, this.#parts.threads);
    this.#native = native.create_trainer(this.#parts.native, settings);
  }

  /**
   * Takes up a run where a checkpoint left it, to the bit: weights, moments, schedule, random
   * state, and the position in the dataset.
   *
   * @param directory a checkpoint, or an `output_dir`: then its newest one
   * @throws (rejects) AlbertError `ERR_NOT_FOUND` where there is none, `ERR_FORMAT` where it is
   * damaged, `ERR_CONFIG` where configuration, options or corpus differ (the message names what)
   *
   * @example
   * const trainer = await Trainer.resume('./run', { dataset });
   * for await (const event of trainer.train()) console.log(event);
   */
  static async resume(directory: string, options: ResumeOptions = {}): Promise<Trainer> {
    const checkpoint = await readCheckpoint(directory);
    const { loadForTraining } = await import('./resume.js');
    const { model, trainerOptions } = await loadForTraining(checkpoint, options);
    const trainer = new Trainer(model, trainerOptions);
    await trainer.#native.restore(checkpoint.directory);
    trainer.#run = checkpoint.state.run;
    trainer.#unplaced = trainer.#run.position !== undefined;
    if (options.dataset) await trainer.#place(options.dataset);
    return trainer;
  }

  /** Updates so far; those that were skipped count. */
  get global_step(): number {
    return this.#native.step_count;
  }

  /**
   * One update.
   *
   * @param batch inputs with labels, or several: the micro-batches of one update
   * @throws (rejects) TypeError and RangeError that name field and row, AlbertError `ERR_BUSY`,
   * `ERR_MEMORY`, `ERR_DISPOSED`, the signal's reason
   *
   * @example
   * const { step, loss, grad_norm } = await trainer.step([firstHalf, secondHalf]);
   */
  async step(batch: Inputs | readonly Inputs[], options: SignalOptions = {}): Promise<StepReport> {
    check.checkOptions('Trainer.step', options, signalSchema);
    return this.#update(this.#pack('Trainer.step', batch), options.signal);
  }

  /**
   * Losses of some batches together, without dropout and without an update. Means are taken over
   * all of them.
   *
   * @throws (rejects) as {@link step}
   *
   * @example
   * const { loss } = await trainer.evaluate([batch]);
   */
  async evaluate(
    batches: Iterable<Inputs> | AsyncIterable<Inputs>,
    options: SignalOptions = {},
  ): Promise<EvaluationReport> {
    check.checkOptions('Trainer.evaluate', options, signalSchema);
    const packed: NativeForwardRequest[] = [];
    for await (const batch of batches) {
      packed.push(this.#parts.pack(`Trainer.evaluate: batch ${packed.length}`, batch));
    }
    return this.#evaluate(packed, options.signal);
  }

  /**
   * The loss and the gradients of the update that {@link step} would make of the same batch; for
   * tests and research.
   *
   * @throws (rejects) as {@link step}
   *
   * @example
   * const { gradients } = await trainer.gradients(batch);
   * console.log(gradients['albert.pooler.weight'].length);
   */
  async gradients(batch: Inputs | readonly Inputs[]): Promise<GradientReport> {
    const result = await this.#native.gradients(this.#pack('Trainer.gradients', batch));
    const flat = Object.entries(result.gradients).map(([name, { data }]) => [
      name,
      data instanceof Float32Array ? data : Float32Array.from(data),
    ]);
    return { ...this.#losses(result), gradients: Object.fromEntries(flat) };
  }

  /**
   * Trains on a dataset until `max_steps`: batches are made in the background, checkpoints and
   * evaluations as the options say. Leaving the loop, also by an error or the signal, saves a
   * checkpoint to `output_dir`; called again, it goes on behind the last example it trained on.
   *
   * @param source absent: the one that the last call, or `resume`, had; the first one behind
   * `resume` goes on where the run was, another one where it stands itself
   * @throws (rejects) AlbertError `ERR_DIVERGED` with advice where gradients stay without finite
   * values, the loss keeps rising, or a masked LM learns nothing; the signal's reason; what the
   * dataset throws; TypeError and RangeError for its examples; `ERR_BUSY`, `ERR_IO`
   *
   * @example
   * for await (const event of trainer.train(dataset)) {
   *   if (event.type === 'step') console.log(event.step, event.loss);
   * }
   */
  async *train(
    source?: TrainingSource,
    options: TrainOptions = {},
  ): AsyncGenerator<TrainingEvent, void, undefined> {
    if (this.#training) throw busy('Trainer.train', 'another loop trains');
    this.#training = true;
    try {
      const dataset = await this.#place(source);
      const { Run } = await import('./run.js');
      yield* new Run({
        options: this.options,
        vocabulary: this.model.config.vocab_size ?? Infinity,
        dataset,
        state: this.#run,
        train: options,
        step: () => this.global_step,
        pack: (where, batch) => this.#parts.pack(where, batch),
        update: (batches, signal) => this.#update(batches, signal),
        evaluate: (batches, signal) => this.#evaluate(batches, signal),
        save: (directory) => this.save(directory),
      }).events();
    } finally {
      this.#training = false;
    }
  }

  /**
   * Writes a checkpoint that {@link resume} and `from_pretrained` can read. The folder appears as a
   * whole; one of that name is replaced.
   *
   * @throws (rejects) AlbertError `ERR_IO`, `ERR_BUSY`, `ERR_DISPOSED`
   *
   * @example
   * await trainer.save('./my-model');
   */
  async save(directory: string): Promise<void> {
    check.nonEmptyString(directory, 'Trainer.save: directory');
    const texts = stateTexts({
      name: this.model.constructor.name,
      config: this.#parts.savedConfig(),
      device: this.#parts.device,
      step: this.global_step,
      options: this.options,
      run: this.#run,
    });
    await this.#native.save(directory, texts);
  }

  /** The bytes that training holds, by name, besides the model's. */
  memory(): { name: string; bytes: number }[] {
    return this.#native.memory();
  }

  /**
   * Stops what runs, and frees all but the weights, which the model keeps. May be called again.
   *
   * @example
   * await trainer.dispose();
   */
  async dispose(): Promise<void> {
    await this.#native.dispose();
  }

  /** The same as {@link dispose}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #pack(where: string, batch: unknown): NativeForwardRequest[] {
    if (!Array.isArray(batch)) return [this.#parts.pack(where, batch)];
    if (batch.length === 0) throw new RangeError(`${where}: expected a batch at least, got none`);
    return Array.from(batch, (one, i) => this.#parts.pack(`${where}: micro-batch ${i}`, one));
  }

  async #update(batches: NativeForwardRequest[], signal?: AbortSignal): Promise<StepReport> {
    signal?.throwIfAborted();
    const report = await this.#stoppable(this.#native.step(batches), signal);
    const { step, grad_norm, learning_rate, tokens, skipped } = report;
    const rest = { grad_norm, learning_rate, tokens, ...(skipped && { skipped: true as const }) };
    return { step, ...this.#losses(report), ...rest };
  }

  async #evaluate(
    batches: NativeForwardRequest[],
    signal?: AbortSignal,
  ): Promise<EvaluationReport> {
    signal?.throwIfAborted();
    if (batches.length === 0) throw new RangeError('Trainer.evaluate: expected a batch at least');
    const report = await this.#stoppable(this.#native.evaluate(batches), signal);
    return { ...this.#losses(report), tokens: report.tokens };
  }

  /** The parts of the loss that the model has. */
  #losses(report: Pick<NativeStepReport, 'loss' | 'mlm_loss' | 'sop_loss'>): {
    loss: number;
    mlm_loss?: number;
    sop_loss?: number;
  } {
    const { loss, mlm_loss, sop_loss } = report;
    if (this.#parts.kind === 'pretraining') return { loss, mlm_loss, sop_loss };
    return this.#parts.kind === 'masked_lm' ? { loss, mlm_loss } : { loss };
  }

  async #stoppable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
    const stop = (): void => this.#native.stop();
    signal?.addEventListener('abort', stop);
    try {
      return await work;
    } catch (error) {
      if (signal?.aborted && (error as Error).name === 'AbortError') throw signal.reason;
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #datasetOf(source: TrainingSource | undefined): TrainingDataset {
    if (source === undefined && this.#dataset) return this.#dataset;
    const iterable = (value: object): boolean =>
      Symbol.asyncIterator in value || Symbol.iterator in value;
    if (typeof source !== 'object' || source === null || !iterable(source)) {
      const expected = 'a dataset: an iterable of { input_ids, labels, … }';
      throw new TypeError(`Trainer.train: expected ${expected}, got ${check.show(source)}`);
    }
    if (isDataset(source)) return (this.#dataset = source);
    const counted = this.#counted.get(source) ?? new CountedDataset(source);
    this.#counted.set(source, counted);
    return (this.#dataset = counted);
  }

  /** The dataset to train on; behind a resumption, the first one is brought to its position. */
  async #place(source: TrainingSource | undefined): Promise<TrainingDataset> {
    const dataset = this.#datasetOf(source);
    if (this.#unplaced) await dataset.restore(this.#run.position as never);
    this.#unplaced = false;
    return dataset;
  }
}

function busy(where: string, reason: string): AlbertError {
  return new AlbertError('ERR_BUSY', `${where}: ${reason}; leave it first`);
}
