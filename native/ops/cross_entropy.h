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

/// The gradient of scale · Σ losses: dlogits = scale (exp(logits − log_sum_exp) − [c = label]), 0
/// where label = ignore_index. The softmax is part of it.
struct CrossEntropyBackward {
  Tensor dlogits;      // as logits; may be the same memory
  Tensor log_sum_exp;  // (R), from forward
  Tensor logits;       // (R, C), or (T) with cu_seqlens
  Tensor labels;       // (R) i32
  Tensor cu_seqlens;   // (R + 1) i32; none = rows
  int32_t ignore_index;
  double scale;
};

/// The gradient of scale · Σ losses: dlogits = scale (σ(x) − z).
struct BinaryCrossEntropyBackward {
  Tensor dlogits;  // (R, C); may be the same memory as logits
  Tensor logits;   // (R, C)
  Tensor targets;  // (R, C)
  double scale;
};

/// The gradient of scale · Σ losses: dpredictions = 2 scale (x − z).
struct SquaredErrorBackward {
  Tensor dpredictions;  // (R, C); may be the same memory as predictions
  Tensor predictions;   // (R, C)
  Tensor targets;       // (R, C)
  double scale;
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
void check(const CrossEntropyBackward& op);
double flops(const CrossEntropyBackward& op);
double bytes(const CrossEntropyBackward& op);
void check(const BinaryCrossEntropyBackward& op);
double flops(const BinaryCrossEntropyBackward& op);
double bytes(const BinaryCrossEntropyBackward& op);
void check(const SquaredErrorBackward& op);
double flops(const SquaredErrorBackward& op);
double bytes(const SquaredErrorBackward& op);

}  // namespace albert
