// Attention's backward on tensor cores: one kernel for the queries' gradient, one for the keys' and
// values'.
//
// Each computes the scores again, 7 products a pair in all where one kernel for everything would
// need 5: but that one would have to add to dqueries from many blocks, in whatever order they come.
#pragma once

#include "ops/cuda/attention_tensor_core.cuh"

namespace albert::cuda {

template <class T, int kHead, int kWarps>
struct QueriesShared {
  HeadTile<T, kWarps * 16, kHead> queries;
  HeadTile<T, kWarps * 16, kHead> dcontext;
  HeadTile<T, kOtherRows, kHead> keys[kStages];
  HeadTile<T, kOtherRows, kHead> values[kStages];
};

/// dcontext · context of a lane's row, dcontext lying in shared memory.
template <class T, int kRows, int kHead>
__device__ __forceinline__ float delta_of(const HeadTile<T, kRows, kHead>& dcontext, int row,
                                          const T* context) {
  float product = 0;
#pragma unroll
  for (int n = 0; n < kHead / 8; ++n) {
    float pair[2];
    load(pair, context + fragment_column(n, 0));
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      product += to_float(dcontext.at[row][fragment_column(n, j)]) * pair[j];
    }
  }
  return product;
}

/// dqueries of 16 kWarps queries of a head; leaves delta for the keys' kernel.
template <class T, int kHead, int kWarps>
__global__ void __launch_bounds__(kWarps * 32)
    attention_backward_queries_kernel(const AttentionBackwardArguments<T> a) {
  constexpr int kThreads = kWarps * 32;
  auto& shared = *dynamic_shared<QueriesShared<T, kHead, kWarps>>();
  const AttentionTile tile = query_tile<kWarps * 16>(a.in);
  if (tile.count == 0) return;  // the whole block
  const int warp_row = int(threadIdx.x) / 32 * 16, head_column = int(blockIdx.y) * kHead;
  const Walk<T, kOtherRows, kHead, kThreads> walk{
      shared.keys, shared.values, a.in.keys, a.in.values, tile, head_column};
  fetch_tile<kThreads>(shared.queries,
                       head_rows(a.in.queries, head_column, tile.first, tile.count));
  fetch_tile<kThreads>(shared.dcontext,
                       head_rows(a.dcontext, head_column, tile.first, tile.count));
  copy_async_wait<0>();
  __syncthreads();
  walk.fetch(0);

  float log_sum_exp[2], delta[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = warp_row + fragment_row(half), query = tile.first + row;
    const bool exists = row < tile.count;
    log_sum_exp[half] = exists ? a.log_sum_exp[query][blockIdx.y] * kLog2E : INFINITY;
    const float part =
        exists ? delta_of(shared.dcontext, row, a.context[query] + head_column) : 0.0f;
    delta[half] = quad_reduce(part, Sum{});
    if (exists && lane_of_warp() % 4 == 0) a.delta[query][blockIdx.y] = delta[half];
  }

  Fragments<kHead / 8> dqueries;
  KeptKeys kept;
  for (int key0 = 0; key0 < tile.other_count; key0 += kOtherRows) {
    const int stage = walk.stage(key0);
    walk.await(key0);
    Fragments<kOtherRows / 8> scores, dprobabilities;
    multiply_rows(scores, shared.queries, warp_row, shared.keys[stage]);
    multiply_rows(dprobabilities, shared.dcontext, warp_row, shared.values[stage]);
    if (a.in.dropout && key0 % 128 == 0) kept.draw(a.in, tile, warp_row, key0);
#pragma unroll
    for (int n = 0; n < kOtherRows / 8; ++n) {
#pragma unroll
      for (int element = 0; element < 4; ++element) {
        float& score = scores.at[n][element];
        const int half = element / 2;
        const float probability = exp2f(score * (a.in.scale * kLog2E) - log_sum_exp[half]);
        const float factor = kept.has(key0, n, element) ? a.in.dropout.scale : 0.0f;
        const float dscore = probability * (factor * dprobabilities.at[n][element] - delta[half]);
        score = key0 + fragment_column(n, element % 2) < tile.other_count ? dscore : 0.0f;
      }
    }
    multiply_weights(dqueries, scores, shared.keys[stage]);
    __syncthreads();  // this stage has been read and may be written again
  }

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = warp_row + fragment_row(half);
    if (row >= tile.count) continue;
    store_fragment_row<T, kHead>(a.dqueries[tile.first + row] + head_column, dqueries, half,
                                 a.in.scale);
  }
}

constexpr int kKeyWarps = 4;
constexpr int kKeyRows = kKeyWarps * 16;

/// Fewer queries at a time where a head is wide, so that the sums of its keys fit registers.
template <int kHead>
constexpr int kQueryRows = kHead > 64 ? 32 : 64;

