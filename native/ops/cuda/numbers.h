// Numbers of host tensors, whatever their floating-point type: for copies that convert.
#pragma once

#include "core/tensor.h"

namespace albert::cuda {

/// Throws Error{kShape} for a tensor that is not f32, f64, bf16 or f16.
double number_at(const Tensor& tensor, int64_t row, int64_t column);

/// to = from, each rounded to nearest; equal shapes, both in host memory. Throws as number_at does.
void convert(const Tensor& to, const Tensor& from);

}  // namespace albert::cuda
