// Dropout masks on the device: the definition of ops/dropout.h, eight columns a block of Philox.
#pragma once

#include "ops/cuda/reduce.cuh"
#include "ops/dropout.h"

namespace albert::cuda {

/// Four random words of a counter and key: core/philox.h, to the bit.
__device__ __forceinline__ uint4 philox(uint4 counter, uint2 key) {
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const unsigned high0 = __umulhi(0xD2511F53u, counter.x), low0 = 0xD2511F53u * counter.x;
    const unsigned high1 = __umulhi(0xCD9E8D57u, counter.z), low1 = 0xCD9E8D57u * counter.z;
    counter = {high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0};
    key.x += 0x9E3779B9u;
    key.y += 0xBB67AE85u;
  }
  return counter;
}

/// A dropout as kernels see it.
struct DropoutMask {
  unsigned threshold;  // of 16 random bits; 0 = nothing is dropped
  float scale;         // of what is kept
  uint2 key;
  const int32_t* sequences;
  const int32_t* positions;

  __device__ __forceinline__ explicit operator bool() const { return threshold != 0; }

  /// Bit s: whether column 128 g + 16 s + l of a row is kept, block being 16 g + l.
  __device__ __forceinline__ unsigned kept(int64_t row, int head, int block) const {
    const uint4 words =
        philox({unsigned(block), unsigned(positions[row]), unsigned(sequences[row]),
                unsigned(head)},
               key);
    const unsigned word[4] = {words.x, words.y, words.z, words.w};
    unsigned bits = 0;
#pragma unroll
    for (int slot = 0; slot < 8; ++slot) {
      const unsigned drawn = word[slot / 2] >> (slot % 2 * 16) & 0xffffu;
      bits |= unsigned(drawn >= threshold) << slot;
    }
    return bits;
  }

  /// 0 or `scale` of one element.
  __device__ __forceinline__ float factor(int64_t row, int head, int column) const {
    const unsigned bits = kept(row, head, column / 128 * 16 + column % 16);
    return bits >> (column / 16 % 8) & 1 ? scale : 0.0f;
  }

  /// Bit i: whether column + i of a row without heads is kept, i < kWidth; all are without a
  /// dropout. For vectors a warp works on 128 neighbouring columns, lane l on those from 4 l: lane
  /// l draws the block of column l % 16 for the whole warp, and all lanes must call this.
  template <int kWidth>
  __device__ __forceinline__ unsigned kept_columns(int64_t row, int column) const {
    static_assert(kWidth == 1 || kWidth == 4);
    if (threshold == 0) return (1u << kWidth) - 1;
    const int lane = int(threadIdx.x % 32);
    const int block = column / 128 * 16 + (kWidth == 1 ? column : lane) % 16;
    const unsigned mine = kept(row, 0, block);
    if constexpr (kWidth == 1) return mine >> (column / 16 % 8) & 1;
    unsigned bits = 0;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const unsigned drawn = __shfl_sync(kAllLanes, mine, (lane * 4 + i) % 16);
      bits |= (drawn >> (lane / 4) & 1) << i;
    }
    return bits;
  }

  /// 0 or `scale`, as bit i of kept_columns() says.
  __device__ __forceinline__ float factor_of(unsigned bits, int i) const {
    return bits >> i & 1 ? scale : 0.0f;
  }
};

inline DropoutMask mask_of(const Dropout& dropout) {
  if (dropout.probability == 0) return {0, 1.0f, {0, 0}, nullptr, nullptr};
  return {dropout_threshold(dropout),
          float(dropout_scale(dropout)),
          {dropout.key[0], dropout.key[1]},
          dropout.rows.sequences.as<const int32_t>(),
          dropout.rows.positions.as<const int32_t>()};
}

}  // namespace albert::cuda
