// Which tokens may begin or end an answer.
import type { AlbertConfig } from '../config.js';
import { readLike, type PackedInputs } from '../inputs.js';
import type { NativeForwardRequest } from '../native.js';

/** For each row the tokens, counted within its sequence, that may begin or end an answer. */
export function candidateTokens(
  mask: unknown,
  packed: PackedInputs,
  config: AlbertConfig,
): number[][] {
  const shape = { rows: packed.rowLengths.map((length) => ({ length })), choices: 1 };
  const masks = readLike('p_mask', mask, shape, 2)?.rows;
  const { columns, cu_seqlens } = packed.request;
  return packed.rowLengths.map((_, b) => {
    const begin = cu_seqlens[b] ?? 0;
    const tokens = Array.from({ length: (cu_seqlens[b + 1] ?? 0) - begin }, (_, i) => i);
    const row = masks?.[b];
    if (!row) return defaultCandidates(tokens, begin, packed.request, config);
    checkMask(row, b);
    const chosen = tokens.filter((i) => row[columns[begin + i] ?? 0] === 0);
    if (chosen.length > 0) return chosen;
    throw new RangeError(`p_mask row ${b}: every token is masked; leave at least the first one 0`);
  });
}

function checkMask(row: Int32Array, b: number): void {
  const wrong = row.findIndex((value) => value !== 0 && value !== 1);
  if (wrong < 0) return;
  throw new RangeError(`p_mask row ${b}, column ${wrong}: expected 0 or 1, got ${row[wrong]}`);
}

function defaultCandidates(
  tokens: number[],
  begin: number,
  request: NativeForwardRequest,
  config: AlbertConfig,
): number[] {
  const isContext = (i: number): boolean => request.segments[begin + i] === 1;
  if (!tokens.some(isContext)) return tokens;
  const last = tokens.length - 1;
  const closed = request.tokens[begin + last] === (config.eos_token_id ?? 3);
  return tokens.filter((i) => i === 0 || (isContext(i) && !(closed && i === last)));
}
