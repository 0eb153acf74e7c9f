// IEEE half with the rounding of the toolkit's header: to nearest, ties to even.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "cuda_runtime.h"

struct __half {
  uint16_t bits;
  __half() = default;  // trivial: usable in __shared__
  __half(float value) {
    const uint32_t u = std::bit_cast<uint32_t>(value);
    const uint16_t sign = uint16_t(u >> 16 & 0x8000u);
    const float magnitude = std::fabs(value);
    if (magnitude != magnitude) {
      bits = 0x7fff;
    } else if (magnitude >= 65520.0f) {
      bits = uint16_t(sign | 0x7c00u);
    } else if (magnitude < 0x1p-14f) {
      bits = uint16_t(sign | unsigned(std::nearbyint(magnitude * 0x1p24f)));
    } else {
      const uint32_t m = u & 0x7fffffffu;
      bits = uint16_t(sign | ((m - 0x38000000u + 0xfffu + (m >> 13 & 1)) >> 13));
    }
  }
  operator float() const {
    const float sign = bits & 0x8000u ? -1.0f : 1.0f;
    const int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    if (exponent == 31) return fraction ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * std::ldexp(float(fraction), -24);
    return sign * std::ldexp(float(fraction + 1024), exponent - 25);
  }
};
struct alignas(4) __half2 {
  __half x, y;
};

inline float __half2float(__half value) {
  return value;
}
inline __half2 __floats2half2_rn(float x, float y) {
  return {x, y};
}
