// Attention on tensor cores, for bf16 and f16 and heads of 64 or 128 aligned columns.
//
// A warp owns 16 rows: it multiplies them with tiles of other rows, which all warps of a block
// share and which travel into shared memory while the tile before is used. Sums stay in the
// fragments of mma.m16n8k16: lane l has the rows l / 4 and l / 4 + 8 and, of each 8 columns,
// 2 (l % 4) and the next. The statistics of a row lie in the 4 lanes that share it; each row is
// computed in the same way whatever the number of warps.
#pragma once

#include "ops/cuda/attention.cuh"
#include "ops/cuda/tensor_core.cuh"

namespace albert::cuda {

constexpr int kOtherRows = 64;  // of a tile that a block walks over
constexpr int kStages = 2;
constexpr float kLog2E = 1.4426950408889634f;
constexpr float kLn2 = 0.6931471805599453f;

/// Rows in shared memory, 16 bytes apart in their banks: eight of them are read without conflict.
template <class T, int kRows, int kHead>
struct alignas(16) HeadTile {
  T at[kRows][kHead + 8];
};

/// Sums of 16 rows and 8 kBlocks columns, as a warp holds them: element 2 h + j of block n is row
/// lane / 4 + 8 h and column 8 n + 2 (lane % 4) + j.
template <int kBlocks>
struct Fragments {
  float at[kBlocks][4] = {};
};

__device__ __forceinline__ int lane_of_warp() {
  return int(threadIdx.x % 32);
}
__device__ __forceinline__ int fragment_row(int half) {
  return lane_of_warp() / 4 + half * 8;
}
__device__ __forceinline__ int fragment_column(int block, int j) {
  return block * 8 + lane_of_warp() % 4 * 2 + j;
}

template <class T>
__device__ __forceinline__ void multiply_add(float (&sums)[4], const unsigned (&a)[4], unsigned b0,
                                             unsigned b1) {
  const unsigned b[2] = {b0, b1};
  if constexpr (std::is_same_v<T, __half>) {
    mma_m16n8k16_f16(sums, a, b, sums);
  } else {
    mma_m16n8k16_bf16(sums, a, b, sums);
  }
}

template <class T>
__device__ __forceinline__ unsigned pack(float low, float high) {
  if constexpr (std::is_same_v<T, __half>) {
    return pack_f16(low, high);
  } else {
    return pack_bf16(low, high);
  }
}

/// Some rows in device memory, from the first column of a head on.
template <class T>
struct HeadRows {
  const T* first;
  int64_t stride;
  int count;
};

template <class T>
__device__ __forceinline__ HeadRows<T> head_rows(const Rows<const T>& matrix, int head_column,
                                                 int first, int count) {
  return {matrix[first] + head_column, matrix.stride, count};
}

/// Starts to copy rows into a tile; those past the last are zeros. One group of copies.
template <int kThreads, class T, int kRows, int kHead>
__device__ __forceinline__ void fetch_tile(HeadTile<T, kRows, kHead>& tile,
                                           const HeadRows<T>& rows) {
  constexpr int kPieces = kHead / 8;  // 16 bytes each
#pragma unroll
  for (int i = int(threadIdx.x); i < kRows * kPieces; i += kThreads) {
    const int row = i / kPieces, column = i % kPieces * 8;
    const bool valid = row < rows.count;
    copy_async_16(&tile.at[row][column], rows.first + (valid ? row : 0) * rows.stride + column,
                  valid);
  }
  copy_async_commit();
}

/// The other rows of a tile, of two matrices, on their way through shared memory: a stage of each
/// is read while the next one comes in. All threads of a block call it.
template <class T, int kRows, int kHead, int kThreads>
struct Walk {
  HeadTile<T, kRows, kHead> (&left)[kStages];
  HeadTile<T, kRows, kHead> (&right)[kStages];
  const Rows<const T>& left_rows;
  const Rows<const T>& right_rows;
  const AttentionTile& tile;
  int head_column;

  __device__ __forceinline__ static int stage(int from) { return from / kRows % kStages; }

