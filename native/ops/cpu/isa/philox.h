// Philox 4x32 in vectors (core/philox.h has the definition), and dropout's masks drawn from it.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

typedef uint64_t LongVec __attribute__((vector_size(sizeof(Vec))));

/// The products of the lower halves of 64-bit lanes with a number.
inline LongVec multiply_lower(LongVec v, uint32_t factor) {
#if defined(__AVX512F__)
  return (LongVec)_mm512_maskz_mul_epu32(0xff, (__m512i)v, _mm512_set1_epi32(int(factor)));
#elif defined(__AVX2__)
  return (LongVec)_mm256_mul_epu32((__m256i)v, _mm256_set1_epi32(int(factor)));
#elif defined(__SSE2__)
  return (LongVec)_mm_mul_epu32((__m128i)v, _mm_set1_epi32(int(factor)));
#elif defined(__ARM_NEON)
  return (LongVec)vmull_u32(vmovn_u64((uint64x2_t)v), vdup_n_u32(factor));
#else
  return (v & 0xffffffff) * factor;
#endif
}

/// Both halves of the 64-bit product of each lane with a number.
struct WideProduct {
  WordVec high;
  WordVec low;

  WideProduct(WordVec v, uint32_t factor) {
    const LongVec even = multiply_lower((LongVec)v, factor);
    const LongVec odd = multiply_lower((LongVec)v >> 32, factor);
    constexpr uint64_t kLower = 0xffffffff;
    high = (WordVec)((even >> 32) | (odd & ~kLower));
    low = (WordVec)((even & kLower) | (odd << 32));
  }
};

/// Four random words a lane.
struct RandomWords {
  WordVec words[4];

  /// Half word `slot`, low half first, as a number.
  Vec half(int slot) const { return half_of(words[slot / 2], slot); }
  static Vec half_of(WordVec word, int slot) {
    const WordVec bits = slot % 2 == 0 ? word & 0xffff : word >> 16;
    return __builtin_convertvector((IntVec)bits, Vec);
  }
};

inline RandomWords philox(WordVec c0, WordVec c1, WordVec c2, WordVec c3,
                          const uint32_t (&key)[2]) {
  uint32_t key0 = key[0], key1 = key[1];
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const WideProduct first(c0, 0xD2511F53), second(c2, 0xCD9E8D57);
    c0 = second.high ^ c1 ^ key0;
    c1 = second.low;
    c2 = first.high ^ c3 ^ key1;
    c3 = first.low;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return {{c0, c1, c2, c3}};
}

inline WordVec word_in_all(int64_t value) {
  return WordVec{} + uint32_t(value);
}

/// 0, 1, 2, ...
inline WordVec lane_numbers() {
  WordVec v = {};
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) v[i] = uint32_t(i);
  return v;
}

/// 0 where a half word is below the threshold, else the scale.
inline Vec mask_factors(const DropoutMask& mask, Vec half) {
  return select(less(half, broadcast(float(mask.threshold))), broadcast(0.0f),
                broadcast(mask.scale));
}

/// Neighbouring columns that read the same half word of as many blocks.
constexpr int kMaskLanes = 16;
constexpr int kMaskSlots = int(kMaskColumns) / kMaskLanes;
static_assert(kMaskLanes % kWidth == 0);

/// The factors of a row's columns [0, columns), in mask_floats(columns) floats.
inline void row_mask(float* factors, const DropoutMask& mask, int64_t row, uint32_t head,
                     int64_t columns) {
  const WordVec position = word_in_all(mask.positions[row]);
  const WordVec sequence = word_in_all(mask.sequences[row]), heads = word_in_all(head);
  for (int64_t first = 0; first < columns; first += kMaskColumns) {
    for (int lane = 0; lane < kMaskLanes; lane += kWidth) {
      const WordVec block = lane_numbers() + uint32_t(first / kMaskSlots + lane);
      const RandomWords random = philox(block, position, sequence, heads, mask.key);
#pragma GCC unroll 8
      for (int slot = 0; slot < kMaskSlots; ++slot) {
        store(factors + first + slot * kMaskLanes + lane, mask_factors(mask, random.half(slot)));
      }
    }
  }
}

inline void dropout(const DropoutTask& t) {
  with_element(t.element, t.y, [&](auto* y) {
    using X = __typeof__(*y);
    const X* x = static_cast<const X*>(t.x);
    for (int64_t row = 0; row < t.rows; ++row, y += t.y_stride, x += t.x_stride) {
      row_mask(t.scratch, t.mask, row, 0, t.columns);
      for_each_vector(t.columns, [&](int64_t i, auto lanes) {
        store(y + i, load(x + i, lanes) * load(t.scratch + i), lanes);
      });
    }
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
