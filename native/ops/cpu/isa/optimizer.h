// Gradient norms, AdamW and LAMB on runs of parameters.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// Lane by lane; the compiler makes one instruction of it.
inline Vec square_root(Vec v) {
  alignas(64) float lanes[kWidth];
  store(lanes, v);
  for (int i = 0; i < kWidth; ++i) lanes[i] = __builtin_sqrtf(lanes[i]);
  return load(lanes);
}

/// Vectors that are added up in float32 before their sum goes on in float64.
constexpr int64_t kSumBlock = 64 * kWidth;

inline double square_sum(const float* x, int64_t count) {
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += kSumBlock) {
    Vec sum = broadcast(0.0f);
    const int64_t left = count - begin;
    for_each_vector(left < kSumBlock ? left : kSumBlock, [&](int64_t i, auto lanes) {
      const Vec v = load(x + begin + i, lanes);
      sum = fma(v, v, sum);
    });
    total += double(sum_of_lanes(sum));
  }
  return total;
}

struct Moments {
  Vec moment;
  Vec variance;
};

template <class L>
inline Moments stored_moments(const AdamTask& t, int64_t i, L lanes) {
  return {load(t.moment + i, lanes), load(t.variance + i, lanes)};
}

/// The moments with this step's gradient in them.
template <class L>
inline Moments advanced_moments(const AdamTask& t, int64_t i, L lanes) {
  const Vec g = load(t.gradient + i, lanes) * broadcast(t.gradient_factor);
  const Moments old = stored_moments(t, i, lanes);
  const Vec m = fma(broadcast(t.beta1), old.moment, broadcast(t.one_minus_beta1) * g);
  const Vec v = fma(broadcast(t.beta2), old.variance, broadcast(t.one_minus_beta2) * g * g);
  store(t.moment + i, m, lanes);
  store(t.variance + i, v, lanes);
  return {m, v};
}

/// Lanes past the end have moments and weight 0, and so an update of 0 / ε = 0.
inline Vec update_of(const AdamTask& t, Moments moments, Vec weight) {
  const Vec deviation = square_root(moments.variance) * broadcast(t.variance_factor);
  const Vec step = moments.moment * broadcast(t.moment_factor) / (deviation + broadcast(t.epsilon));
  return fma(broadcast(t.weight_decay), weight, step);
}

template <class L>
inline void apply_update(const AdamTask& t, int64_t i, Moments moments, L lanes) {
  const Vec w = load(t.weight + i, lanes);
  store(t.weight + i, fma(broadcast(-t.learning_rate), update_of(t, moments, w), w), lanes);
}

inline void adamw(const AdamTask& t) {
  for_each_vector(t.count, [&](int64_t i, auto lanes) {
    apply_update(t, i, advanced_moments(t, i, lanes), lanes);
  });
}

inline LambSums lamb_moments(const AdamTask& t) {
  LambSums sums = {0, 0};
  for (int64_t begin = 0; begin < t.count; begin += kSumBlock) {
    Vec weights = broadcast(0.0f), updates = broadcast(0.0f);
    const int64_t left = t.count - begin;
    for_each_vector(left < kSumBlock ? left : kSumBlock, [&](int64_t i, auto lanes) {
      const Vec w = load(t.weight + begin + i, lanes);
      const Vec u = update_of(t, advanced_moments(t, begin + i, lanes), w);
      weights = fma(w, w, weights);
      updates = updates + select(lanes, u * u, broadcast(0.0f));
    });
    sums.weight += double(sum_of_lanes(weights));
    sums.update += double(sum_of_lanes(updates));
  }
  return sums;
}

inline void lamb_apply(const AdamTask& t) {
  for_each_vector(t.count, [&](int64_t i, auto lanes) {
    apply_update(t, i, stored_moments(t, i, lanes), lanes);
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