  /// Starts to copy the rows from `from` on.
  __device__ __forceinline__ void fetch(int from) const {
    const int first = tile.other_first + from, count = tile.other_count - from;
    fetch_tile<kThreads>(left[stage(from)], head_rows(left_rows, head_column, first, count));
    fetch_tile<kThreads>(right[stage(from)], head_rows(right_rows, head_column, first, count));
  }
  /// Asks for the rows after those from `from` on, and waits for these.
  __device__ __forceinline__ void await(int from) const {
    if (from + kRows < tile.other_count) {
      fetch(from + kRows);
      copy_async_wait<2>();  // all but the two tiles just asked for
    } else {
      copy_async_wait<0>();
    }
    __syncthreads();
  }
};

/// sums += left · rightᵀ over the columns of a head: 16 rows of left from `row`, all of right.
template <class T, int kLeft, int kRight, int kHead>
__device__ __forceinline__ void multiply_rows(Fragments<kRight / 8>& sums,
                                              const HeadTile<T, kLeft, kHead>& left, int row,
                                              const HeadTile<T, kRight, kHead>& right) {
  const int lane = lane_of_warp();
#pragma unroll
  for (int k = 0; k < kHead; k += 32) {
    unsigned a[2][4];
    ldmatrix_x4(a[0], &left.at[row + lane % 16][k + lane / 16 * 8]);
    ldmatrix_x4(a[1], &left.at[row + lane % 16][k + 16 + lane / 16 * 8]);
#pragma unroll
    for (int n = 0; n < kRight / 8; ++n) {
      unsigned b[4];
      ldmatrix_x4(b, &right.at[n * 8 + lane % 8][k + lane / 8 * 8]);
      multiply_add<T>(sums.at[n], a[0], b[0], b[1]);
      multiply_add<T>(sums.at[n], a[1], b[2], b[3]);
    }
  }
}

/// sums += weights · rows: the weights of 16 rows with kRows others, rounded to T, times these.
template <class T, int kRows, int kHead>
__device__ __forceinline__ void multiply_weights(Fragments<kHead / 8>& sums,
                                                 const Fragments<kRows / 8>& weights,
                                                 const HeadTile<T, kRows, kHead>& rows) {
  const int lane = lane_of_warp();
#pragma unroll
  for (int k = 0; k < kRows / 16; ++k) {
    const auto& low = weights.at[2 * k];
    const auto& high = weights.at[2 * k + 1];
    const unsigned a[4] = {pack<T>(low[0], low[1]), pack<T>(low[2], low[3]),
                           pack<T>(high[0], high[1]), pack<T>(high[2], high[3])};
#pragma unroll
    for (int n = 0; n < kHead / 8; n += 2) {
      unsigned b[4];
      ldmatrix_x4_transposed(b, &rows.at[k * 16 + lane % 16][n * 8 + lane / 16 * 8]);
      multiply_add<T>(sums.at[n], a, b[0], b[1]);
      multiply_add<T>(sums.at[n + 1], a, b[2], b[3]);
    }
  }
}

/// Over the 4 lanes of a row.
template <class Op>
__device__ __forceinline__ float quad_reduce(float value, Op op) {
  value = op(value, __shfl_xor_sync(kAllLanes, value, 1));
  return op(value, __shfl_xor_sync(kAllLanes, value, 2));
}

/// Writes one of the two rows of a lane, times a factor.
template <class T, int kHead>
__device__ __forceinline__ void store_fragment_row(T* to, const Fragments<kHead / 8>& sums,
                                                   int half, float factor) {
#pragma unroll
  for (int n = 0; n < kHead / 8; ++n) {
    const float pair[2] = {sums.at[n][half * 2] * factor, sums.at[n][half * 2 + 1] * factor};
    store(to + fragment_column(n, 0), pair);
  }
}

/// Which keys of 128 are kept, for a lane's two queries: its columns have 4 remainders of 16, so
/// that 4 blocks of random words serve a query, 8 bits each.
struct KeptKeys {
  unsigned bits[2] = {~0u, ~0u};

  template <class T>
  __device__ __forceinline__ void draw(const AttentionInputs<T>& in, const AttentionTile& tile,
                                       int warp_row, int key0) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = warp_row + fragment_row(half);
      bits[half] = 0;
      if (row >= tile.count) continue;
#pragma unroll
      for (int b = 0; b < 4; ++b) {
        const int block = key0 / 128 * 16 + fragment_column(b / 2, b % 2);
        bits[half] |= in.dropout.kept(tile.first + row, int(blockIdx.y), block) << (b * 8);
      }
    }
  }
  /// Element `element` of block n of the fragments of the tile of 64 keys from key0 on.
  __device__ __forceinline__ bool has(int key0, int n, int element) const {
    const int slot = key0 / 16 % 8 + n / 2, b = n % 2 * 2 + element % 2;
    return bits[element / 2] >> (b * 8 + slot) & 1;
  }
};

