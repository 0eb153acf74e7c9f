// Dot products of words: the instructions that each instruction set has for bfloat16 and int8.
//
// kLeftLimit and kRightLimit are the largest quantized activation and weight. Where products are
// added in 16 bits, two products of the limits still fit, so that no sum ever saturates; weights
// get more of the range, because their errors are the same in every row.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// The 32 bits at `word`, in every lane.
inline IntVec broadcast_word(const void* word) {
  int32_t bits;
  __builtin_memcpy(&bits, word, sizeof bits);
  return bits - IntVec{};
}
inline IntVec load_words(const void* words) {
  IntVec v;
  __builtin_memcpy(&v, words, sizeof v);
  return v;
}

#if defined(__AVX512BF16__)
#define ALBERT_NATIVE_BFLOAT16
inline Vec dot_bfloat16(Vec sum, IntVec left, IntVec right) {
  return _mm512_dpbf16_ps(sum, (__m512bh)left, (__m512bh)right);
}
#elif defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#define ALBERT_NATIVE_BFLOAT16
inline Vec dot_bfloat16(Vec sum, IntVec left, IntVec right) {
  return vbfdotq_f32(sum, (bfloat16x8_t)left, (bfloat16x8_t)right);
}
#endif

/// Taken off a quantized activation before it is stored, where only signed bytes multiply.
#if defined(__ARM_FEATURE_DOTPROD) && !defined(__ARM_FEATURE_MATMUL_INT8)
constexpr int kLeftBias = 128;
#else
constexpr int kLeftBias = 0;
#endif

#if defined(__AVX512VNNI__)

constexpr int kLeftLimit = 255, kRightLimit = 127;
inline IntVec dot_int8(IntVec sum, IntVec left, IntVec right) {
  return (IntVec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)left, (__m512i)right);
}

#elif defined(__AVX512BW__)

constexpr int kLeftLimit = 164, kRightLimit = 99;
inline IntVec dot_int8(IntVec sum, IntVec left, IntVec right) {
  const __m512i pairs = _mm512_maddubs_epi16((__m512i)left, (__m512i)right);
  return sum + (IntVec)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}

#elif defined(__AVX2__)

constexpr int kLeftLimit = 164, kRightLimit = 99;
inline IntVec dot_int8(IntVec sum, IntVec left, IntVec right) {
  const __m256i pairs = _mm256_maddubs_epi16((__m256i)left, (__m256i)right);
  return sum + (IntVec)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

#elif defined(__ARM_FEATURE_MATMUL_INT8)

constexpr int kLeftLimit = 255, kRightLimit = 127;
inline IntVec dot_int8(IntVec sum, IntVec left, IntVec right) {
  return (IntVec)vusdotq_s32((int32x4_t)sum, (uint8x16_t)left, (int8x16_t)right);
}

#elif defined(__ARM_FEATURE_DOTPROD)

constexpr int kLeftLimit = 255, kRightLimit = 127;
inline IntVec dot_int8(IntVec sum, IntVec left, IntVec right) {
  return (IntVec)vdotq_s32((int32x4_t)sum, (int8x16_t)left, (int8x16_t)right);
}

#else

constexpr int kLeftLimit = 255, kRightLimit = 127;
inline IntVec dot_int8(IntVec sum, IntVec left, IntVec right) {
#pragma GCC unroll 4
  for (int byte = 0; byte < 4; ++byte) {
    sum += ((left >> (8 * byte)) & 0xff) * ((right << (24 - 8 * byte)) >> 24);
  }
  return sum;
}

#endif

static_assert(kLeftLimit == 255 || 2 * kLeftLimit * kRightLimit <= INT16_MAX);

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
