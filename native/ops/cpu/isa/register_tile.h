// Some rows times some panels, their sums in registers: the inner loop of every product.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// Some rows times some adjacent panels. What a register tile is made of.
template <class FormatType>
struct Tile {
  const typename FormatType::Left* left;
  int64_t left_stride;  // elements from row to row
  int64_t left_step;    // in tiles: from kTileWords words to the next ones,
  int64_t left_lower;   // and from the first row to row kTileRows
  const typename FormatType::Right* panel;
  int64_t panel_stride;  // elements from one panel to the next
  int64_t words;
  float* sums;  // or int32
  int64_t sums_stride;
  bool resume;           // continue the sums that are there
  const char* upcoming;  // what comes after the panel: prefetched as the words go by,
  int64_t pace;          // so many bytes a word
};

template <class Sum>
inline Sum load_sum(const float* p) {
  Sum sum;
  __builtin_memcpy(&sum, p, sizeof sum);
  return sum;
}

/// Adds the products of a word. `left` holds every third row; the two behind it are reached by
/// base + stride and base + 2 · stride, which are addressing modes.
template <class FormatType, int kRows, int kPanels>
[[gnu::always_inline]] inline void add_word(
    typename FormatType::Sum (&sums)[kRows][kPanels * kPanelVectors],
    const typename FormatType::Left* const (&left)[(kRows + 2) / 3], int64_t stride,
    const typename FormatType::Right* const (&right)[kPanels], int64_t word) {
  constexpr int kVectors = kPanels * kPanelVectors, kGroup = FormatType::kGroup;
#pragma GCC unroll 2
  for (int step = 0; step < FormatType::kSteps; ++step) {
    decltype(FormatType::right(right[0], 0)) columns[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const int64_t vector = word * kPanelColumns<FormatType> + v % kPanelVectors * kWidth;
      columns[v] = FormatType::right(right[v / kPanelVectors] + vector * kGroup, step);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const auto row = FormatType::left(left[i / 3] + i % 3 * stride + word * kGroup, step);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        sums[i][v] = FormatType::dot(sums[i][v], row, columns[v]);
      }
    }
    __asm__ volatile("" ::: "memory");  // keeps later vectors out of registers until needed
  }
}

/// The loop takes two words a turn: 4 % faster while another hyperthread takes half of the
/// processor's front end, as fast alone.
template <class FormatType, int kRows, int kPanels>
[[gnu::noinline]] void multiply_tile(const Tile<FormatType>& t) {
  using Sum = typename FormatType::Sum;
  using Left = typename FormatType::Left;
  constexpr int kVectors = kPanels * kPanelVectors;
  Sum sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      sums[i][v] = t.resume ? load_sum<Sum>(t.sums + i * t.sums_stride + v * kWidth) : Sum{};
    }
  }
  const int64_t stride = t.left_stride;
  const Left* left[(kRows + 2) / 3];
#pragma GCC unroll 8
  for (int i = 0; i < (kRows + 2) / 3; ++i) left[i] = t.left + 3 * i * stride;
  const typename FormatType::Right* right[kPanels];
#pragma GCC unroll 4
  for (int p = 0; p < kPanels; ++p) right[p] = t.panel + p * t.panel_stride;
  const char* upcoming = t.upcoming;
  const int64_t pace = t.pace < 64 ? t.pace : 64, words = t.words;
  int64_t word = 0;
  for (; word + 2 <= words; word += 2, upcoming += 2 * pace) {
    __builtin_prefetch(upcoming, 0, 2);
    add_word<FormatType, kRows, kPanels>(sums, left, stride, right, word);
    __builtin_prefetch(upcoming + pace, 0, 2);
    add_word<FormatType, kRows, kPanels>(sums, left, stride, right, word + 1);
  }
  if (word < words) add_word<FormatType, kRows, kPanels>(sums, left, stride, right, word);
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      __builtin_memcpy(t.sums + i * t.sums_stride + v * kWidth, &sums[i][v], sizeof(Sum));
    }
  }
}

/// How many panels a tile of few rows takes at once: the registers are then as full, and enough
/// chains run side by side to keep up with memory.
constexpr int panels_beside(int rows) {
  const int fitting = kRowTile / rows;
  return fitting > 4 ? 4 : fitting < kPanelsBeside ? kPanelsBeside : fitting;
}

/// Calls the instantiation for `rows` <= kRows rows and `panels` panels.
template <class FormatType, int kRows = kRowTile>
inline void multiply_vectors(int64_t rows, int panels, const Tile<FormatType>& t) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return multiply_vectors<FormatType, kRows - 1>(rows, panels, t);
  }
  if constexpr (kPanelsBeside > 1 && kRows * kPanelsBeside <= kRowTile) {
    if (panels == kPanelsBeside) return multiply_tile<FormatType, kRows, kPanelsBeside>(t);
  }
  if constexpr (kRows * 2 <= kRowTile) {
    if (panels > 1) return multiply_tile<FormatType, kRows, panels_beside(kRows)>(t);
  }
  multiply_tile<FormatType, kRows, 1>(t);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
