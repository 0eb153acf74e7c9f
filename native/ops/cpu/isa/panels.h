// Both sides of a GEMM from plain matrices: panels across and down, transposed rows.
//
// A vector of words is kWidth words of 32 bits, each of a format's group of inputs.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// 2 · kWidth numbers, rounded to bfloat16, as words of neighbours.
inline Vec words_of_pairs(Vec first, Vec second) {
#if defined(__AVX512BF16__)
  return (Vec)_mm512_cvtne2ps_pbh(second, first);
#else
  Bfloat16 halves[2 * kWidth];
  store(halves, first);
  store(halves + kWidth, second);
  Vec words;
  __builtin_memcpy(&words, halves, sizeof words);
  return words;
#endif
}

/// Numbers of two rows as words: the even row's in the lower halves.
inline Vec words_of_rows(Vec even, Vec odd) {
  const WordVec low = (WordVec)rounded_to_bfloat16(even) >> 16;
  return (Vec)(low | ((WordVec)rounded_to_bfloat16(odd) & 0xffff0000));
}
/// The same for bfloat16 that were widened on load: nothing is left to round.
inline Vec words_of_wide_rows(Vec even, Vec odd) {
  return (Vec)(((WordVec)even >> 16) | (WordVec)odd);
}

/// Some lanes of a row from column `begin` on; zeros behind its end.
template <class X>
inline Vec load_some(const X* row, int64_t begin, int64_t columns) {
  const int64_t left = columns - begin;
  if (left >= kWidth) return load(row + begin);
  return left > 0 ? load(row + begin, FirstLanes(left)) : broadcast(0.0f);
}

/// Words [first, first + kWidth) of a row.
template <int kGroup, class X>
inline Vec words_of_row(const X* row, int64_t first, int64_t columns) {
  if constexpr (kGroup == 1) return load_some(row, first, columns);
  const int64_t begin = first * kGroup, left = columns - begin;
  if (left <= 0) return broadcast(0.0f);
  if constexpr (__is_same(X, Bfloat16)) {
    Vec words = {};
    constexpr int64_t kElements = kWidth * kGroup;
    __builtin_memcpy(&words, row + begin,
                     size_t(left < kElements ? left : kElements) * sizeof *row);
    return words;
  } else {
    return words_of_pairs(load_some(row, begin, columns), load_some(row, begin + kWidth, columns));
  }
}

/// A matrix that knows where its rows end.
template <class X>
struct Rows {
  X* x;
  int64_t stride;
  int64_t count;
};

/// Word `word` of kWidth columns, its inputs one below the other.
template <int kGroup, class X, class L>
inline Vec words_of_columns(const Rows<X>& rows, int64_t word, int64_t column, L lanes) {
  const int64_t row = word * kGroup;
  const Vec none = broadcast(0.0f);
  X* x = rows.x + row * rows.stride + column;
  const Vec even = row < rows.count ? load(x, lanes) : none;
  if constexpr (kGroup == 1) return even;
  const Vec odd = row + 1 < rows.count ? load(x + rows.stride, lanes) : none;
  if constexpr (__is_same(X, const Bfloat16)) {
    return words_of_wide_rows(even, odd);
  } else {
    return words_of_rows(even, odd);
  }
}

/// The inputs of a word on the right side.
template <class FormatType>
constexpr int kRightGroup = int(sizeof(float) / sizeof(typename FormatType::Right));
/// And on the left side, where a word may be wider than 32 bits.
template <class FormatType>
constexpr int kLeftGroup = int(sizeof(float) / sizeof(typename FormatType::Left));

/// Words of so many inputs, as a format's products take them.
template <class FormatType>
constexpr int64_t words_of(int64_t inputs) {
  return rounded_up((inputs + FormatType::kGroup - 1) / FormatType::kGroup,
                    kWordMultiple<FormatType>);
}

