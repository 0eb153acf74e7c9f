// Texts as token ids, and batches of them as models take them.
import type { Sized } from './batching.js';
import type { Tensor } from './tensor.js';
import type { AlbertTokenizer } from './tokenizer.js';

/** A text with an optional second one. */
export interface Texts {
  text: string;
  text_pair?: string;
}

/** A tokenized text, ready for the model. */
export interface Sequence extends Sized {
  input_ids: number[];
  token_type_ids: number[];
  /** Begin and end of each token in its text, in UTF-16 units; only where asked for. */
  offsets: [number, number][];
}

/**
 * Tokenizes texts and pairs off the JavaScript thread; the longer text of a pair is cut to fit.
 *
 * @param settings `max_length` in tokens, special ones included
 */
export async function encodeSequences(
  tokenizer: AlbertTokenizer,
  texts: readonly Texts[],
  settings: { max_length: number; return_offsets_mapping?: boolean },
): Promise<Sequence[]> {
  const sequences = new Array<Sequence>(texts.length);
  const options = { truncation: true, ...settings };
  const encode = async (indices: number[], text_pair?: string[]) => {
    if (indices.length === 0) return;
    const encoded = await tokenizer.encode_batch(
      indices.map((index) => texts[index]!.text),
      text_pair ? { ...options, text_pair } : options,
    );
    indices.forEach((index, i) => {
      sequences[index] = {
        input_ids: encoded.input_ids[i]!,
        token_type_ids: encoded.token_type_ids[i]!,
        offsets: encoded.offset_mapping?.[i] ?? [],
      };
    });
  };
  const indices = [...texts.keys()];
  const paired = indices.filter((index) => texts[index]!.text_pair !== undefined);
  await encode(indices.filter((index) => texts[index]!.text_pair === undefined));
  await encode(
    paired,
    paired.map((index) => texts[index]!.text_pair!),
  );
  return sequences;
}

/** The inputs of a batch as a model takes them. */
export function toInputs(batch: readonly { input_ids: number[]; token_type_ids: number[] }[]): {
  input_ids: number[][];
  token_type_ids: number[][];
} {
  return {
    input_ids: batch.map((sequence) => sequence.input_ids),
    token_type_ids: batch.map((sequence) => sequence.token_type_ids),
  };
}

/** The part of a tensor at leading indices: a view of its data. */
export function row(tensor: Tensor, ...at: number[]): Float32Array {
  let offset = 0;
  let size = tensor.data.length;
  at.forEach((index, axis) => {
    size /= tensor.dims[axis]!;
    offset += index * size;
  });
  return (tensor.data as Float32Array).subarray(offset, offset + size);
}

/** A choice as RACE reads it: it replaces each "_" of the question, or follows the question. */
export function joinedChoice(question: string | undefined, choice: string): string {
  if (question === undefined) return choice;
  return question.includes('_') ? question.replaceAll('_', () => choice) : `${question} ${choice}`;
}
