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

void check(const WeightedSumForward& op);
double flops(const WeightedSumForward& op);
double bytes(const WeightedSumForward& op);

}  // namespace albert
