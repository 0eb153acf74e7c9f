// Sixteen floats: AVX-512 F, BW, DQ and VL.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace albert::cpu::ALBERT_ISA {
namespace {

using Vec = __m512;
constexpr int kWidth = 16;
// 12 × 32 sums + 2 vectors of the panel, or 6 × 64 and 4 of two panels beside each other: at most
// 29 of the 32 registers. The wide tile has fewer instructions a multiply-add: 8 % faster while
// another hyperthread takes half of the processor's front end, as fast alone.
constexpr int kRowTile = 12;
constexpr int kPanelVectors = 2;
constexpr int kPanelsBeside = 2;

using Lanes = __mmask16;
using IntegerLanes = __m512i;

/// The first `count` lanes; none for count <= 0, all for count >= 16.
inline Lanes first_lanes(int64_t count) {
  const int clamped = count < 0 ? 0 : count > kWidth ? kWidth : int(count);
  return Lanes((1u << clamped) - 1u);
}

inline Vec broadcast(float value) {
  return _mm512_set1_ps(value);
}
inline Vec load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline Vec load(const float* p, Lanes lanes) {
  return _mm512_maskz_loadu_ps(lanes, p);
}
inline void store(float* p, Vec v) {
  _mm512_storeu_ps(p, v);
}
inline void store(float* p, Vec v, Lanes lanes) {
  _mm512_mask_storeu_ps(p, lanes, v);
}
/// Lane by lane: lanes ? yes : no.
inline Vec select(Lanes lanes, Vec yes, Vec no) {
  return _mm512_mask_blend_ps(lanes, no, yes);
}
inline Lanes less(Vec a, Vec b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
/// a · b + c, rounded once.
inline Vec fma(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}
// g++ 12 warns about an uninitialized value inside the forms of these three without a mask.
/// 1 / d within 2^−14 of it, for 1 <= d <= 2^120.
inline Vec near_reciprocal(Vec d) {
  return _mm512_maskz_rcp14_ps(0xffff, d);
}
/// a > b ? a : b, so a NaN in b stays.
inline Vec maximum(Vec a, Vec b) {
  return _mm512_maskz_max_ps(0xffff, a, b);
}
/// a < b ? a : b, so a NaN in b stays.
inline Vec minimum(Vec a, Vec b) {
  return _mm512_maskz_min_ps(0xffff, a, b);
}
/// a0 b0 a1 b1 ... of the lower, and of the upper halves.
inline Vec interleave_low(Vec a, Vec b) {
  return _mm512_permutex2var_ps(
      a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);
}
inline Vec interleave_high(Vec a, Vec b) {
  return _mm512_permutex2var_ps(
      a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b);
}
/// Sixteen 16-bit numbers as the upper halves of the lanes, and back.
inline Vec load_upper_halves(const void* p) {
  const __m512i words =
      _mm512_maskz_cvtepu16_epi32(0xffff, _mm256_loadu_si256(static_cast<const __m256i*>(p)));
  return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(0xffff, words, 16));
}
inline void store_upper_halves(void* p, Vec v) {
  const __m512i halves = _mm512_maskz_srli_epi32(0xffff, _mm512_castps_si512(v), 16);
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_maskz_cvtepi32_epi16(0xffff, halves));
}
/// The lowest bytes of integers in [-128, 256), lane by lane.
inline void store_lowest_bytes(void* p, IntegerLanes integers) {
  const __m128i bytes = _mm512_maskz_cvtepi32_epi8(0xffff, integers);
  _mm_storeu_si128(static_cast<__m128i*>(p), bytes);
}
/// The lanes without their lower 16 bits.
inline Vec upper_halves(Vec v) {
  return _mm512_castsi512_ps(
      _mm512_and_si512(_mm512_castps_si512(v), _mm512_set1_epi32(int(0xffff0000))));
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
