// Derivatives of the activations, times a gradient.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// Beyond these the slopes of both GELUs are 0 and 1 in float32, and x² overflows.
inline Vec within_gelu_range(Vec x) {
  return minimum(broadcast(20.0f), maximum(broadcast(-20.0f), x));
}

/// gelu_tanh(x) = x s, s = 1 / (1 + e^{−2u}): slope s + x s (1 − s) 2 u', u' = sqrt(2/π) (1 + 3 ·
/// 0.044715 x²).
inline Vec gelu_tanh_slope(Vec x) {
  constexpr float kLinear = -2.0f * 0.797884561f, kCubic = kLinear * 0.044715f;
  x = within_gelu_range(x);
  const Vec square = x * x, one = broadcast(1.0f);
  const Vec minus_two_u = x * fma(broadcast(kCubic), square, broadcast(kLinear));
  const Vec minus_two_slope = fma(broadcast(3.0f * kCubic), square, broadcast(kLinear));
  // 1 − s = e s with e = e^{−2u}: no difference of neighbours.
  const Vec e = exponential(minus_two_u), s = one / (one + e);
  return fma(broadcast(0.0f) - x * minus_two_slope, e * s * s, s);
}

/// Φ(x) + x φ(x), Φ as gelu_erf has it.
inline Vec gelu_erf_slope(Vec x) {
  x = within_gelu_range(x);
  const Vec a = absolute(x), one = broadcast(1.0f);
  const Vec t = one / fma(broadcast(0.35f), a, one);
  const Vec e = exponential(a * a * broadcast(-0.5f));
  const Vec tail = t * polynomial(t, kErfcTail) * e;
  const Vec distribution = select(less(x, broadcast(0.0f)), tail, one - tail);
  return fma(x * e, broadcast(0.39894228f), distribution);
}

inline Vec relu_slope(Vec x) {
  return select(less(broadcast(0.0f), x), broadcast(1.0f), broadcast(0.0f));
}

/// 1 − tanh² x = 4 e / (1 + e)², e = e^{−2|x|}: no difference of neighbours.
inline Vec tanh_slope(Vec x) {
  const Vec one = broadcast(1.0f);
  const Vec e = exponential(absolute(x) * broadcast(-2.0f)), s = one / (one + e);
  return broadcast(4.0f) * e * s * s;
}

/// Calls visit(slope) with the function's derivative.
template <class Visit>
inline void with_slope(Epilogue epilogue, const Visit& visit) {
  switch (epilogue) {
    case Epilogue::kNone:
      return visit([](Vec) { return broadcast(1.0f); });
    case Epilogue::kGeluTanh:
      return visit([](Vec x) { return gelu_tanh_slope(x); });
    case Epilogue::kGeluErf:
      return visit([](Vec x) { return gelu_erf_slope(x); });
    case Epilogue::kRelu:
      return visit([](Vec x) { return relu_slope(x); });
    case Epilogue::kTanh:
      return visit([](Vec x) { return tanh_slope(x); });
  }
}

inline void slope(const SlopeTask& t) {
  with_element(t.dx_element, t.dx, [&](auto* dx) {
    with_element(t.element, t.dy, [&](const auto* dy) {
      const auto* x = static_cast<__typeof__(dy)>(t.x);
      with_slope(t.epilogue, [&](const auto& slope_at) {
        for (int64_t row = 0; row < t.rows; ++row) {
          for_each_vector(t.columns, [&](int64_t i, auto lanes) {
            const Vec gradient = load(dy + row * t.dy_stride + i, lanes);
            const Vec value = gradient * slope_at(load(x + row * t.x_stride + i, lanes));
            store(dx + row * t.dx_stride + i, value, lanes);
          });
        }
      });
    });
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
