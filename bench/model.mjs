// The model that everybody runs: ALBERT-base in shape, weights from a seed, exported once.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { benchFolder, modelFolder, python } from './contestants.mjs';

/** ALBERT-base. */
export const baseConfig = {
  model_type: 'albert',
  vocab_size: 30000,
  embedding_size: 128,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: 'gelu_new',
  max_position_embeddings: 512,
  type_vocab_size: 2,
};

const graphFolder = path.join(modelFolder, 'onnx');

/** Makes the weights, and their ONNX files where Python is there to do it, unless they exist. */
export async function ensureModel(log) {
  if (!existsSync(modelFolder)) {
    log('making the weights in bench/.work (once)');
    await makeInPlace(modelFolder, saveWeights);
  }
  await copyVocabulary();
  if (!existsSync(graphFolder) && existsSync(python)) {
    log('exporting the ONNX files (once)');
    await makeInPlace(graphFolder, exportGraphs);
  }
}

/** What was left half done never gets the folder's name. */
async function makeInPlace(folder, make) {
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await make(draft);
  await rename(draft, folder);
}

/** The vocabulary is the one of the model that ships: ALBERT's own. */
async function copyVocabulary() {
  const target = path.join(modelFolder, 'spiece.model');
  if (existsSync(target)) return;
  await copyFile(path.join(benchFolder, '../models/sst2-mini/spiece.model'), target);
}

async function saveWeights(directory) {
  const { AlbertModel } = await import('../dist/index.mjs');
  const model = await AlbertModel.from_config(baseConfig, { seed: 1 });
  await model.save_pretrained(directory);
  await model.dispose();
}

async function exportGraphs(directory) {
  const script = path.join(benchFolder, 'export_onnx.py');
  await promisify(execFile)(python, [script, modelFolder, directory], { cwd: benchFolder });
}
