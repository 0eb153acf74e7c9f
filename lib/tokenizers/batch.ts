// Lays encodings out as rows, the way models and Hugging Face's users expect them; pads on request.
import type { Encoding } from './engine.js';

/** What a tokenizer returns: one row for each text, or for each window of one. */
export interface BatchEncoding {
  input_ids: number[][];
  /** 0 for the text and its special tokens, 1 for the pair. */
  token_type_ids: number[][];
  /** 1 for tokens, 0 for padding. */
  attention_mask: number[][];
  /** With `return_offsets_mapping`: [begin, end) in UTF-16 units; [0, 0] for special tokens. */
  offset_mapping?: [begin: number, end: number][][];
  /** With `return_special_tokens_mask`: 1 for [CLS], [SEP] and padding. */
  special_tokens_mask?: number[][];
  /** With `return_sequence_ids`: 0 text, 1 pair, -1 special token or padding. */
  sequence_ids?: number[][];
  /** With `return_overflowing_tokens`: the index of the text each row is a window of. */
  overflow_to_sample_mapping?: number[];
}

/** Which fields are wanted, and how long rows must be. */
export interface Layout {
  offsets: boolean;
  specialMask: boolean;
  sequenceIds: boolean;
  overflow: boolean;
  /** The least length of a row; 0 = no padding. */
  width: number;
  pad: number;
}

/** Makes rows of the encodings of several texts, each of one or more windows. */
export function layOut(texts: readonly Encoding[][], layout: Layout): BatchEncoding {
  const all = texts.flat();
  const fill = (row: ArrayLike<number>, value: number): number[] => {
    const out = Array.from(row);
    while (out.length < layout.width) out.push(value);
    return out;
  };
  const batch: BatchEncoding = {
    input_ids: all.map(({ input_ids }) => fill(input_ids, layout.pad)),
    token_type_ids: all.map(({ token_type_ids }) => fill(token_type_ids, 0)),
    attention_mask: all.map(({ input_ids }) => fill(input_ids.map(() => 1), 0)),
  };
  if (layout.offsets) batch.offset_mapping = all.map((encoding) => pairsOf(encoding, layout.width));
  const sequences = all.map(({ sequence_ids }) => fill(sequence_ids, -1));
  if (layout.sequenceIds) batch.sequence_ids = sequences;
  if (layout.specialMask) {
    batch.special_tokens_mask = sequences.map((row) => row.map((id) => (id < 0 ? 1 : 0)));
  }
  if (layout.overflow) {
    batch.overflow_to_sample_mapping = texts.flatMap((windows, text) => windows.map(() => text));
  }
  return batch;
}

function pairsOf({ offsets, input_ids }: Encoding, width: number): [number, number][] {
  const length = Math.max(input_ids.length, width);
  return Array.from({ length }, (_, i) => [offsets[2 * i] ?? 0, offsets[2 * i + 1] ?? 0]);
}
