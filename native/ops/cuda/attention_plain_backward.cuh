// Attention's backward in float32 arithmetic, for any element type, head size and alignment.
#pragma once

#include "ops/cuda/attention_plain.cuh"

namespace albert::cuda {

/// dqueries, one block for 64 queries of a head; leaves delta = dcontext · context.
template <class T>
__global__ void __launch_bounds__(kPlainThreads, 1)
    attention_backward_queries_plain_kernel(const AttentionBackwardArguments<T> a) {
  __shared__ PlainShared shared;
  const AttentionTile tile = query_tile<kPlainTile>(a.in);
  if (tile.count == 0) return;
  const int columns = a.in.head_size, head_column = int(blockIdx.y) * columns;
  const PlainRows<T> queries = plain_rows(a.in.queries, head_column, tile.first, tile.count);
  const PlainRows<T> dcontext = plain_rows(a.dcontext, head_column, tile.first, tile.count);
  const PlainRows<T> context = plain_rows(a.context, head_column, tile.first, tile.count);
  float log_sum_exp[kPlainEach], delta[kPlainEach];
#pragma unroll
  for (int i = 0; i < kPlainEach; ++i) {
    const int row = plain_row(i);
    float product = 0;
    for (int c = plain_column(0); c < columns; c += kPlainSide) {
      product += dcontext.read(row, c, columns) * context.read(row, c, columns);
    }
    delta[i] = lanes_reduce<kPlainSide>(product, Sum{});
    log_sum_exp[i] = row < tile.count ? a.log_sum_exp[tile.first + row][blockIdx.y] : INFINITY;
    const bool writes = row < tile.count && plain_column(0) == 0 && blockIdx.z == 0;
    if (writes) a.delta[tile.first + row][blockIdx.y] = delta[i];
  }

  PlainSums dqueries = {};
  for (int key0 = 0; key0 < tile.other_count; key0 += kPlainTile) {
    const int first = tile.other_first + key0, count = tile.other_count - key0;
    const PlainRows<T> keys = plain_rows(a.in.keys, head_column, first, count);
    PlainSums scores, dprobabilities;
    plain_products(scores, shared, queries, keys, columns);
    plain_products(dprobabilities, shared, dcontext,
                   plain_rows(a.in.values, head_column, first, count), columns);
#pragma unroll
    for (int i = 0; i < kPlainEach; ++i) {
      const bool exists = plain_row(i) < tile.count;
      const unsigned kept =
          exists ? plain_kept(a.in, tile.first + plain_row(i), key0, plain_column(0)) : 0;
#pragma unroll
      for (int j = 0; j < kPlainEach; ++j) {
        const bool meets = exists && plain_column(j) < count;
        const float probability = expf(scores[i][j] * a.in.scale - log_sum_exp[i]);
        const float factor = kept >> j & 1 ? a.in.dropout.scale : 0.0f;
        const float dscore = probability * (factor * dprobabilities[i][j] - delta[i]);
        shared.weights[plain_row(i)][plain_column(j)] = meets ? dscore : 0.0f;
      }
    }
    plain_weighted(dqueries, shared, keys, int(blockIdx.z) * kPlainTile, columns);
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
  const PlainRows<T> values = plain_rows(a.in.values, head_column, tile.first, tile.count);

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
