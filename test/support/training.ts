// Training the golden models: batches and examples, options, and how bits are compared.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  AlbertForPreTraining,
  Trainer,
  type Device,
  type StepReport,
  type TrainerOptions,
  type TrainingEvent,
  type TrainingExample,
} from '../../dist/index.js';
import { fixtures, goldenConfig, goldenDirectory, makeCheckpoint, readJson } from './golden';

export interface PretrainingBatch {
  input_ids: number[][];
  token_type_ids: number[][];
  labels: number[][];
  sentence_order_label: number[];
}

export interface GoldenTraining {
  model: string;
  batches: PretrainingBatch[];
  /** [loss, gradient norm before clipping, learning rate] of each update. */
  float64: [number, number, number][];
  final_parameter_norms: Record<string, number>;
}

export const readGoldenTraining = (): GoldenTraining =>
  readJson<GoldenTraining>(fixtures, 'golden/tiny_training.json');

/** The rows of batches, one by one. */
export function rowsOf(batches: readonly PretrainingBatch[]): TrainingExample[] {
  return batches.flatMap((batch) =>
    batch.input_ids.map((input_ids, row) => ({
      input_ids,
      token_type_ids: batch.token_type_ids[row],
      labels: batch.labels[row],
      sentence_order_label: batch.sentence_order_label[row],
    })),
  );
}

/** The golden run's optimizer and schedule. */
export const goldenOptions: TrainerOptions = {
  learning_rate: 1e-3,
  warmup_steps: 10,
  max_steps: 50,
  warmup_from_one: true,
  warmup_scales_decay: true,
  decay_from_start: true,
};

/** Which trainer: a device, and how it computes there. */
export interface Variant {
  name: string;
  device: Device;
  bf16: boolean;
}

export const variants: Variant[] = [
  { name: 'reference', device: 'reference', bf16: false },
  { name: 'cpu', device: 'cpu', bf16: false },
  { name: 'cpu in bf16', device: 'cpu', bf16: true },
];

/** A golden model that drops elements when it is trained, in a directory of its own. */
export function withDropout(directory: string, golden = 'tiny_gelu_new_g1'): string {
  const config = {
    ...goldenConfig(golden),
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    classifier_dropout_prob: 0.1,
  };
  // The toy heads would be told of in a warning.
  const pretraining = /^(albert|predictions|sop_classifier)\./;
  return makeCheckpoint(directory, golden, {
    config,
    tensors: (all) => new Map([...all].filter(([name]) => pretraining.test(name))),
  });
}

export async function makeTrainer(
  directory: string,
  { device, bf16 }: Pick<Variant, 'device' | 'bf16'>,
  options: TrainerOptions = {},
): Promise<Trainer> {
  const model = await AlbertForPreTraining.from_pretrained(directory, { device });
  return new Trainer(model, { ...goldenOptions, ...(bf16 && { bf16 }), ...options });
}

/** The golden run: without dropout. */
export const goldenTrainer = (variant: Pick<Variant, 'device' | 'bf16'>, options = {}) =>
  makeTrainer(goldenDirectory('tiny_gelu_new_g1'), variant, { dropout: false, ...options });

/** Updates from batches; their reports. */
export async function stepAll(
  trainer: Trainer,
  batches: readonly PretrainingBatch[],
): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (const batch of batches) reports.push(await trainer.step(batch));
  return reports;
}

/** All events of a run. */
export async function eventsOf(events: AsyncIterable<TrainingEvent>): Promise<TrainingEvent[]> {
  const all: TrainingEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** The losses and norms of a run's updates, to the bit. */
export function curveOf(events: readonly TrainingEvent[]): number[][] {
  return events.flatMap((event) =>
    event.type === 'step' ? [[event.step, event.loss, event.grad_norm, event.tokens]] : [],
  );
}

/** A checksum of all that a checkpoint holds of weights and moments. */
export function fingerprint(checkpoint: string): string {
  const hash = createHash('sha256');
  for (const name of ['model.safetensors', 'optimizer.safetensors']) {
    hash.update(readFileSync(path.join(checkpoint, name)));
  }
  return hash.digest('hex');
}
