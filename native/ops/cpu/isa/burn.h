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
constexpr int64_t kBurnFlops = 2 * kBurnChains * kWidth;

inline float burn(int64_t steps) {
  Vec chains[kBurnChains];
#pragma GCC unroll 24
  for (int i = 0; i < kBurnChains; ++i) chains[i] = broadcast(float(i));
  const Vec half = broadcast(0.5f), one = broadcast(1.0f);
  for (int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kBurnChains; ++i) chains[i] = fma(chains[i], half, one);
  }
  Vec sum = chains[0];
#pragma GCC unroll 24
  for (int i = 1; i < kBurnChains; ++i) sum = sum + chains[i];
  return sum_of_lanes(sum);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
