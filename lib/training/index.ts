// What training adds to the package's exports.
export {
  PretrainingDataset,
  type PretrainingDatasetState,
  type PretrainingExample,
} from './pretraining-dataset.js';
export type { PretrainingDatasetOptions } from './pretraining-options.js';
export { readPretrainingRecords, writePretrainingRecords } from './pretraining-records.js';
export type { PretrainingRecordOptions } from './pretraining-records.js';
export { readTFRecord, TFRecordWriter, type TFExample, type TFFeature } from './tfrecord.js';
