// Four floats in the compiler's own vector type: any processor, SSE2 on x86-64.
#pragma once

#include <cstdint>

namespace albert::cpu::ALBERT_ISA {
namespace {

typedef float Vec __attribute__((vector_size(16)));
constexpr int kWidth = 4;
// 4 × 8 sums + 2 vectors of the panel + 1 broadcast + 1 product: 12 of 16 registers.
constexpr int kRowTile = 4;
constexpr int kPanelVectors = 2;
constexpr int kPanelsBeside = 1;

typedef int32_t Lanes __attribute__((vector_size(16)));
using IntegerLanes = Lanes;

/// The first `count` lanes; none for count <= 0, all for count >= 4.
inline Lanes first_lanes(int64_t count) {
  const int32_t clamped = count < 0 ? 0 : count > kWidth ? kWidth : int32_t(count);
  return Lanes{0, 1, 2, 3} < clamped;
}

inline Vec broadcast(float value) {
  return Vec{value, value, value, value};
}
inline Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline Vec load(const float* p, Lanes lanes) {
  Vec v = {};
  for (int i = 0; i < kWidth; ++i) {
    if (lanes[i]) v[i] = p[i];
  }
  return v;
}
inline void store(float* p, Vec v) {
  __builtin_memcpy(p, &v, sizeof v);
}
inline void store(float* p, Vec v, Lanes lanes) {
  for (int i = 0; i < kWidth; ++i) {
    if (lanes[i]) p[i] = v[i];
  }
}
/// Lane by lane: lanes ? yes : no.
inline Vec select(Lanes lanes, Vec yes, Vec no) {
  return lanes ? yes : no;
}
inline Lanes less(Vec a, Vec b) {
  return a < b;
}
/// a · b + c, rounded twice: the baseline has no fused instruction.
inline Vec fma(Vec a, Vec b, Vec c) {
  return a * b + c;
}
/// 1 / d within half an ulp of it, for 1 <= d <= 2^120.
inline Vec near_reciprocal(Vec d) {
  return 1.0f / d;
}
/// a > b ? a : b, so a NaN in b stays.
inline Vec maximum(Vec a, Vec b) {
  return a > b ? a : b;
}
/// a < b ? a : b, so a NaN in b stays.
inline Vec minimum(Vec a, Vec b) {
  return a < b ? a : b;
}
/// a0 b0 a1 b1 ... of the lower, and of the upper halves.
inline Vec interleave_low(Vec a, Vec b) {
  return __builtin_shuffle(a, b, Lanes{0, 4, 1, 5});
}
inline Vec interleave_high(Vec a, Vec b) {
  return __builtin_shuffle(a, b, Lanes{2, 6, 3, 7});
}
/// Four 16-bit numbers as the upper halves of the lanes, and back.
inline Vec load_upper_halves(const void* p) {
  uint16_t halves[kWidth];
  __builtin_memcpy(halves, p, sizeof halves);
  const Lanes words = {halves[0], halves[1], halves[2], halves[3]};
  return (Vec)(words << 16);
}
inline void store_upper_halves(void* p, Vec v) {
  const Lanes words = (Lanes)v;
  uint16_t halves[kWidth];
  for (int i = 0; i < kWidth; ++i) halves[i] = uint16_t(uint32_t(words[i]) >> 16);
  __builtin_memcpy(p, halves, sizeof halves);
}
/// The lowest bytes of integers in [-128, 256), lane by lane.
inline void store_lowest_bytes(void* p, IntegerLanes integers) {
  uint8_t bytes[kWidth];
  for (int i = 0; i < kWidth; ++i) bytes[i] = uint8_t(integers[i]);
  __builtin_memcpy(p, bytes, sizeof bytes);
}
/// The lanes without their lower 16 bits.
inline Vec upper_halves(Vec v) {
  return (Vec)((Lanes)v & int32_t(0xffff0000));
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
