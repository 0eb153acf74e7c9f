// Weighted sum of the rows of each sequence (the start feature of the span-v2 head).
#pragma once

#include "core/tensor.h"

namespace albert {

/// y[b] = Σ_t weights[t] · x[t] over the rows t of sequence b, in order.
struct WeightedSumForward {
  Tensor y;           // (B, H); may be a slice of columns
  Tensor x;           // (T, H)
  Tensor weights;     // (T)
  Tensor cu_seqlens;  // (B + 1) i32
};

/// For the rows t of sequence b: dx[t] = weights[t] dy[b] + dresidual[t], dweights[t] = x[t] ·
/// dy[b].
struct WeightedSumBackward {
  Tensor dx;          // (T, H)
  Tensor dweights;    // (T)
  Tensor dy;          // (B, H); may be a slice of columns
  Tensor x;           // (T, H)
  Tensor weights;     // (T)
  Tensor cu_seqlens;  // (B + 1) i32
  Tensor dresidual;   // (T, H), what reaches x another way; none = zeros; may be dx's memory
};

void check(const WeightedSumForward& op);
double flops(const WeightedSumForward& op);
double bytes(const WeightedSumForward& op);
void check(const WeightedSumBackward& op);
double flops(const WeightedSumBackward& op);
double bytes(const WeightedSumBackward& op);

}  // namespace albert
