// The settings that the paper of ALBERT fine-tuned with (arXiv 1909.11942, table 14).
import { UsageError } from '../failures.js';

/** One row of the table. */
export interface Recipe {
  learning_rate: number;
  train_batch_size: number;
  /** Of the encoder; the classifier has 0.1 everywhere. */
  dropout: number;
  max_steps: number;
  warmup_steps: number;
  max_seq_length: number;
}

const rows: Record<
  string,
  [rate: number, batch: number, dropout: number, steps: number, warmup: number, length: number]
> = {
  cola: [1e-5, 16, 0, 5336, 320, 512],
  'sts-b': [2e-5, 16, 0, 3598, 214, 512],
  'sst-2': [1e-5, 32, 0, 20935, 1256, 512],
  mnli: [3e-5, 128, 0, 10000, 1000, 512],
  mismnli: [3e-5, 128, 0, 10000, 1000, 512],
  qnli: [1e-5, 32, 0, 33112, 1986, 512],
  qqp: [5e-5, 128, 0.1, 14000, 1000, 512],
  rte: [3e-5, 32, 0.1, 800, 200, 512],
  mrpc: [2e-5, 32, 0, 800, 200, 512],
  wnli: [2e-5, 16, 0.1, 2000, 250, 512],
  'squad-v1': [5e-5, 48, 0, 3649, 365, 384],
  'squad-v2': [3e-5, 48, 0, 8144, 814, 512],
  race: [2e-5, 32, 0.1, 12000, 1000, 512],
};

/** @throws UsageError for a task that is not in the paper */
export function paperRecipe(task: string): Recipe {
  const row = rows[task];
  if (!row) throw new UsageError(`--recipe paper: it has ${Object.keys(rows).join(', ')}`);
  const [learning_rate, train_batch_size, dropout, max_steps, warmup_steps, max_seq_length] = row;
  return { learning_rate, train_batch_size, dropout, max_steps, warmup_steps, max_seq_length };
}
