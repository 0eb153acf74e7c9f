// How many operations an update takes: what shares of a machine's peak are measured by.
import type { AlbertConfig } from '../config.js';

/** What an update reads. */
export interface UpdateSize {
  tokens: number;
  sequences: number;
  /** Positions that the masked-LM head computes; 0 where there is none. */
  masked: number;
}

/**
 * Multiplications and additions of an update: the matrix products of a forward pass, and twice as
 * many backward (a gradient for each of two factors). What recomputation repeats does not count: a
 * share of peak then tells what it costs.
 */
export function updateFlops(
  config: AlbertConfig,
  { tokens, sequences, masked }: UpdateSize,
): number {
  const { embedding_size: E = 128, hidden_size: H = 768, intermediate_size: F = 3072 } = config;
  const { num_hidden_layers: N = 12, inner_group_num: inner = 1, vocab_size: V = 30000 } = config;
  const length = tokens / Math.max(1, sequences);
  const layer = 2 * (4 * H * H + 2 * H * F) + 4 * length * H;
  const forward =
    tokens * (2 * E * H + N * inner * layer) + masked * 2 * (H * E + E * V) + sequences * 2 * H * H;
  return 3 * forward;
}
