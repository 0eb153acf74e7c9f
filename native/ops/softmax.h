// Softmax or log-softmax of segments: the rows of a matrix, or the packed positions of each
// sequence.
#pragma once

#include "core/tensor.h"

namespace albert {

/// For each segment s of x: y = exp(x − m) / Σ exp(x − m), or (logarithm) y = x − m − log Σ exp(x −
/// m), m = max x. Segments are the rows of x, or, with cu_seqlens, the ranges [c[b], c[b+1]) of a
/// flat x.
struct SoftmaxForward {
  Tensor y;           // as x
  Tensor x;           // (R, C), or (T) with cu_seqlens
  Tensor cu_seqlens;  // (B + 1) i32; none = rows
  bool logarithm;
};

/// For each segment: dx = y (dy − Σ y dy) + dresidual, or (logarithm) dx = dy − exp(y) Σ dy +
/// dresidual.
struct SoftmaxBackward {
  Tensor dx;          // as y; may be the same memory as dy
  Tensor dy;          // as y
  Tensor y;           // (R, C), or (T) with cu_seqlens; from forward
  Tensor cu_seqlens;  // (B + 1) i32; none = rows
  bool logarithm;
  Tensor dresidual;  // as y, what reaches x another way; none = zeros; may be dx's memory
};

void check(const SoftmaxForward& op);
double flops(const SoftmaxForward& op);
double bytes(const SoftmaxForward& op);
void check(const SoftmaxBackward& op);
double flops(const SoftmaxBackward& op);
double bytes(const SoftmaxBackward& op);

}  // namespace albert
