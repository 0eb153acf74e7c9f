// Scaled dot-product attention over packed sequences.
#pragma once

#include "core/tensor.h"

namespace albert {

/// For each sequence b, head a and query row i of b, over the key rows j of b, with D = H / A
/// columns per head:
///   score[i,j] = q[i] · k[j] / sqrt(D),  p[i,:] = softmax(score[i,:]),  context[i] = Σ_j p[i,j]
///   v[j]
/// Softmax subtracts the maximum; statistics are float32 or wider. Sequences never see each other.
/// Queries have row offsets of their own, so that a pass may compute only the rows that a head
/// reads.
struct AttentionForward {
  Tensor context;           // (Tq, H)
  Tensor log_sum_exp;       // (Tq, A), kept for backward; none = not kept
  Tensor probabilities;     // flat: for each b, for each a, (Lq_b, Lk_b); none = not wanted
  Tensor queries;           // (Tq, H), may be a slice of columns
  Tensor keys;              // (T, H), may be a slice of columns
  Tensor values;            // (T, H), may be a slice of columns
  Tensor query_cu_seqlens;  // (B + 1) i32: rows [c[b], c[b+1]) of queries belong to sequence b
  Tensor
      cu_seqlens;  // (B + 1) i32: the same for keys and values; every sequence has at least one row
  int64_t heads;   // A
};

void check(const AttentionForward& op);
double flops(const AttentionForward& op);
double bytes(const AttentionForward& op);

}  // namespace albert
