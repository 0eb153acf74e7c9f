// Numbers of host tensors, whatever their floating-point type: for copies that convert.
#pragma once

#include "ops/cuda/library.h"

namespace albert::cuda {

/// Throws Error{kShape} for a tensor that is not f32, f64, bf16 or f16.
double number_at(const Tensor& tensor, int64_t row, int64_t column);

/// to = from, each rounded to nearest; equal shapes, both in host memory. Of one dtype, whichever,
/// they are copied. Throws as number_at does.
void convert(const Tensor& to, const Tensor& from);

/// The copy of a matrix, or of a vector, between tensors of one dtype.
CopyRequest copy_request(const Tensor& to, const Tensor& from, bool to_device);

}  // namespace albert::cuda
