// Softmax pieces: the two statistics of a run of numbers, and what is made from them.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

inline float largest(const float* x, int64_t count) {
  const Vec lowest = broadcast(-__builtin_inff());
  Vec running = lowest;
  for_each_vector(count, [&](int64_t i, auto lanes) {
    running = maximum(running, select(lanes, load(x + i, lanes), lowest));
  });
  return largest_lane(running);
}

inline SoftmaxStatistics softmax_statistics(const float* x, int64_t count) {
  const float maximum = largest(x, count);
  const Vec sum = sum_of_vectors(count, [&](int64_t i, auto lanes) {
    const Vec e = exponential(load(x + i, lanes) - broadcast(maximum));
    return select(lanes, e, broadcast(0.0f));
  });
  return {maximum, sum_of_lanes(sum)};
}

/// y = exp(scale · (x − max x)), not divided by their sum; returns max x and the sum. y may be x.
template <class Output>
inline SoftmaxStatistics exponentials(Output* y, const float* x, int64_t count, float scale) {
  const float maximum = largest(x, count);
  const Vec sum = sum_of_vectors(count, [&](int64_t i, auto lanes) {
    const Vec e = exponential((load(x + i, lanes) - broadcast(maximum)) * broadcast(scale));
    store(y + i, e, lanes);
    return select(lanes, e, broadcast(0.0f));
  });
  return {maximum, sum_of_lanes(sum)};
}

inline void softmax(float* y, const float* x, int64_t count) {
  const Vec inverse = broadcast(1.0f / exponentials(y, x, count, 1.0f).sum);
  for_each_vector(
      count, [&](int64_t i, auto lanes) { store(y + i, load(y + i, lanes) * inverse, lanes); });
}

inline void subtract(float* y, const float* x, float offset, int64_t count) {
  for_each_vector(count, [&](int64_t i, auto lanes) {
    store(y + i, load(x + i, lanes) - broadcast(offset), lanes);
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
