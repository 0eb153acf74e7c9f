// The left side of a GEMM, where x cannot be read as it is.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

template <class FormatType>
inline int64_t whole_words(int64_t inputs) {
  return (inputs + FormatType::kGroup - 1) / FormatType::kGroup * FormatType::kGroup;
}

/// Float32 or bfloat16 rows: another element type, or inputs that do not fill the last word.
template <class FormatType>
inline void stage_converted(const StageTask& t) {
  using Left = typename FormatType::Left;
  with_element(t.x_element, t.x, [&](const auto* x) {
    for (int64_t row = 0; row < t.rows; ++row) {
      Left* left = static_cast<Left*>(t.left) + row * t.left_stride;
      for_each_vector(t.inputs, [&](int64_t i, auto lanes) {
        store(left + i, load(x + row * t.x_stride + i, lanes), lanes);
      });
      for (int64_t i = t.inputs; i < whole_words<FormatType>(t.inputs); ++i) left[i] = Left{};
    }
  });
}

/// How a row becomes bytes: x = scale · (q − zero_point), q in [0, kLeftLimit]. Zero is always one
/// of the values, so that padding and exact zeros stay exact.
struct Quantization {
  float scale;
  float inverse;
  int32_t zero_point;

  Quantization(float low, float high) {
    scale = (high - low) / float(kLeftLimit);
    if (!(scale >= 1e-30f)) scale = 1e-30f;  // a row of zeros
    inverse = 1.0f / scale;
    const float offset = 0.5f - low * inverse;
    zero_point = offset < 256.0f ? int32_t(offset) : 0;  // 0 for NaN, which no integer holds
  }
};

template <class Element>
inline Quantization quantization_of(const Element* x, int64_t count) {
  Vec low = broadcast(0.0f), high = broadcast(0.0f), poison = broadcast(0.0f);
  for_each_vector(count, [&](int64_t i, auto lanes) {
    const Vec v = select(lanes, load(x + i, lanes), broadcast(0.0f));
    low = minimum(low, v);
    high = maximum(high, v);
    poison = fma(v, broadcast(0.0f), poison);  // NaN where v is none or infinite
  });
  Quantization how(-largest_lane(broadcast(0.0f) - low), largest_lane(high));
  how.scale +=
      sum_of_lanes(poison);  // bytes hold no NaN: the scale carries it to the row's results
  return how;
}

/// Bytes of `v`, whose lanes hold integers as floats.
inline void store_bytes(uint8_t* p, Vec v, int64_t count) {
  typedef uint8_t ByteVec __attribute__((vector_size(kWidth)));
  const IntVec integers = __builtin_convertvector(v, IntVec);
  const ByteVec bytes = __builtin_convertvector((WordVec)integers - kLeftBias, ByteVec);
  __builtin_memcpy(p, &bytes, size_t(count));
}

template <class Element>
inline void quantize_row(uint8_t* q, const Element* x, int64_t count, const Quantization& how) {
  const Vec offset = broadcast(float(how.zero_point) + 0.5f), limit = broadcast(kLeftLimit);
  for_each_vector(count, [&](int64_t i, auto lanes) {
    const Vec scaled = fma(load(x + i, lanes), broadcast(how.inverse), offset);
    const Vec bounded = minimum(limit, maximum(broadcast(0.0f), scaled));
    store_bytes(q + i, bounded, count - i < kWidth ? count - i : kWidth);
  });
}

inline void stage_quantized(const StageTask& t) {
  with_element(t.x_element, t.x, [&](const auto* x) {
    for (int64_t row = 0; row < t.rows; ++row) {
      uint8_t* left = static_cast<uint8_t*>(t.left) + row * t.left_stride;
      const Quantization how = quantization_of(x + row * t.x_stride, t.inputs);
      quantize_row(left, x + row * t.x_stride, t.inputs, how);
      for (int64_t i = t.inputs; i < whole_words<Int8Format>(t.inputs); ++i) left[i] = 0;
      t.scales[row] = how.scale;
      t.zero_points[row] = how.zero_point - kLeftBias;
    }
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
