// The losses of the heads, one value a row: cross-entropy, binary cross-entropy, squared error.
#pragma once

#include "core/tensor.h"

namespace albert {

/// loss = log Σ_c exp(logits[c]) − logits[label], or 0 where label = ignore_index. The classes of a
/// row are its columns, or, with cu_seqlens, the packed positions of sequence b (span heads), where
/// label counts from the sequence's start.
struct CrossEntropyForward {
  Tensor losses;       // (R)
  Tensor log_sum_exp;  // (R), kept for backward; none = not kept
  Tensor logits;       // (R, C), or (T) with cu_seqlens
  Tensor labels;       // (R) i32
  Tensor cu_seqlens;   // (R + 1) i32; none = rows
  int32_t ignore_index;
};

/// loss = max(x, 0) − x z + log(1 + exp(−|x|)) for logit x and target z: the stable form of
/// −z log σ(x) − (1 − z) log(1 − σ(x)).
struct BinaryCrossEntropyForward {
  Tensor losses;   // (R, C)
  Tensor logits;   // (R, C)
  Tensor targets;  // (R, C)
};

/// loss = (x − z)².
struct SquaredErrorForward {
  Tensor losses;       // (R, C)
  Tensor predictions;  // (R, C)
  Tensor targets;      // (R, C)
};

void check(const CrossEntropyForward& op);
double flops(const CrossEntropyForward& op);
double bytes(const CrossEntropyForward& op);
void check(const BinaryCrossEntropyForward& op);
double flops(const BinaryCrossEntropyForward& op);
double bytes(const BinaryCrossEntropyForward& op);
void check(const SquaredErrorForward& op);
double flops(const SquaredErrorForward& op);
double bytes(const SquaredErrorForward& op);

}  // namespace albert
