// exp, tanh and both GELUs on vectors. Coefficients: minimax fits by reweighted least squares.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

inline Vec absolute(Vec v) {
  return from_bits(bits_of(v) & 0x7fffffff);
}

/// Σ c[i] x^i. Horner, from the highest coefficient down.
template <int kCount>
[[gnu::always_inline]] inline Vec polynomial(Vec x, const float (&c)[kCount]) {
  Vec sum = broadcast(c[kCount - 1]);
#pragma GCC unroll 16
  for (int i = kCount - 2; i >= 0; --i) sum = fma(sum, x, broadcast(c[i]));
  return sum;
}

/// e^x within 2 ulp for −87.3 <= x <= 88; 0 below −87.7, e^88 above 88; NaN stays NaN.
/// x = n ln 2 + f, |f| <= ln 2 / 2, e^f = 1 + f + f² P(f) with |error of P's term| < 3.1e-9.
inline Vec exponential(Vec x) {
  constexpr float kP[] = {0.49999993f, 0.16666520f, 0.041668394f, 0.0083687804f, 0.0013814467f};
  x = minimum(broadcast(88.0f), maximum(broadcast(-88.0f), x));
  // Adding 1.5 · 2^23 leaves round(x / ln 2) in the low bits of the sum.
  const Vec magic = broadcast(12582912.0f);
  const Vec shifted = fma(x, broadcast(1.44269504f), magic);
  const Vec n = shifted - magic;
  // ln 2 in two parts, the first with so few bits that n times it is exact.
  Vec f = fma(n, broadcast(-0.693359375f), x);
  f = fma(n, broadcast(2.12194440e-4f), f);
  const Vec power = from_bits((bits_of(shifted) << 23) + 0x3f800000);  // 2^n; 0 for n = −127
  return fma(fma(f * f, polynomial(f, kP), f), power, power);
}

/// Within 9e-8 absolute and 2e-7 relative. |x| < 0.55: x + x³ P(x²), |error| < 1.1e-9; else by
/// 1 − 2 / (e^{2|x|} + 1).
inline Vec hyperbolic_tangent(Vec x) {
  constexpr float kP[] = {-0.33333318f, 0.13332586f, -0.05385231f, 0.021071679f, -0.0062742398f};
  const Vec magnitude = absolute(x), square = x * x;
  const Vec near_zero = fma(x * square, polynomial(square, kP), x);
  const Vec one = broadcast(1.0f), two = broadcast(2.0f);
  const Vec far = one - two / (exponential(magnitude * two) + one);
  const Vec signed_far = from_bits(bits_of(far) | (bits_of(x) & INT32_MIN));
  return select(less(magnitude, broadcast(0.55f)), near_zero, signed_far);
}

/// 0.5 x (1 + tanh u) = x / (1 + e^{−2u}), u = sqrt(2/π) (x + 0.044715 x³). Error below
/// 1.3e-7 max(1, |x|).
inline Vec gelu_tanh(Vec x) {
  constexpr float kLinear = -2.0f * 0.797884561f, kCubic = kLinear * 0.044715f;
  const Vec minus_two_u = x * fma(broadcast(kCubic), x * x, broadcast(kLinear));
  return x / (broadcast(1.0f) + exponential(minus_two_u));
}

/// R of gelu_erf.
constexpr float kErfcTail[] = {0.13962141f, 0.13986187f,  0.11983287f, 0.10550798f,  -0.02310978f,
                               0.15917408f, -0.25571418f, 0.14397167f, -0.029145923f};

/// 0.5 x (1 + erf(x / √2)) = max(x, 0) − |x| Q(|x|) with Q(a) = erfc(a / √2) / 2 = e^{−a²/2} R(t),
/// t = 1 / (1 + 0.35 a), R a fit with relative error < 3.2e-8. Error below 1.1e-7 max(1, |x|).
/// From |x| = 20 on, Q is 0 in float32 (and infinity times it would be NaN).
inline Vec gelu_erf(Vec x) {
  const Vec a = minimum(broadcast(20.0f), absolute(x)), one = broadcast(1.0f);
  const Vec t = one / fma(broadcast(0.35f), a, one);
  const Vec tail = t * polynomial(t, kErfcTail) * exponential(a * a * broadcast(-0.5f));
  return fma(from_bits(bits_of(a) | INT32_MIN), tail, maximum(broadcast(0.0f), x));
}

/// 2^x within 8e-5 of it for |x| <= 120, where it ends; NaN may become any number.
inline Vec near_power_of_two(Vec x) {
  constexpr float kP[] = {0.99992806f, 0.69326097f, 0.24261113f, 0.05517167f};
  x = minimum(broadcast(120.0f), maximum(broadcast(-120.0f), x));
  const Vec magic = broadcast(12582912.0f), shifted = x + magic;
  const Vec fraction = x - (shifted - magic);
  return from_bits(bits_of(polynomial(fraction, kP)) + (bits_of(shifted) << 23));
}

constexpr float kLog2OfE = 1.44269504f;

/// gelu_tanh and gelu_erf for results that become bfloat16 or bytes, which rounds by 2e-3 of them:
/// within 1e-3 of the result + 3e-8, by shorter polynomials and without a division.
inline Vec near_gelu_tanh(Vec x) {
  constexpr float kLinear = -2.0f * 0.797884561f * kLog2OfE, kCubic = kLinear * 0.044715f;
  const Vec exponent = x * fma(broadcast(kCubic), x * x, broadcast(kLinear));
  return x * near_reciprocal(broadcast(1.0f) + near_power_of_two(exponent));
}
inline Vec near_gelu_erf(Vec x) {
  const Vec a = minimum(broadcast(20.0f), absolute(x)), one = broadcast(1.0f);
  const Vec t = near_reciprocal(fma(broadcast(0.35f), a, one));
  const Vec power = near_power_of_two(a * a * broadcast(-0.5f * kLog2OfE));
  const Vec tail = t * polynomial(t, kErfcTail) * power;
  return fma(from_bits(bits_of(a) | INT32_MIN), tail, maximum(broadcast(0.0f), x));
}

/// Calls visit(function) with the epilogue's function, so that the switch stays out of the loops.
template <class Visit>
inline void with_function(Epilogue epilogue, const Visit& visit) {
  switch (epilogue) {
    case Epilogue::kNone:
      return visit([](Vec x) { return x; });
    case Epilogue::kGeluTanh:
      return visit([](Vec x) { return gelu_tanh(x); });
    case Epilogue::kGeluErf:
      return visit([](Vec x) { return gelu_erf(x); });
    case Epilogue::kRelu:
      return visit([](Vec x) { return maximum(broadcast(0.0f), x); });
    case Epilogue::kTanh:
      return visit([](Vec x) { return hyperbolic_tangent(x); });
  }
}
/// The same, of the near functions where there are some.
template <class Visit>
inline void with_near_function(Epilogue epilogue, const Visit& visit) {
  if (epilogue == Epilogue::kGeluTanh) return visit([](Vec x) { return near_gelu_tanh(x); });
  if (epilogue == Epilogue::kGeluErf) return visit([](Vec x) { return near_gelu_erf(x); });
  with_function(epilogue, visit);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
