// Selection of rows: [CLS] rows for the pooler, masked rows for the decoder.
#pragma once

#include "core/tensor.h"

namespace albert {

/// y[i] = x[rows[i]]. y may be a slice of columns of a wider matrix. The caller has checked the
/// indices.
struct GatherRowsForward {
  Tensor y;     // (M, C)
  Tensor x;     // (R, C)
  Tensor rows;  // (M) i32, in [0, R)
  bool operator==(const GatherRowsForward&) const = default;
};

/// dx[r] = dresidual[r] + Σ dy[i] over the i with rows[i] = r, in their order.
struct GatherRowsBackward {
  Tensor dx;         // (R, C), every row is written
  Tensor dy;         // (M, C)
  Tensor rows;       // (M) i32, in [0, R)
  Tensor dresidual;  // (R, C), what reaches x another way; none = zeros; may be dx's memory
};

void check(const GatherRowsForward& op);
double flops(const GatherRowsForward& op);
double bytes(const GatherRowsForward& op);
void check(const GatherRowsBackward& op);
double flops(const GatherRowsBackward& op);
double bytes(const GatherRowsBackward& op);

}  // namespace albert
