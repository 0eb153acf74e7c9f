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
};

void check(const GatherRowsForward& op);
double flops(const GatherRowsForward& op);
double bytes(const GatherRowsForward& op);

}  // namespace albert
