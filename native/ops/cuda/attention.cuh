// What the kernels of attention share: their arguments, and which rows a block works on.
#pragma once

#include "ops/cuda/elements.cuh"
#include "ops/cuda/philox.cuh"

namespace albert::cuda {

template <class T>
struct AttentionInputs {
  Rows<const T> queries;
  Rows<const T> keys;
  Rows<const T> values;
  const int32_t* query_offsets;
  const int32_t* key_offsets;
  int sequences;
  int head_size;
  float scale;  // 1 / √D
  DropoutMask dropout;
};

template <class T>
struct AttentionForwardArguments {
  Rows<T> context;
  Rows<float> log_sum_exp;
  AttentionInputs<T> in;
};

struct ProbabilitiesOutput {
  float* probabilities;
  Rows<const float> log_sum_exp;
};

template <class T>
struct ProbabilitiesArguments {
  ProbabilitiesOutput out;
  AttentionInputs<T> in;
};

template <class T>
struct AttentionBackwardArguments {
  Rows<T> dqueries;
  Rows<T> dkeys;
  Rows<T> dvalues;
  Rows<const T> dcontext;
  Rows<const T> context;
  Rows<const float> log_sum_exp;
  Rows<float> delta;  // (Tq, A): Σ p dp of a query, from the queries' kernel for the keys'
  AttentionInputs<T> in;
};

/// Some rows of one sequence, and all that meet them: keys where they are queries, and vice versa.
struct AttentionTile {
  int sequence;
  int first;  // row of its matrix
  int count;  // 0 = there is no such tile
  int other_first;
  int other_count;
};

/// The offsets of the rows that are cut into tiles, and of those that meet them.
struct TileOffsets {
  const int32_t* rows;
  const int32_t* others;
  int sequences;
};

/// The tile with this number, where each sequence is cut into tiles of kRows. Lengths lie on the
/// device: each warp finds its tile by prefix sums over 32 sequences at a time.
template <int kRows>
__device__ __forceinline__ AttentionTile find_tile(const TileOffsets& offsets, int index) {
  const int lane = int(threadIdx.x % 32);
  int before = 0;  // tiles of sequences that were looked at
  for (int first = 0; first < offsets.sequences; first += 32) {
    const int sequence = first + lane;
    const bool exists = sequence < offsets.sequences;
    const int rows = exists ? offsets.rows[sequence + 1] - offsets.rows[sequence] : 0;
    const int tiles = (rows + kRows - 1) / kRows;
    int end = before + tiles;  // of this sequence's tiles
#pragma unroll
    for (int step = 1; step < 32; step *= 2) {
      const int below = __shfl_up_sync(kAllLanes, end - before, unsigned(step));
      if (lane >= step) end += below;
    }
    const unsigned past = __ballot_sync(kAllLanes, end > index);
    if (past != 0) {
      const int owner = __ffs(int(past)) - 1;
      const int b = first + owner;
      const int row = (index - __shfl_sync(kAllLanes, end - tiles, owner)) * kRows;
      const int left = offsets.rows[b + 1] - offsets.rows[b] - row;
      return {b, offsets.rows[b] + row, left < kRows ? left : kRows, offsets.others[b],
              offsets.others[b + 1] - offsets.others[b]};
    }
    before = __shfl_sync(kAllLanes, end, 31);
  }
  return {0, 0, 0, 0, 0};
}

template <int kRows, class T>
__device__ __forceinline__ AttentionTile query_tile(const AttentionInputs<T>& in) {
  return find_tile<kRows>({in.query_offsets, in.key_offsets, in.sequences}, int(blockIdx.x));
}

template <int kRows, class T>
__device__ __forceinline__ AttentionTile key_tile(const AttentionInputs<T>& in) {
  return find_tile<kRows>({in.key_offsets, in.query_offsets, in.sequences}, int(blockIdx.x));
}

/// How many tiles there are at most, whatever the lengths.
inline unsigned tiles_at_most(int64_t rows, int64_t sequences, int rows_per_tile) {
  return unsigned(rows / rows_per_tile + (sequences < rows ? sequences : rows));
}

}  // namespace albert::cuda
