// Tasks for tests: data sets written to a folder, what tasks read of them, and a tiny model.
import fs from 'node:fs';
import path from 'node:path';
import { AlbertForPreTraining } from '../../dist/index.js';
import { openTask, type Split, type TaskOptions } from '../../dist/training/tasks/index.js';
import { spiece } from './spiece';
import { take } from './pretraining';

/** Writes files by name into a folder, which it makes. */
export function writeFolder(folder: string, files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return folder;
}

/** What a task reads of a split. */
export async function examplesOf<Example>(
  name: string,
  split: Split,
  options: TaskOptions,
): Promise<Example[]> {
  const task = await openTask(name, options);
  return (await take(task.read(split))) as Example[];
}

/** A tiny pretrained model beside the shipped vocabulary. */
export async function tinyPretrained(folder: string): Promise<string> {
  await using model = await AlbertForPreTraining.from_config({
    vocab_size: 30000,
    embedding_size: 16,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 64,
    hidden_act: 'gelu_new',
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    max_position_embeddings: 64,
    initializer_range: 0.1,
  });
  await model.save_pretrained(folder);
  fs.copyFileSync(spiece, path.join(folder, 'spiece.model'));
  return folder;
}
