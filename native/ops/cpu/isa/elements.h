// Activations in memory: float32 as it is, bfloat16 widened on load and rounded on store.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

typedef int32_t IntVec __attribute__((vector_size(sizeof(Vec))));
typedef uint32_t WordVec __attribute__((vector_size(sizeof(Vec))));
typedef uint16_t HalfVec __attribute__((vector_size(sizeof(Vec) / 2)));

inline IntVec bits_of(Vec v) {
  return (IntVec)v;
}
inline Vec from_bits(IntVec bits) {
  return (Vec)bits;
}

/// To nearest, ties to even; a NaN stays one.
inline HalfVec round_to_half(Vec v) {
#if defined(__AVX512BF16__)
  return (HalfVec)_mm512_cvtneps_pbh(v);
#else
  const WordVec bits = (WordVec)v;
  const WordVec rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const WordVec quiet = (bits >> 16) | 0x40;
  const WordVec is_nan = (WordVec)((IntVec)(bits & 0x7fffffff) > 0x7f800000);
  return __builtin_convertvector((is_nan & quiet) | (~is_nan & rounded), HalfVec);
#endif
}

inline Vec load(const Bfloat16* p, AllLanes = {}) {
  HalfVec half;
  __builtin_memcpy(&half, p, sizeof half);
  return (Vec)(__builtin_convertvector(half, WordVec) << 16);
}
inline Vec load(const Bfloat16* p, const FirstLanes& lanes) {
  HalfVec half = {};
  __builtin_memcpy(&half, p, size_t(lanes.count) * sizeof *p);
  return (Vec)(__builtin_convertvector(half, WordVec) << 16);
}
inline void store(Bfloat16* p, Vec v, AllLanes = {}) {
  const HalfVec half = round_to_half(v);
  __builtin_memcpy(p, &half, sizeof half);
}
inline void store(Bfloat16* p, Vec v, const FirstLanes& lanes) {
  const HalfVec half = round_to_half(v);
  __builtin_memcpy(p, &half, size_t(lanes.count) * sizeof *p);
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
