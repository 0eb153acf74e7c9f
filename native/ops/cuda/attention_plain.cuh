// Attention in float32 arithmetic, for any element type, head size and alignment.
//
// A block has 256 threads and works on 64 rows against 64 others at a time. Thread (x, y) of
// 16 × 16 holds the 16 pairs of rows y + 16 i and columns x + 16 j: shared memory is read without
// conflicts, 8 numbers for 16 multiplications, and one block of random words serves the four
// columns of a row. Output columns are dealt out 64 a block; blocks of the same rows compute the
// same scores, which costs heads of up to 64 columns nothing. (Calculated: not measured on a
// device.)
#pragma once

#include "ops/cuda/attention.cuh"

namespace albert::cuda {

constexpr int kPlainTile = 64;
constexpr int kPlainThreads = 256;
constexpr int kPlainSide = 16;  // threads on a side
constexpr int kPlainEach = 4;   // rows, and columns, of a thread
constexpr int kPlainDepth = 16;  // columns of a product at a time

using PlainSums = float[kPlainEach][kPlainEach];

struct PlainShared {
  float left[kPlainTile][kPlainDepth + 1];
  float right[kPlainTile][kPlainDepth + 1];
  float rows[kPlainTile][kPlainTile + 1];
  float weights[kPlainTile][kPlainTile + 1];
};

/// Some rows of a matrix, from the first column of a head on, less an origin where they have one.
template <class T>
struct PlainRows {
  const T* first;
  int64_t stride;
  int count;
  const T* origin = nullptr;

  __device__ __forceinline__ float read(int row, int column, int columns) const {
    if (row >= count || column >= columns) return 0.0f;
    const float value = to_float(first[row * stride + column]);
    return origin ? value - to_float(origin[column]) : value;
  }
};

template <class T>
__device__ __forceinline__ PlainRows<T> plain_rows(const Rows<const T>& matrix, int head_column,
                                                   int first, int count) {
  return {matrix[first] + head_column, matrix.stride, count < kPlainTile ? count : kPlainTile};
}

__device__ __forceinline__ int plain_row(int i) {
  return int(threadIdx.x) / kPlainSide + i * kPlainSide;
}
__device__ __forceinline__ int plain_column(int j) {
  return int(threadIdx.x) % kPlainSide + j * kPlainSide;
}

/// sums[row, column] = left[row] · right[column].
template <class T>
__device__ __forceinline__ void plain_products(PlainSums& sums, PlainShared& shared,
                                               const PlainRows<T>& left, const PlainRows<T>& right,
                                               int columns) {
#pragma unroll
  for (int i = 0; i < kPlainEach; ++i) {
#pragma unroll
    for (int j = 0; j < kPlainEach; ++j) sums[i][j] = 0.0f;
  }
  for (int first = 0; first < columns; first += kPlainDepth) {
    __syncthreads();  // what was there has been read
    for (int i = int(threadIdx.x); i < kPlainTile * kPlainDepth; i += kPlainThreads) {
      const int row = i / kPlainDepth, column = i % kPlainDepth;
      shared.left[row][column] = left.read(row, first + column, columns);
      shared.right[row][column] = right.read(row, first + column, columns);
    }
    __syncthreads();
    const int depth = columns - first < kPlainDepth ? columns - first : kPlainDepth;
#pragma unroll 2
    for (int k = 0; k < depth; ++k) {
      float a[kPlainEach], b[kPlainEach];
#pragma unroll
      for (int i = 0; i < kPlainEach; ++i) {
        a[i] = shared.left[plain_row(i)][k];
        b[i] = shared.right[plain_column(i)][k];
      }
#pragma unroll
      for (int i = 0; i < kPlainEach; ++i) {
#pragma unroll
        for (int j = 0; j < kPlainEach; ++j) sums[i][j] += a[i] * b[j];
      }
    }
  }
}

/// sums[row, column] += Σ_k weights[row, k] · rows[k, first column + column]; the weights lie in
/// shared memory, where threads have just written them.
template <class T>
__device__ __forceinline__ void plain_weighted(PlainSums& sums, PlainShared& shared,
                                               const PlainRows<T>& rows, int first_column,
                                               int columns) {
  __syncthreads();  // the rows before have been read
  for (int i = int(threadIdx.x); i < kPlainTile * kPlainTile; i += kPlainThreads) {
    const int row = i / kPlainTile, column = i % kPlainTile;
    shared.rows[row][column] = rows.read(row, first_column + column, columns);
  }
  __syncthreads();
#pragma unroll 4
  for (int k = 0; k < rows.count; ++k) {
    float a[kPlainEach], b[kPlainEach];
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
      a[i] = shared.weights[plain_row(i)][k];
      b[i] = shared.rows[k][plain_column(i)];
    }
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) sums[i][j] += a[i] * b[j];
    }
  }
  __syncthreads();  // the weights have been read
}

/// The part of a head that a block writes.
template <class T>
struct PlainTarget {
  Rows<T> matrix;
  int first;  // row
  int count;
  int head_column;

  __device__ __forceinline__ void store(const PlainSums& sums, int columns, float factor) const {
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) store_row(i, sums[i], columns, factor);
  }
  __device__ __forceinline__ void store_row(int i, const float (&sums)[kPlainEach], int columns,
                                            float factor) const {
    if (plain_row(i) >= count) return;
    T* to = matrix[first + plain_row(i)] + head_column;
#pragma unroll
    for (int j = 0; j < kPlainEach; ++j) {
      const int column = int(blockIdx.z) * kPlainTile + plain_column(j);
      if (column < columns) to[column] = from_float<T>(sums[j] * factor);
    }
  }
};