template <class T, int kHead>
struct KeysShared {
  HeadTile<T, kKeyRows, kHead> keys;
  HeadTile<T, kKeyRows, kHead> values;
  HeadTile<T, kQueryRows<kHead>, kHead> queries[kStages];
  HeadTile<T, kQueryRows<kHead>, kHead> dcontext[kStages];
  float log_sum_exp[kQueryRows<kHead>];
  float delta[kQueryRows<kHead>];
  unsigned char kept[kQueryRows<kHead>][16];  // bit s: key 16 s + column of the 128 around the tile
};

/// What the keys' kernel needs of some queries beside their rows. All threads of a block call it.
template <class T, int kHead>
__device__ __forceinline__ void read_queries(KeysShared<T, kHead>& shared,
                                             const AttentionBackwardArguments<T>& a, int first,
                                             int count, int key0) {
  constexpr int kThreads = kKeyWarps * 32;
  for (int i = int(threadIdx.x); i < kQueryRows<kHead>; i += kThreads) {
    const bool exists = i < count;
    const float log_sum_exp = exists ? a.log_sum_exp[first + i][blockIdx.y] : INFINITY;
    shared.log_sum_exp[i] = log_sum_exp * kLog2E;
    shared.delta[i] = exists ? a.delta[first + i][blockIdx.y] : 0.0f;
  }
  if (!a.in.dropout) return;
  for (int i = int(threadIdx.x); i < kQueryRows<kHead> * 16; i += kThreads) {
    const int query = i / 16, block = key0 / 128 * 16 + i % 16;
    const unsigned bits =
        query < count ? a.in.dropout.kept(first + query, int(blockIdx.y), block) : 0;
    shared.kept[query][i % 16] = (unsigned char)bits;
  }
}

/// dkeys and dvalues of 64 keys of a head, over all queries of their sequence. Rows are keys here,
/// so that what a warp sums is its own.
template <class T, int kHead>
__global__ void __launch_bounds__(kKeyWarps * 32)
    attention_backward_keys_kernel(const AttentionBackwardArguments<T> a) {
  constexpr int kThreads = kKeyWarps * 32, kQueries = kQueryRows<kHead>;
  auto& shared = *dynamic_shared<KeysShared<T, kHead>>();
  const AttentionTile tile = key_tile<kKeyRows>(a.in);
  if (tile.count == 0) return;  // the whole block
  const int warp_row = int(threadIdx.x) / 32 * 16, head_column = int(blockIdx.y) * kHead;
  const int key0 = tile.first - a.in.key_offsets[tile.sequence];
  const Walk<T, kQueries, kHead, kThreads> walk{
      shared.queries, shared.dcontext, a.in.queries, a.dcontext, tile, head_column};
  fetch_tile<kThreads>(shared.keys, head_rows(a.in.keys, head_column, tile.first, tile.count));
  fetch_tile<kThreads>(shared.values, head_rows(a.in.values, head_column, tile.first, tile.count));
  if (tile.other_count > 0) walk.fetch(0);

  Fragments<kHead / 8> dkeys, dvalues;
  for (int query0 = 0; query0 < tile.other_count; query0 += kQueries) {
    const int stage = walk.stage(query0);
    read_queries(shared, a, tile.other_first + query0, tile.other_count - query0, key0);
    walk.await(query0);
    Fragments<kQueries / 8> weights, dscores;
    multiply_rows(weights, shared.keys, warp_row, shared.queries[stage]);
    multiply_rows(dscores, shared.values, warp_row, shared.dcontext[stage]);
    const int slot = (key0 + warp_row) / 16 % 8;
#pragma unroll
    for (int n = 0; n < kQueries / 8; ++n) {
#pragma unroll
      for (int element = 0; element < 4; ++element) {
        const int query = fragment_column(n, element % 2);
        const float score = weights.at[n][element] * (a.in.scale * kLog2E);
        const float probability = exp2f(score - shared.log_sum_exp[query]);
        const bool kept =
            !a.in.dropout || (shared.kept[query][fragment_row(element / 2)] >> slot & 1);
        const float factor = kept ? a.in.dropout.scale : 0.0f;
        const float dprobability = factor * dscores.at[n][element];
        dscores.at[n][element] = probability * (dprobability - shared.delta[query]);
        weights.at[n][element] = factor * probability;
      }
    }
    multiply_weights(dvalues, weights, shared.dcontext[stage]);
    multiply_weights(dkeys, dscores, shared.queries[stage]);
    __syncthreads();  // this stage has been read and may be written again
  }
  copy_async_wait<0>();

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = warp_row + fragment_row(half), key = tile.first + row;
    if (row >= tile.count) continue;
    store_fragment_row<T, kHead>(a.dvalues[key] + head_column, dvalues, half, 1.0f);
    store_fragment_row<T, kHead>(a.dkeys[key] + head_column, dkeys, half, a.in.scale);
  }
}

}  // namespace albert::cuda
