// Layer normalization, backwards: two sums of each row, then its gradient; the row stays in L1.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// Where the rows of a task's scratch begin.
struct NormScratch {
  float* normed;     // ŝ
  float* gradients;  // g = dy ⊙ weight
  float* factors;    // of the mask

  NormScratch(float* scratch, int64_t columns)
      : normed(scratch),
        gradients(normed + (columns + 15) / 16 * 16),
        factors(gradients + (columns + 15) / 16 * 16) {}
};

/// Σ g / C and Σ (g ŝ) / C.
struct NormSums {
  float gradient;
  float product;
};

/// Leaves ŝ and g in scratch, and adds the row to the sums over rows.
template <class X>
inline NormSums gather_row(const LayerNormBackwardTask& t, const NormScratch& s, int64_t row) {
  const X* x = static_cast<const X*>(t.x) + row * t.x_stride;
  const X* dy = static_cast<const X*>(t.dy) + row * t.dy_stride;
  const X* residual =
      t.residual ? static_cast<const X*>(t.residual) + row * t.residual_stride : nullptr;
  const Vec mean = broadcast(t.mean[row]), rstd = broadcast(t.rstd[row]);
  const bool drops = t.dropout.threshold > 0;
  if (drops) row_mask(s.factors, t.dropout, row, 0, t.columns);
  Vec products = broadcast(0.0f);
  const Vec gradients = sum_of_vectors(t.columns, [&](int64_t i, auto lanes) {
    Vec v = load(x + i, lanes);
    if (drops) v = v * load(s.factors + i);
    if (residual != nullptr) v = v + load(residual + i, lanes);
    const Vec normed = (v - mean) * rstd, gradient = load(dy + i, lanes);
    const Vec weighted = gradient * load(t.weight + i, lanes);
    store(s.normed + i, normed, lanes);
    store(s.gradients + i, weighted, lanes);
    store(t.dweight + i, fma(gradient, normed, load(t.dweight + i, lanes)), lanes);
    store(t.dbias + i, load(t.dbias + i, lanes) + gradient, lanes);
    products = fma(weighted, normed, products);
    return weighted;
  });
  const float columns = float(t.columns);
  return {sum_of_lanes(gradients) / columns, sum_of_lanes(products) / columns};
}

template <class X>
inline void layer_norm_backward_of(const LayerNormBackwardTask& t) {
  const NormScratch s(t.scratch, t.columns);
  for (int64_t i = 0; i < t.columns; ++i) t.dweight[i] = t.dbias[i] = 0;
  for (int64_t row = 0; row < t.rows; ++row) {
    const NormSums sums = gather_row<X>(t, s, row);
    const Vec gradient = broadcast(sums.gradient), product = broadcast(sums.product);
    const Vec rstd = broadcast(t.rstd[row]);
    X* dx = static_cast<X*>(t.dx) + row * t.dx_stride;
    X* dresidual = t.dresidual ? static_cast<X*>(t.dresidual) + row * t.dresidual_stride : nullptr;
    const bool drops = t.dropout.threshold > 0;
    for_each_vector(t.columns, [&](int64_t i, auto lanes) {
      const Vec normed = load(s.normed + i, lanes);
      const Vec ds = rstd * (load(s.gradients + i, lanes) - fma(normed, product, gradient));
      store(dx + i, drops ? ds * load(s.factors + i) : ds, lanes);
      if (dresidual != nullptr) store(dresidual + i, ds, lanes);
    });
  }
}

inline void layer_norm_backward(const LayerNormBackwardTask& t) {
  if (t.element == Element::kF32) return layer_norm_backward_of<float>(t);
  layer_norm_backward_of<Bfloat16>(t);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
