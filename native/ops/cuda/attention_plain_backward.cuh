// Attention's backward in float32 arithmetic, for any element type, head size and alignment.
#pragma once

#include "ops/cuda/attention_plain.cuh"

namespace albert::cuda {

/// Values less the sequence's first: the values of neighbours are alike after some layers, and
/// dscore = p (dcontext · value − delta) is what little they differ in, which float32 would lose
/// between products that are much larger. The same number leaves delta, as the p sum up to 1; under
/// dropout they don't, and nothing cancels either.
template <class T>
__device__ __forceinline__ PlainRows<T> centred_values(const AttentionInputs<T>& in,
                                                       int head_column, int first, int count,
                                                       int sequence) {
  PlainRows<T> rows = plain_rows(in.values, head_column, first, count);
  if (!in.dropout) rows.origin = in.values[in.key_offsets[sequence]] + head_column;
  return rows;
}

/// The queries of a block, and where its threads are in them.
template <class T>
struct PlainQueries {
  const AttentionInputs<T>& in;
  const AttentionTile& tile;
  PlainRows<T> queries;
  PlainRows<T> dcontext;
  float log_sum_exp[kPlainEach];

  /// Probabilities and their gradients with the 64 keys from key0 on; 0 where there is no key.
  __device__ __forceinline__ void meet(PlainSums& probabilities, PlainSums& dprobabilities,
                                       PlainShared& shared, int key0) const {
    const int columns = in.head_size, head_column = int(blockIdx.y) * columns;
    const int first = tile.other_first + key0, count = tile.other_count - key0;
    plain_products(probabilities, shared, queries, plain_rows(in.keys, head_column, first, count),
                   columns);
    plain_products(dprobabilities, shared, dcontext,
                   centred_values(in, head_column, first, count, tile.sequence), columns);
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
      const bool exists = plain_row(i) < tile.count;
      const unsigned kept =
          exists ? plain_kept(in, tile.first + plain_row(i), key0, plain_column(0)) : 0;
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        const bool meets = exists && plain_column(j) < count;
        const float score = probabilities[i][j] * in.scale;
        probabilities[i][j] = meets ? expf(score - log_sum_exp[i]) : 0.0f;
        dprobabilities[i][j] *= kept >> j & 1 ? in.dropout.scale : 0.0f;
      }
    }
  }
};

/// dqueries, one block for 64 queries of a head; leaves delta = Σ p dp. Summed over the very
/// numbers that it is taken from, where dcontext · context would bring in what rounding the context
/// has cost. The keys are walked over twice, the second time backwards: the last tile is at hand.
template <class T>
__global__ void __launch_bounds__(kPlainThreads, 1)
    attention_backward_queries_plain_kernel(const AttentionBackwardArguments<T> a) {
  __shared__ PlainShared shared;
  const AttentionTile tile = query_tile<kPlainTile>(a.in);
  if (tile.count == 0) return;
  const int columns = a.in.head_size, head_column = int(blockIdx.y) * columns;
  PlainQueries<T> work{a.in,
                       tile,
                       plain_rows(a.in.queries, head_column, tile.first, tile.count),
                       plain_rows(a.dcontext, head_column, tile.first, tile.count),
                       {}};
#pragma unroll
  for (int i = 0; i < kPlainEach; ++i) {
    const bool exists = plain_row(i) < tile.count;
    work.log_sum_exp[i] =
        exists ? a.log_sum_exp[tile.first + plain_row(i)][blockIdx.y] : INFINITY;
  }

  PlainSums probabilities, dprobabilities;
  float delta[kPlainEach] = {}, total[kPlainEach] = {};
  for (int key0 = 0; key0 < tile.other_count; key0 += kPlainTile) {
    work.meet(probabilities, dprobabilities, shared, key0);
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        delta[i] += probabilities[i][j] * dprobabilities[i][j];
        total[i] += probabilities[i][j];
      }
    }
  }
