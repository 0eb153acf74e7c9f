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

#if defined(__AMX_TILE__)

/// The same in tiles: what no product in tiles can exceed. They are loaded, since tiles that were
/// set to zero multiply faster than others while the other hyperthread of the core works.
template <class FormatType>
inline float burn_tiles(int64_t steps) {
  const Tiles<FormatType> tiles(kRowsAtOnce<FormatType>);
  alignas(64) float sums[kTileRows * kTileWords];
  for (float& word : sums) word = 1;
  memory_as_written();
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, sums, kTileWords * sizeof(float));
  _tile_loadd(5, sums, kTileWords * sizeof(float));
  _tile_loadd(6, sums, kTileWords * sizeof(float));
  _tile_loadd(7, sums, kTileWords * sizeof(float));
  for (int64_t step = 0; step < steps; ++step) {
    ALBERT_ADD_PRODUCTS(0, 4, 6);
    keep_distance();
    ALBERT_ADD_PRODUCTS(1, 4, 7);
    keep_distance();
    ALBERT_ADD_PRODUCTS(2, 5, 6);
    keep_distance();
    ALBERT_ADD_PRODUCTS(3, 5, 7);
    keep_distance();
  }
  _tile_stored(0, sums, kTileWords * sizeof(float));
  memory_as_written();
  return sums[0];
}

template <class FormatType>
constexpr int64_t kTileOperations =
    int64_t{4} * 2 * kTileRows * kTileWords * kTileWords * FormatType::kGroup;
template <>
constexpr int64_t kBurnOperations<Bfloat16Format> = kTileOperations<Bfloat16Format>;
template <>
constexpr int64_t kBurnOperations<Int8Format> = kTileOperations<Int8Format>;
template <>
inline float burn<Bfloat16Format>(int64_t steps) {
  return burn_tiles<Bfloat16Format>(steps);
}
template <>
inline float burn<Int8Format>(int64_t steps) {
  return burn_tiles<Int8Format>(steps);
}

#endif

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
