// What training adds to the package's exports.
export { Trainer, type GradientReport, type SignalOptions } from './trainer.js';
export type { TrainerOptions } from './trainer-options.js';
export type { TrainableModel } from './trainable-model.js';
export type { Evaluation, TrainOptions } from './run.js';
export type { ResumeOptions } from './resume.js';
export type * from './events.js';
export { LogFile } from './log-file.js';
export { TensorBoardWriter } from './tensorboard.js';
export {
  ExampleDataset,
  type ExampleDatasetOptions,
  type ExampleDatasetState,
  type TrainingDataset,
  type TrainingExample,
  type TrainingSource,
} from './dataset.js';
export {
  PretrainingDataset,
  type PretrainingDatasetState,
  type PretrainingExample,
} from './pretraining-dataset.js';
export type { PretrainingDatasetOptions } from './pretraining-options.js';
export { readPretrainingRecords, writePretrainingRecords } from './pretraining-records.js';
export type { PretrainingRecordOptions } from './pretraining-records.js';
export { readTFRecord, TFRecordWriter, type TFExample, type TFFeature } from './tfrecord.js';
