// Activations, sums of rows, weighted sums of rows.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

inline void activation(const ActivationTask& t) {
  with_function(t.epilogue, [&](const auto& function) {
    for (int64_t row = 0; row < t.rows; ++row) {
      float* y = t.y + row * t.y_stride;
      const float* x = t.x + row * t.x_stride;
      for_each_vector(t.columns, [&](int64_t i, auto lanes) {
        store(y + i, function(load(x + i, lanes)), lanes);
      });
    }
  });
}

inline void add_rows(float* y, const float* const (&rows)[3], int64_t columns) {
  for_each_vector(columns, [&](int64_t i, auto lanes) {
    const Vec sum = load(rows[0] + i, lanes) + load(rows[1] + i, lanes);
    store(y + i, sum + load(rows[2] + i, lanes), lanes);
  });
}

inline void weighted_sum(const WeightedSumTask& t) {
  for_each_vector(t.columns, [&](int64_t i, auto lanes) {
    Vec sum = broadcast(0.0f);
    for (int64_t row = 0; row < t.rows; ++row) {
      sum = fma(broadcast(t.weights[row]), load(t.x + row * t.x_stride + i, lanes), sum);
    }
    store(t.y + i, sum, lanes);
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
