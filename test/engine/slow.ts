// Models that take a measurable time, for tests of what happens meanwhile.
import { AlbertModel, type LoadOptions } from '../../dist/index.js';

const config = {
  vocab_size: 100,
  embedding_size: 32,
  hidden_size: 256,
  num_attention_heads: 4,
  intermediate_size: 1024,
  max_position_embeddings: 512,
};

/** A model whose forward pass over `row(512)` takes some tenths of a second, in many passes. */
export function slowModel(options: LoadOptions = {}, passes = 60): Promise<AlbertModel> {
  const settings = { ...config, num_hidden_layers: passes };
  return AlbertModel.from_config(settings, { device: 'cpu', ...options });
}

/** A row of tokens that depend on `first`. */
export const row = (length: number, first = 1): number[] =>
  Array.from({ length }, (_, i) => 1 + ((first * 7 + i) % 90));

export const inputsOf = (length: number, first = 1): { input_ids: number[][] } => ({
  input_ids: [row(length, first)],
});

/** Milliseconds that work takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
