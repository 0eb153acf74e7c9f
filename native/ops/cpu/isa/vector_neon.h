// Four floats: AArch64 Advanced SIMD.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace albert::cpu::ALBERT_ISA {
namespace {

using Vec = float32x4_t;
constexpr int kWidth = 4;
// 8 × 8 sums + 2 vectors of the panel + up to 8 broadcasts (g++ loads them early, and spills sums
// in a tile of 6 × 16): 26 of the 32 registers.
constexpr int kRowTile = 8;
constexpr int kPanelVectors = 2;
constexpr int kPanelsBeside = 1;

using Lanes = uint32x4_t;
using IntegerLanes = int32x4_t;

/// The first `count` lanes; none for count <= 0, all for count >= 4.
inline Lanes first_lanes(int64_t count) {
  const uint32_t clamped = count < 0 ? 0 : count > kWidth ? kWidth : uint32_t(count);
  const Lanes indices = {0, 1, 2, 3};
  return vcltq_u32(indices, vdupq_n_u32(clamped));
}

inline Vec broadcast(float value) {
  return vdupq_n_f32(value);
}
inline Vec load(const float* p) {
  return vld1q_f32(p);
}
inline Vec load(const float* p, Lanes lanes) {
  Vec v = vdupq_n_f32(0);
  for (int i = 0; i < kWidth; ++i) {
    if (lanes[i]) v[i] = p[i];
  }
  return v;
}
inline void store(float* p, Vec v) {
  vst1q_f32(p, v);
}
inline void store(float* p, Vec v, Lanes lanes) {
  for (int i = 0; i < kWidth; ++i) {
    if (lanes[i]) p[i] = v[i];
  }
}
/// Lane by lane: lanes ? yes : no.
inline Vec select(Lanes lanes, Vec yes, Vec no) {
  return vbslq_f32(lanes, yes, no);
}
inline Lanes less(Vec a, Vec b) {
  return vcltq_f32(a, b);
}
/// a · b + c, rounded once.
inline Vec fma(Vec a, Vec b, Vec c) {
  return vfmaq_f32(c, a, b);
}
/// 1 / d within 2^−16 of it, for 1 <= d <= 2^120.
inline Vec near_reciprocal(Vec d) {
  const Vec guess = vrecpeq_f32(d);
  return guess * vrecpsq_f32(d, guess);
}
/// a > b ? a : b, so a NaN in b stays.
inline Vec maximum(Vec a, Vec b) {
  return vbslq_f32(vcgtq_f32(a, b), a, b);
}
/// a < b ? a : b, so a NaN in b stays.
inline Vec minimum(Vec a, Vec b) {
  return vbslq_f32(vcltq_f32(a, b), a, b);
}
/// a0 b0 a1 b1 ... of the lower, and of the upper halves.
inline Vec interleave_low(Vec a, Vec b) {
  return vzip1q_f32(a, b);
}
inline Vec interleave_high(Vec a, Vec b) {
  return vzip2q_f32(a, b);
}
/// Four 16-bit numbers as the upper halves of the lanes, and back.
inline Vec load_upper_halves(const void* p) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(static_cast<const uint16_t*>(p)), 16));
}
inline void store_upper_halves(void* p, Vec v) {
  vst1_u16(static_cast<uint16_t*>(p), vshrn_n_u32(vreinterpretq_u32_f32(v), 16));
}
/// The lowest bytes of integers in [-128, 256), lane by lane.
inline void store_lowest_bytes(void* p, IntegerLanes integers) {
  const uint16x4_t halves = vmovn_u32(vreinterpretq_u32_s32(integers));
  const uint8x8_t bytes = vmovn_u16(vcombine_u16(halves, halves));
  vst1_lane_u32(static_cast<uint32_t*>(p), vreinterpret_u32_u8(bytes), 0);
}
/// The lanes without their lower 16 bits.
inline Vec upper_halves(Vec v) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), vdupq_n_u32(0xffff0000)));
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
