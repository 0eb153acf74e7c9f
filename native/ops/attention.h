// Scaled dot-product attention over packed sequences.
#pragma once

#include "ops/dropout.h"

namespace albert {

/// For each sequence b, head a and query row i of b, over the key rows j of b, with D = H / A
/// columns per head:
///   score[i,j] = q[i] · k[j] / sqrt(D),  p[i,:] = softmax(score[i,:]),
///   context[i] = Σ_j m[i,j] p[i,j] v[j],  m the mask of the probabilities' dropout, 1 without one.
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
  Tensor cu_seqlens;        // (B + 1) i32: the same for keys and values; no sequence is empty
  int64_t heads;            // A
  Dropout dropout;          // of the probabilities, its rows being those of queries; = {}: none
  bool operator==(const AttentionForward&) const = default;
};

/// p is computed again: p[i,j] = exp(score[i,j] − log_sum_exp[i]). With dp[i,j] = m[i,j]
/// dcontext[i] · v[j] and the softmax's derivative, dscore = p (dp − Σ_j p dp), where Σ_j p dp =
/// dcontext[i] · context[i]:
///   dvalues[j] = Σ_i m[i,j] p[i,j] dcontext[i],
///   dqueries[i] = Σ_j dscore[i,j] k[j] / sqrt(D),  dkeys[j] = Σ_i dscore[i,j] q[i] / sqrt(D)
struct AttentionBackward {
  Tensor dqueries;          // (Tq, H), may be a slice of columns, as all of these
  Tensor dkeys;             // (T, H)
  Tensor dvalues;           // (T, H)
  Tensor dcontext;          // (Tq, H)
  Tensor context;           // (Tq, H), from forward
  Tensor log_sum_exp;       // (Tq, A), from forward
  Tensor queries;           // (Tq, H)
  Tensor keys;              // (T, H)
  Tensor values;            // (T, H)
  Tensor query_cu_seqlens;  // (B + 1) i32
  Tensor cu_seqlens;        // (B + 1) i32
  int64_t heads;            // A
  Dropout dropout;          // as in forward
};

void check(const AttentionForward& op);
double flops(const AttentionForward& op);
double bytes(const AttentionForward& op);
void check(const AttentionBackward& op);
double flops(const AttentionBackward& op);
double bytes(const AttentionBackward& op);

}  // namespace albert
