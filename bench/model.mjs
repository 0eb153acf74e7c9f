// The model that everybody runs: ALBERT-base in shape, weights from a seed, exported once.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { benchFolder, modelFolder, workFolder } from './contestants.mjs';

const config = {
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

/** Makes the weights and their ONNX files where they are missing. */
export async function ensureModel(log) {
  if (existsSync(modelFolder)) return;
  log('making the weights and the ONNX files in bench/.work (once)');
  const draft = `${modelFolder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const { AlbertModel } = await import('../dist/index.mjs');
  const model = await AlbertModel.from_config(config, { seed: 1 });
  await model.save_pretrained(draft);
  await model.dispose();
  await exportGraphs(draft, log);
  await rename(draft, modelFolder);
}

async function exportGraphs(directory, log) {
  const python = path.join(workFolder, 'venv/bin/python');
  if (!existsSync(python)) {
    log('no Python environment in bench/.work/venv: no ONNX files, so only this engine can run');
    return;
  }
  const script = path.join(benchFolder, 'export_onnx.py');
  await promisify(execFile)(python, [script, directory], { cwd: benchFolder });
}
