// Layer normalization, row by row: sum, centred squares, result; the row stays in L1.
//
// The mean of a float32 sum is a little off. The second pass therefore also sums the centred
// values: that is what is left of the mean, and is taken off the values and their variance.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// What is added up before it is normalized.
template <class X, class Residual>
struct NormInputs {
  const X* x;
  const float* factors;      // of x; null = ones
  const Residual* residual;  // null = zeros
};

/// Leaves x ⊙ factors + residual in `sum` and returns its mean.
template <class X, class Residual>
inline float add_residual(float* sum, const NormInputs<X, Residual>& inputs, int64_t columns) {
  const Vec total = sum_of_vectors(columns, [&](int64_t i, auto lanes) {
    Vec v = load(inputs.x + i, lanes);
    if (inputs.factors != nullptr) v = v * load(inputs.factors + i);
    if (inputs.residual != nullptr) v = v + load(inputs.residual + i, lanes);
    store(sum + i, v, lanes);
    return v;
  });
  return sum_of_lanes(total) / float(columns);
}

struct CentredStatistics {
  float mean;
  float variance;
};

/// Takes `mean` off y; returns mean and variance of what is left.
inline CentredStatistics centre(float* y, float mean, int64_t columns) {
  Vec sum = broadcast(0.0f);
  const Vec squares = sum_of_vectors(columns, [&](int64_t i, auto lanes) {
    const Vec centred = select(lanes, load(y + i, lanes) - broadcast(mean), broadcast(0.0f));
    store(y + i, centred, lanes);
    sum = sum + centred;
    return centred * centred;
  });
  const float left = sum_of_lanes(sum) / float(columns);
  const float variance = sum_of_lanes(squares) / float(columns) - left * left;
  return {left, variance < 0.0f ? 0.0f : variance};  // rounding, where the row is constant
}

template <class Y, class X>
inline void normalize_rows(const LayerNormTask& t, Y* y, const X* x) {
  float* const factors = t.scratch + (t.columns + 15) / 16 * 16;
  const bool drops = t.dropout.threshold > 0;
  for (int64_t row = 0; row < t.rows; ++row, y += t.y_stride, x += t.x_stride) {
    if (drops) row_mask(factors, t.dropout, row, 0, t.columns);
    const Y* residual =
        t.residual ? static_cast<const Y*>(t.residual) + row * t.residual_stride : nullptr;
    const NormInputs<X, Y> inputs = {x, drops ? factors : nullptr, residual};
    const float mean = add_residual(t.scratch, inputs, t.columns);
    const CentredStatistics left = centre(t.scratch, mean, t.columns);
    const float rstd = 1.0f / __builtin_sqrtf(left.variance + t.epsilon);
    for_each_vector(t.columns, [&](int64_t i, auto lanes) {
      const Vec normalized = (load(t.scratch + i, lanes) - broadcast(left.mean)) * broadcast(rstd);
      store(y + i, fma(normalized, load(t.weight + i, lanes), load(t.bias + i, lanes)), lanes);
    });
    if (t.mean != nullptr) t.mean[row] = mean + left.mean;
    if (t.rstd != nullptr) t.rstd[row] = rstd;
  }
}

inline void layer_norm(const LayerNormTask& t) {
  with_element(t.y_element, t.y, [&](auto* y) {
    with_element(t.x_element, t.x, [&](const auto* x) { normalize_rows(t, y, x); });
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
