// Multiply-adds in registers alone: the speed that no kernel can exceed.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// As many chains as the GEMM has sums in registers, at least 12: with two factors they still fit
/// in 16 registers, and cover latency times issue width where a multiply-add is two instructions.
constexpr int kGemmSums = kRowTile * kPanelVectors;
constexpr int kBurnChains = kGemmSums > 12 ? kGemmSums : 12;

/// From here on the compiler does not know what v holds, and cannot compute with it in advance.
template <class Vector>
inline void hide(Vector& v) {
#if defined(__x86_64__)
  __asm__ volatile("" : "+v"(v));
#elif defined(__aarch64__)
  __asm__ volatile("" : "+w"(v));
#else
  __asm__ volatile("" : "+m"(v));
#endif
}

/// Adds products of two constant words again and again; the result is of no meaning.
template <class FormatType>
inline float burn(int64_t steps) {
  const IntVec words = bits_of(broadcast(1.0f));
  auto left = FormatType::right(reinterpret_cast<const typename FormatType::Right*>(&words), 0);
  const auto right = left;
  typename FormatType::Sum chains[kBurnChains];
#pragma GCC unroll 24
  for (int i = 0; i < kBurnChains; ++i) {
    chains[i] = (typename FormatType::Sum)broadcast(float(i));
  }
  for (int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kBurnChains; ++i) {
      hide(left);
      chains[i] = FormatType::dot(chains[i], left, right);
    }
  }
  auto sum = chains[0];
#pragma GCC unroll 24
  for (int i = 1; i < kBurnChains; ++i) sum = sum + chains[i];
  return sum_of_lanes((Vec)sum);
}

template <class FormatType>
constexpr int64_t kBurnOperations =
    int64_t{2} * kBurnChains * kWidth * FormatType::kGroup / FormatType::kSteps;

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