/// Draws whether a query and each of a thread's four keys with the same remainder of 16 are kept:
/// bit j, key + 16 j, key being `first_key` (a multiple of 64) and the remainder.
template <class T>
__device__ __forceinline__ unsigned plain_kept(const AttentionInputs<T>& in, int64_t query,
                                               int first_key, int remainder) {
  if (!in.dropout) return 0xf;
  const int block = first_key / 128 * 16 + remainder;
  return in.dropout.kept(query, int(blockIdx.y), block) >> (first_key / 16 % 8) & 0xf;
}

/// One block for 64 queries of a head: a running softmax over the keys.
template <class T>
__global__ void __launch_bounds__(kPlainThreads)
    attention_forward_plain_kernel(const AttentionForwardArguments<T> a) {
  __shared__ PlainShared shared;
  const AttentionTile tile = query_tile<kPlainTile>(a.in);
  if (tile.count == 0) return;  // the whole block
  const int columns = a.in.head_size, head_column = int(blockIdx.y) * columns;
  const PlainRows<T> queries = plain_rows(a.in.queries, head_column, tile.first, tile.count);
  PlainSums context = {};
  float maximum[kPlainEach], sum[kPlainEach] = {};
#pragma unroll
  for (int i = 0; i < kPlainEach; ++i) maximum[i] = -INFINITY;

  for (int key0 = 0; key0 < tile.other_count; key0 += kPlainTile) {
    const int first = tile.other_first + key0, count = tile.other_count - key0;
    PlainSums scores;
    plain_products(scores, shared, queries, plain_rows(a.in.keys, head_column, first, count),
                   columns);
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
      float top = maximum[i];
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        scores[i][j] = plain_column(j) < count ? scores[i][j] * a.in.scale : -INFINITY;
        top = Maximum{}(top, scores[i][j]);
      }
      top = lanes_reduce<kPlainSide>(top, Maximum{});
      const float shrink = expf(maximum[i] - top);
      maximum[i] = top;
      sum[i] *= shrink;
      const bool exists = plain_row(i) < tile.count;
      const unsigned kept =
          exists ? plain_kept(a.in, tile.first + plain_row(i), key0, plain_column(0)) : 0;
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        const float weight = expf(scores[i][j] - top);
        sum[i] += weight;
        context[i][j] *= shrink;
        shared.weights[plain_row(i)][plain_column(j)] = kept >> j & 1 ? weight : 0.0f;
      }
    }
    plain_weighted(context, shared, plain_rows(a.in.values, head_column, first, count),
                   int(blockIdx.z) * kPlainTile, columns);
  }

  const PlainTarget<T> target{a.context, tile.first, tile.count, head_column};
#pragma unroll
  for (int i = 0; i < kPlainEach; ++i) {
    const float total = lanes_reduce<kPlainSide>(sum[i], Sum{});
    target.store_row(i, context[i], columns, a.in.dropout.scale / total);
    const bool writes = plain_row(i) < tile.count && plain_column(0) == 0 && blockIdx.z == 0;
    if (writes && a.log_sum_exp) {
      a.log_sum_exp[tile.first + plain_row(i)][blockIdx.y] = maximum[i] + logf(total);
    }
  }
}

/// Where a sequence's probabilities begin: A Lq Lk numbers for each before it.
template <class T>
__device__ __forceinline__ int64_t first_probability(const AttentionInputs<T>& in, int sequence) {
  int64_t pairs = 0;
  for (int b = int(threadIdx.x % 32); b < sequence; b += 32) {
    const int64_t queries = in.query_offsets[b + 1] - in.query_offsets[b];
    pairs += queries * (in.key_offsets[b + 1] - in.key_offsets[b]);
  }
  return lanes_reduce<32>(pairs, Sum{}) * gridDim.y;
}

/// The probabilities, where a caller asked to see them: from the log-sum-exp of forward.
template <class T>
__global__ void __launch_bounds__(kPlainThreads, 1)
    attention_probabilities_kernel(const ProbabilitiesArguments<T> a) {
  __shared__ PlainShared shared;
  const AttentionTile tile = query_tile<kPlainTile>(a.in);
  if (tile.count == 0) return;
  const int columns = a.in.head_size, head_column = int(blockIdx.y) * columns;
  const PlainRows<T> queries = plain_rows(a.in.queries, head_column, tile.first, tile.count);
  const int64_t first_query = a.in.query_offsets[tile.sequence];
  const int64_t query_count = a.in.query_offsets[tile.sequence + 1] - first_query;
  const int64_t before = first_probability(a.in, tile.sequence) +
                         int64_t(blockIdx.y) * query_count * tile.other_count;
  for (int key0 = 0; key0 < tile.other_count; key0 += kPlainTile) {
    const int first = tile.other_first + key0, count = tile.other_count - key0;
    PlainSums scores;
    plain_products(scores, shared, queries, plain_rows(a.in.keys, head_column, first, count),
                   columns);
    for (int i = 0; i < kPlainEach; ++i) {
      if (plain_row(i) >= tile.count) continue;
      const int64_t query = tile.first + plain_row(i);
      const float log_sum_exp = a.out.log_sum_exp[query][blockIdx.y];
      float* to = a.out.probabilities + before + (query - first_query) * tile.other_count + key0;
      for (int j = 0; j < kPlainEach; ++j) {
        if (plain_column(j) >= count) continue;
        to[plain_column(j)] = expf(scores[i][j] * a.in.scale - log_sum_exp);
      }
    }
  }
}

}  // namespace albert::cuda