template <class T, int kHead, int kWarps>
struct ForwardShared {
  HeadTile<T, kWarps * 16, kHead> queries;
  HeadTile<T, kOtherRows, kHead> keys[kStages];
  HeadTile<T, kOtherRows, kHead> values[kStages];
};

/// The running softmax of a lane's two rows, in powers of two.
struct RunningSoftmax {
  float maximum[2] = {-INFINITY, -INFINITY};
  float sum[2] = {};

  /// Scores to weights; what was summed so far shrinks to the new maximum.
  template <int kBlocks>
  __device__ __forceinline__ void advance(Fragments<kOtherRows / 8>& scores,
                                          Fragments<kBlocks>& context, float scale, int keys) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float top = maximum[half];
#pragma unroll
      for (int n = 0; n < kOtherRows / 8; ++n) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          float& score = scores.at[n][half * 2 + j];
          score = fragment_column(n, j) < keys ? score * scale : -INFINITY;
          top = fmaxf(top, score);
        }
      }
      top = quad_reduce(top, Maximum{});
      const float shrink = exp2f(maximum[half] - top);
      maximum[half] = top;
      sum[half] *= shrink;
#pragma unroll
      for (int n = 0; n < kOtherRows / 8; ++n) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          float& score = scores.at[n][half * 2 + j];
          score = exp2f(score - top);  // NaN stays NaN
          sum[half] += score;
        }
      }
#pragma unroll
      for (int n = 0; n < kBlocks; ++n) {
#pragma unroll
        for (int j = 0; j < 2; ++j) context.at[n][half * 2 + j] *= shrink;
      }
    }
  }
};

/// A block for 16 kWarps queries of a head. Four warps share the tiles of keys and values; where
/// that makes too few blocks to fill a device, one warp alone (the caller chooses).
template <class T, int kHead, int kWarps>
__global__ void __launch_bounds__(kWarps * 32)
    attention_forward_kernel(const AttentionForwardArguments<T> a) {
  constexpr int kThreads = kWarps * 32;
  auto& shared = *dynamic_shared<ForwardShared<T, kHead, kWarps>>();
  const AttentionTile tile = query_tile<kWarps * 16>(a.in);
  if (tile.count == 0) return;  // the whole block
  const int warp_row = int(threadIdx.x) / 32 * 16, head_column = int(blockIdx.y) * kHead;
  const Walk<T, kOtherRows, kHead, kThreads> walk{
      shared.keys, shared.values, a.in.keys, a.in.values, tile, head_column};
  fetch_tile<kThreads>(shared.queries,
                       head_rows(a.in.queries, head_column, tile.first, tile.count));
  walk.fetch(0);

  Fragments<kHead / 8> context;
  RunningSoftmax softmax;
  KeptKeys kept;
  for (int key0 = 0; key0 < tile.other_count; key0 += kOtherRows) {
    const int stage = walk.stage(key0);
    walk.await(key0);
    Fragments<kOtherRows / 8> scores;
    multiply_rows(scores, shared.queries, warp_row, shared.keys[stage]);
    softmax.advance(scores, context, a.in.scale * kLog2E, tile.other_count - key0);
    if (a.in.dropout) {
      if (key0 % 128 == 0) kept.draw(a.in, tile, warp_row, key0);
#pragma unroll
      for (int n = 0; n < kOtherRows / 8; ++n) {
#pragma unroll
        for (int element = 0; element < 4; ++element) {
          if (!kept.has(key0, n, element)) scores.at[n][element] = 0.0f;
        }
      }
    }
    multiply_weights(context, scores, shared.values[stage]);
    __syncthreads();  // this stage has been read and may be written again
  }

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float total = quad_reduce(softmax.sum[half], Sum{});
    const int row = warp_row + fragment_row(half), query = tile.first + row;
    if (row >= tile.count) continue;
    store_fragment_row<T, kHead>(a.context[query] + head_column, context, half,
                                 a.in.dropout.scale / total);
    if (a.log_sum_exp && lane_of_warp() % 4 == 0) {
      a.log_sum_exp[query][blockIdx.y] = (softmax.maximum[half] + log2f(total)) * kLn2;
    }
  }
}

}  // namespace albert::cuda
