// Eight floats: AVX2 and FMA3.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace albert::cpu::ALBERT_ISA {
namespace {

using Vec = __m256;
constexpr int kWidth = 8;
// 6 × 16 sums + 2 vectors of the panel + 1 broadcast: 15 of the 16 registers.
constexpr int kRowTile = 6;
constexpr int kPanelVectors = 2;
constexpr int kPanelsBeside = 1;

using Lanes = __m256i;
using IntegerLanes = __m256i;

/// The first `count` lanes; none for count <= 0, all for count >= 8.
inline Lanes first_lanes(int64_t count) {
  const int clamped = count < 0 ? 0 : count > kWidth ? kWidth : int(count);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(clamped), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline Vec broadcast(float value) {
  return _mm256_set1_ps(value);
}
inline Vec load(const float* p) {
  return _mm256_loadu_ps(p);
}
inline Vec load(const float* p, Lanes lanes) {
  return _mm256_maskload_ps(p, lanes);
}
inline void store(float* p, Vec v) {
  _mm256_storeu_ps(p, v);
}
inline void store(float* p, Vec v, Lanes lanes) {
  _mm256_maskstore_ps(p, lanes, v);
}
/// Lane by lane: lanes ? yes : no.
inline Vec select(Lanes lanes, Vec yes, Vec no) {
  return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(lanes));
}
inline Lanes less(Vec a, Vec b) {
  return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
/// a · b + c, rounded once.
inline Vec fma(Vec a, Vec b, Vec c) {
  return _mm256_fmadd_ps(a, b, c);
}
/// 1 / d within 1.5 · 2^−12 of it, for 1 <= d <= 2^120.
inline Vec near_reciprocal(Vec d) {
  return _mm256_rcp_ps(d);
}
/// a > b ? a : b, so a NaN in b stays.
inline Vec maximum(Vec a, Vec b) {
  return _mm256_max_ps(a, b);
}
/// a < b ? a : b, so a NaN in b stays.
inline Vec minimum(Vec a, Vec b) {
  return _mm256_min_ps(a, b);
}
/// a0 b0 a1 b1 ... of the lower, and of the upper halves.
inline Vec interleave_low(Vec a, Vec b) {
  return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20);
}
inline Vec interleave_high(Vec a, Vec b) {
  return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31);
}
/// Eight 16-bit numbers as the upper halves of the lanes, and back.
inline Vec load_upper_halves(const void* p) {
  const __m128i halves = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
inline void store_upper_halves(void* p, Vec v) {
  const __m256i halves = _mm256_srli_epi32(_mm256_castps_si256(v), 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x08);
  _mm_storeu_si128(static_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}
/// The lowest bytes of integers in [-128, 256), lane by lane.
inline void store_lowest_bytes(void* p, IntegerLanes integers) {
  const __m256i masked = _mm256_and_si256(integers, _mm256_set1_epi32(0xff));
  const __m256i halves = _mm256_packus_epi32(masked, masked);
  const __m256i bytes = _mm256_packus_epi16(halves, halves);
  const __m256i order = _mm256_setr_epi32(0, 4, 0, 0, 0, 0, 0, 0);
  const __m256i packed = _mm256_permutevar8x32_epi32(bytes, order);
  _mm_storel_epi64(static_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}
/// The lanes without their lower 16 bits. The mask is an operand in memory: in a register it would
/// push a sum out of the GEMM's.
inline Vec upper_halves(Vec v) {
  alignas(32) static const uint32_t mask[kWidth] = {0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000,
                                                    0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000};
  __asm__("vandps %1, %0, %0" : "+x"(v) : "m"(mask));
  return v;
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