/// `whole` columns, those behind the last row zeros.
template <class FormatType, class X>
inline void pack_rows_across(const PackTask& t, const X* x, int64_t whole) {
  constexpr int kGroup = kRightGroup<FormatType>;
  constexpr int64_t kColumns = kPanelColumns<FormatType>;
  const int64_t words = words_of<FormatType>(t.columns);
  for (int64_t first = 0; first < whole; first += kWidth) {
    float* column =
        static_cast<float*>(t.panels) + first / kColumns * kColumns * words + first % kColumns;
    for (int64_t word = 0; word < words; word += kWidth) {
      Vec rows[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) {
        rows[i] = first + i < t.rows
                      ? words_of_row<kGroup>(x + (first + i) * t.x_stride, word, t.columns)
                      : broadcast(0.0f);
      }
      transpose(rows);
      const int64_t count = words - word < kWidth ? words - word : kWidth;
      for (int64_t i = 0; i < count; ++i) store(column + (word + i) * kColumns, rows[i]);
    }
  }
}

template <class FormatType>
inline void pack_across(const PackTask& t) {
  const int64_t whole = rounded_up(t.rows, kPanelColumns<FormatType>);
  with_element(t.x_element, t.x, [&](const auto* x) { pack_rows_across<FormatType>(t, x, whole); });
}

template <class FormatType, class X>
inline void pack_rows_down(const PackTask& t, const X* x) {
  constexpr int kGroup = kRightGroup<FormatType>;
  constexpr int64_t kColumns = kPanelColumns<FormatType>;
  const int64_t words = words_of<FormatType>(t.rows);
  const Rows<const X> rows = {x, t.x_stride, t.rows};
  float* target = static_cast<float*>(t.panels);
  for (int64_t first = 0; first < t.columns; first += kColumns) {
    for (int64_t word = 0; word < words; ++word) {
#pragma GCC unroll 4
      for (int64_t v = 0; v < kColumns; v += kWidth, target += kWidth) {
        const int64_t column = first + v, some = t.columns - column;
        if (some >= kWidth) {
          store(target, words_of_columns<kGroup>(rows, word, column, AllLanes{}));
        } else if (some > 0) {
          store(target, words_of_columns<kGroup>(rows, word, column, FirstLanes(some)));
        } else {
          store(target, broadcast(0.0f));
        }
      }
    }
  }
}

template <class FormatType>
inline void pack_down(const PackTask& t) {
  with_element(t.x_element, t.x, [&](const auto* x) { pack_rows_down<FormatType>(t, x); });
}

/// Rows of a block of some columns. Each block is summed on its own before it is added: a chain of
/// all rows would round more.
template <int kBlockRows, class X, class L>
inline void add_to_column_sums(const Rows<X>& rows, int64_t begin, float* sums, L lanes) {
  const int64_t left = rows.count - begin, count = left < kBlockRows ? left : kBlockRows;
  X* x = rows.x + begin * rows.stride;
  Vec sum = broadcast(0.0f);
  for (int64_t row = 0; row < count; ++row) sum = sum + load(x + row * rows.stride, lanes);
  store(sums, load(sums, lanes) + sum, lanes);
}

/// kWidth words of some columns; kTogether rows of the result lie together.
template <class FormatType, int kTogether, class X, class L>
inline void transpose_words(const TransposeTask& t, const Rows<X>& rows, int64_t word,
                            int64_t column, L lanes) {
  using Left = typename FormatType::Left;
  constexpr int kGroup = kLeftGroup<FormatType>;
  static_assert(kTogether == 1 || (kTogether == kWidth && kTileWords == kWidth));
  Vec block[kWidth];
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) {
    block[i] = words_of_columns<kGroup>(rows, word + i, column, lanes);
  }
  transpose(block);
  Left* left = static_cast<Left*>(t.left) + column * t.left_stride + word * kGroup * kTogether;
  const int64_t step = kTogether == 1 ? t.left_stride : int64_t(kWidth) * kGroup;
  const int64_t count = t.columns - column < kWidth ? t.columns - column : kWidth;
  for (int64_t i = 0; i < count; ++i, left += step) {
    __builtin_memcpy(left, &block[i], sizeof(Vec));
  }
}

