// How large the logits of narrow heads could be: the measure of their errors in narrow types.
import path from 'node:path';
import { AlbertModel } from '../../dist/index.js';
import type { ForwardJob, PlainOutputs, PlainTensor } from './forward';
import { readSafetensors } from './safetensors';

/** Heads that make a few numbers of a wide row: their weight, and what of the encoder they read. */
const narrowHeads: Record<string, { weight: string; reads: string }> = {
  'sequence classification': { weight: 'classifier.weight', reads: 'pooler_output' },
  'multiple choice': { weight: 'classifier.weight', reads: 'pooler_output' },
  'question answering': { weight: 'qa_outputs.weight', reads: 'last_hidden_state' },
};

export const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

/**
 * ‖weight‖ ‖input‖ of a narrow head, the most that its logits could be: large terms of either sign
 * add up to small logits, whose error is that of the terms. 0 for other heads.
 */
export async function reachOf(
  { path: folder = '', inputs }: ForwardJob,
  what: string,
): Promise<number> {
  const head = narrowHeads[what];
  if (head === undefined) return 0;
  const { bytes } = readSafetensors(path.join(folder, 'model.safetensors')).get(head.weight)!;
  const flat = Object.entries(inputs)
    .filter(([name]) => !name.endsWith('positions'))
    .map(([name, rows]) => [name, what === 'multiple choice' ? rows.flat() : rows]);
  const model = await AlbertModel.from_pretrained(folder, { device: 'cpu', dtype: 'fp32' });
  const outputs = await model(Object.fromEntries(flat) as never);
  const state = (outputs as unknown as PlainOutputs)[head.reads] as PlainTensor;
  const begin = bytes.byteOffset;
  const weight = new Float32Array(bytes.buffer.slice(begin, begin + bytes.length));
  return norm(weight) * norm(state.data);
}
