// Small backward kernels: softmax, losses, weighted sums, rows that add up.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

inline void softmax_backward(const SoftmaxBackwardTask& t) {
  const Vec terms = sum_of_vectors(t.count, [&](int64_t i, auto lanes) {
    const Vec dy = load(t.dy + i, lanes);
    return t.logarithm ? dy : load(t.y + i, lanes) * dy;
  });
  const Vec sum = broadcast(sum_of_lanes(terms));
  for_each_vector(t.count, [&](int64_t i, auto lanes) {
    const Vec y = load(t.y + i, lanes), dy = load(t.dy + i, lanes);
    Vec dx = t.logarithm ? dy - exponential(y) * sum : y * (dy - sum);
    if (t.dresidual != nullptr) dx = dx + load(t.dresidual + i, lanes);
    store(t.dx + i, dx, lanes);
  });
}

inline void weighted_sum_backward(const WeightedSumBackwardTask& t) {
  for (int64_t row = 0; row < t.rows; ++row) {
    const float* x = t.x + row * t.x_stride;
    const Vec products = sum_of_vectors(t.columns, [&](int64_t i, auto lanes) {
      return load(x + i, lanes) * load(t.dy + i, lanes);
    });
    t.dweights[row] = sum_of_lanes(products);
    const Vec weight = broadcast(t.weights[row]);
    for_each_vector(t.columns, [&](int64_t i, auto lanes) {
      Vec dx = weight * load(t.dy + i, lanes);
      if (t.dresidual != nullptr) {
        dx = dx + load(t.dresidual + row * t.dresidual_stride + i, lanes);
      }
      store(t.dx + row * t.dx_stride + i, dx, lanes);
    });
  }
}

inline void scaled_exponential(const ScaledExponentialTask& t) {
  const Vec offset = broadcast(t.offset), scale = broadcast(t.scale);
  for_each_vector(t.count, [&](int64_t i, auto lanes) {
    store(t.y + i, exponential(load(t.x + i, lanes) - offset) * scale, lanes);
  });
}

inline void add(void* y, const void* x, Element element, int64_t count) {
  with_element(element, y, [&](auto* sum) {
    const auto* term = static_cast<__typeof__(sum)>(const_cast<void*>(x));
    for_each_vector(count, [&](int64_t i, auto lanes) {
      store(sum + i, load(sum + i, lanes) + load(term + i, lanes), lanes);
    });
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