/// Some rows at a time, so that they are read along their lines.
template <class FormatType, int kTogether = kStagedRows<FormatType>>
inline void transpose_rows(const TransposeTask& t) {
  constexpr int kGroup = kLeftGroup<FormatType>;
  with_element(t.x_element, t.x, [&](const auto* x) {
    const Rows<__typeof__(*x)> rows = {x, t.x_stride, t.rows};
    for (int64_t word = 0; word * kGroup < t.rows; word += kWidth) {
      for_each_vector(t.columns, [&](int64_t column, auto lanes) {
        if (t.left != nullptr) transpose_words<FormatType, kTogether>(t, rows, word, column, lanes);
        if (t.column_sums == nullptr) return;
        const Rows<__typeof__(*x)> columns = {x + column, t.x_stride, t.rows};
        add_to_column_sums<kWidth * kGroup>(columns, word * kGroup, t.column_sums + column, lanes);
      });
    }
  });
}

/// kWidth words down and as many outputs wide, of one panel.
struct PanelBlock {
  int64_t word;
  int64_t output;  // in the panel
};

/// The block's words, as lanes of its outputs.
template <class FormatType>
inline void load_transposed(const TransposePanelsTask& t, const PanelBlock& b,
                            Vec (&rows)[kWidth]) {
  constexpr int64_t kColumns = kPanelColumns<FormatType>;
  const float* source = static_cast<const float*>(t.source) +
                        (t.source_panel * t.source_words + b.word) * kColumns + b.output;
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) {
    rows[i] = b.word + i < t.source_words ? load(source + i * kColumns) : broadcast(0.0f);
  }
  transpose(rows);
}

/// Stores words of some columns, if there are panels that far.
template <class FormatType>
inline void store_words(const TransposePanelsTask& t, int64_t word, int64_t column, Vec words) {
  constexpr int64_t kColumns = kPanelColumns<FormatType>;
  const int64_t panel = column / kColumns;
  if (panel >= t.panel_count) return;
  store(static_cast<float*>(t.panels) + (panel * t.words + word) * kColumns + column % kColumns,
        words);
}

/// Inputs become columns: kWidth words hold kWidth · kGroup of them.
template <class FormatType>
inline void transpose_block(const TransposePanelsTask& t, const PanelBlock& b) {
  constexpr int kGroup = kRightGroup<FormatType>;
  Vec rows[kWidth];
  load_transposed<FormatType>(t, b, rows);
  const int64_t column = b.word * kGroup;
  const int64_t first = (t.source_panel * kPanelColumns<FormatType> + b.output) / kGroup;
  const int64_t left = t.words - first, count = left < kWidth / kGroup ? left : kWidth / kGroup;
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (kGroup == 1) {
      store_words<FormatType>(t, first + i, column, rows[i]);
    } else {
      const WordVec even = (WordVec)rows[2 * i], odd = (WordVec)rows[2 * i + 1];
      const Vec low = (Vec)((even & 0xffff) | (odd << 16));
      const Vec high = (Vec)((even >> 16) | (odd & 0xffff0000));
      store_words<FormatType>(t, first + i, column, interleave_low(low, high));
      store_words<FormatType>(t, first + i, column + kWidth, interleave_high(low, high));
    }
  }
}

template <class FormatType>
inline void transpose_panels(const TransposePanelsTask& t) {
  constexpr int64_t kColumns = kPanelColumns<FormatType>;
  const int64_t inputs = t.panel_count * kColumns;
  for (int64_t word = 0; word * kRightGroup<FormatType> < inputs; word += kWidth) {
    for (int64_t output = 0; output < kColumns; output += kWidth) {
      transpose_block<FormatType>(t, {word, output});
    }
  }
}

template <class FormatType>
constexpr PackKernels pack_kernels() {
  return {.pack_across = pack_across<FormatType>,
          .pack_down = pack_down<FormatType>,
          .transpose = transpose_rows<FormatType>,
          .transpose_panels = transpose_panels<FormatType>};
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