#pragma unroll
  for (int i = 0; i < kPlainEach; ++i) {
    delta[i] = lanes_reduce<kPlainSide>(delta[i], Sum{});
    total[i] = lanes_reduce<kPlainSide>(total[i], Sum{});
    delta[i] = total[i] > 0.0f ? delta[i] / total[i] : 0.0f;  // they sum up to 1 but for rounding
    const bool writes = plain_row(i) < tile.count && plain_column(0) == 0 && blockIdx.z == 0;
    if (writes) a.delta[tile.first + plain_row(i)][blockIdx.y] = delta[i];
  }

  PlainSums dqueries = {};
  const int last = (tile.other_count - 1) / kPlainTile * kPlainTile;
  for (int key0 = tile.other_count > 0 ? last : -1; key0 >= 0; key0 -= kPlainTile) {
    if (key0 < last) work.meet(probabilities, dprobabilities, shared, key0);
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        const float dscore = probabilities[i][j] * (dprobabilities[i][j] - delta[i]);
        shared.weights[plain_row(i)][plain_column(j)] = dscore;
      }
    }
    plain_weighted(dqueries, shared,
                   plain_rows(a.in.keys, head_column, tile.other_first + key0,
                              tile.other_count - key0),
                   int(blockIdx.z) * kPlainTile, columns);
  }
  PlainTarget<T>{a.dqueries, tile.first, tile.count, head_column}.store(dqueries, columns,
                                                                        a.in.scale);
}

/// dkeys and dvalues, one block for 64 keys of a head, after the queries' kernel.
template <class T>
__global__ void __launch_bounds__(kPlainThreads)
    attention_backward_keys_plain_kernel(const AttentionBackwardArguments<T> a) {
  __shared__ PlainShared shared;
  const AttentionTile tile = key_tile<kPlainTile>(a.in);
  if (tile.count == 0) return;
  const int columns = a.in.head_size, head_column = int(blockIdx.y) * columns;
  const int first_column = int(blockIdx.z) * kPlainTile;
  const int key0 = tile.first - a.in.key_offsets[tile.sequence];
  const PlainRows<T> keys = plain_rows(a.in.keys, head_column, tile.first, tile.count);
  const PlainRows<T> values =
      centred_values(a.in, head_column, tile.first, tile.count, tile.sequence);

  PlainSums dkeys = {}, dvalues = {};
  for (int query0 = 0; query0 < tile.other_count; query0 += kPlainTile) {
    const int first = tile.other_first + query0, count = tile.other_count - query0;
    const PlainRows<T> queries = plain_rows(a.in.queries, head_column, first, count);
    const PlainRows<T> dcontext = plain_rows(a.dcontext, head_column, first, count);
    float log_sum_exp[kPlainEach], delta[kPlainEach];
    unsigned kept[kPlainEach];  // of a query, the four keys of this thread
#pragma unroll
    for (int j = 0; j < kPlainEach; ++j) {
      const bool exists = plain_column(j) < count;
      const int64_t query = first + plain_column(j);
      log_sum_exp[j] = exists ? a.log_sum_exp[query][blockIdx.y] : INFINITY;
      delta[j] = exists ? a.delta[query][blockIdx.y] : 0.0f;
      kept[j] = exists ? plain_kept(a.in, query, key0, plain_row(0)) : 0;
    }
    PlainSums scores, dprobabilities;
    plain_products(scores, shared, keys, queries, columns);
    plain_products(dprobabilities, shared, values, dcontext, columns);
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        const bool meets = plain_row(i) < tile.count && plain_column(j) < count;
        const float probability = expf(scores[i][j] * a.in.scale - log_sum_exp[j]);
        const float factor = kept[j] >> i & 1 ? a.in.dropout.scale : 0.0f;
        const float dscore = probability * (factor * dprobabilities[i][j] - delta[j]);
        shared.weights[plain_row(i)][plain_column(j)] = meets ? factor * probability : 0.0f;
        scores[i][j] = meets ? dscore : 0.0f;
      }
    }
    plain_weighted(dvalues, shared, dcontext, first_column, columns);
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        shared.weights[plain_row(i)][plain_column(j)] = scores[i][j];
      }
    }
    plain_weighted(dkeys, shared, queries, first_column, columns);
  }
  PlainTarget<T>{a.dvalues, tile.first, tile.count, head_column}.store(dvalues, columns, 1.0f);
  PlainTarget<T>{a.dkeys, tile.first, tile.count, head_column}.store(dkeys, columns, a.in.scale);
}

}  // namespace albert::cuda
