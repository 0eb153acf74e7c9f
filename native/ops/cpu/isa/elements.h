// Activations in memory: float32 as it is, bfloat16 widened on load and rounded on store.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

inline IntVec bits_of(Vec v) {
  return (IntVec)v;
}
inline Vec from_bits(IntVec bits) {
  return (Vec)bits;
}

/// The nearest bfloat16, ties to even, in the upper halves of the lanes; a NaN stays one.
inline Vec rounded_to_bfloat16(Vec v) {
  const WordVec bits = (WordVec)v;
  const WordVec rounded = bits + 0x7fff + ((bits >> 16) & 1);
  const WordVec quiet = bits | 0x400000;
  const WordVec is_nan = (WordVec)((IntVec)(bits & 0x7fffffff) > 0x7f800000);
  return (Vec)((is_nan & quiet) | (~is_nan & rounded));
}

inline Vec load(const Bfloat16* p, AllLanes = {}) {
  return load_upper_halves(p);
}
inline Vec load(const Bfloat16* p, const FirstLanes& lanes) {
  Bfloat16 all[kWidth] = {};
  __builtin_memcpy(all, p, size_t(lanes.count) * sizeof *p);
  return load_upper_halves(all);
}
inline void store(Bfloat16* p, Vec v, AllLanes = {}) {
#if defined(__AVX512BF16__)
  const __m256bh halves = _mm512_cvtneps_pbh(v);
  __builtin_memcpy(p, &halves, sizeof halves);
#else
  store_upper_halves(p, rounded_to_bfloat16(v));
#endif
}
inline void store(Bfloat16* p, Vec v, const FirstLanes& lanes) {
  Bfloat16 all[kWidth];
  store(all, v);
  __builtin_memcpy(p, all, size_t(lanes.count) * sizeof *p);
}

/// y = x, in y's element type.
template <class Output, class Input, class LanesType>
inline void copy_vector(Output* y, const Input* x, LanesType lanes) {
  store(y, load(x, lanes), lanes);
}
inline void copy_vector(Bfloat16* y, const Bfloat16* x, AllLanes) {
  __builtin_memcpy(y, x, kWidth * sizeof *x);
}

/// Calls visit(pointer) with the pointer typed.
template <class Visit>
inline void with_element(Element element, void* pointer, const Visit& visit) {
  if (element == Element::kF32) return visit(static_cast<float*>(pointer));
  visit(static_cast<Bfloat16*>(pointer));
}
template <class Visit>
inline void with_element(Element element, const void* pointer, const Visit& visit) {
  if (element == Element::kF32) return visit(static_cast<const float*>(pointer));
  visit(static_cast<const Bfloat16*>(pointer));
}

inline void convert(const ConvertTask& t) {
  with_element(t.y_element, t.y, [&](auto* y) {
    with_element(t.x_element, t.x, [&](const auto* x) {
      for (int64_t row = 0; row < t.rows; ++row) {
        for_each_vector(t.columns, [&](int64_t i, auto lanes) {
          store(y + row * t.y_stride + i, load(x + row * t.x_stride + i, lanes), lanes);
        });
      }
    });
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
