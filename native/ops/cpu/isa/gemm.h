// Matrix times packed panels, in register tiles.
//
// Every sum is one chain over the inputs in storage order, starting from zero; scales and bias come
// at its end. Neither the tile's shape nor the cutting of the inputs into blocks (a block leaves
// its sums in scratch and the next one takes them up again) changes a bit of it.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// Rows that visit a panel before the next panel is touched: the panel then stays in L1 or L2.
/// Processors with AVX-512 have 1 MiB of L2 at least, those with AMX 2 MiB, and they read panels
/// faster than L3 can bring them.
template <class FormatType>
constexpr int64_t kRowBlock = kInTiles<FormatType> ? 128 : kWidth == 16 ? 132 : 96;
/// Bytes of a left row that one visit covers: kRowBlock rows and a panel fit in 512 KiB of L2, or,
/// in tiles, in half of 2 MiB.
template <class FormatType>
constexpr int64_t kDepthBytes = kInTiles<FormatType> ? 8192 : 4096;

/// Calls body(begin, count) for parts of [0, total) of at most `limit`, as equal as can be: 8 rows
/// become 4 + 4 rather than 6 + 2.
template <class Body>
inline void for_each_part(int64_t total, int64_t limit, const Body& body) {
  const int64_t parts = (total + limit - 1) / limit;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t begin = total * part / parts;
    body(begin, total * (part + 1) / parts - begin);
  }
}

/// The same for rows of a format's left side: staged rows that lie together stay together.
template <class FormatType, class Body>
inline void for_each_rows(int64_t total, int64_t limit, const Body& body) {
  if constexpr (kStagedRows<FormatType> == 1) return for_each_part(total, limit, body);
  for (int64_t begin = 0; begin < total; begin += limit) {
    body(begin, total - begin < limit ? total - begin : limit);
  }
}

/// The words from `word` on of the rows from `row` on.
template <class FormatType>
inline const typename FormatType::Left* left_of(const GemmTask& t, int64_t row, int64_t word) {
  const auto* left = static_cast<const typename FormatType::Left*>(t.left);
  return left + row * t.left_stride + word * FormatType::kGroup * kStagedRows<FormatType>;
}

/// What makes results of a row's sums: float32 sums get their bias; int32 ones lose their zero
/// point and are scaled before. Copies, since stores of results might change the task, as far as
/// the compiler knows.
template <class FormatType>
struct RowOfSums {
  static constexpr bool kScaled = FormatType::kGroup == 4;

  const float* bias;
  const float* column_scales = nullptr;  // int8 only, as are the next three
  const int32_t* column_sums = nullptr;
  Vec scale = {};
  IntVec zero_point = {};

  RowOfSums(const GemmTask& t, int64_t row, int64_t column) : bias(t.bias + column) {
    if constexpr (kScaled) {
      column_scales = t.column_scales + column;
      column_sums = t.column_sums + column;
      scale = broadcast(t.row_scales[row]);
      zero_point = zero_point + t.row_zero_points[row];
    }
  }

  template <class Lanes>
  Vec finished(const float* sums, int64_t j, Lanes lanes) const {
    if constexpr (!kScaled) {
      return load(sums + j, lanes) + load(bias + j, lanes);
    } else {
      // The last panel's columns are padded, and scratch has whole panels: no lane is out of
      // bounds.
      const IntVec exact = load_words(sums + j) - zero_point * load_words(column_sums + j);
      const Vec both = scale * load(column_scales + j, lanes);
      return fma(__builtin_convertvector(exact, Vec), both, load(bias + j, lanes));
    }
  }
};

/// Sums in scratch (and in L1), and which outputs they are.
struct FinishedSums {
  const float* sums;
  int64_t stride;
  int64_t row, rows;
  int64_t column, columns;
};

template <class FormatType, class Output>
inline void finish_into(const GemmTask& t, const FinishedSums& s, Output* y) {
  const auto finish = [&](const auto& function) {
    for (int64_t i = 0; i < s.rows; ++i) {
      const float* sums = s.sums + i * s.stride;
      const RowOfSums<FormatType> row(t, s.row + i, s.column);
      Output* result = y + (s.row + i) * t.y_stride + s.column;
      Output* kept = t.preactivation == nullptr
                         ? result
                         : static_cast<Output*>(t.preactivation) +
                               (s.row + i) * t.preactivation_stride + s.column;
      const Output* residual =
          t.residual == nullptr
              ? nullptr
              : static_cast<const Output*>(t.residual) + (s.row + i) * t.residual_stride + s.column;
      for_each_vector(s.columns, [&](int64_t j, auto lanes) {
        const Vec sum = row.finished(sums, j, lanes);
        if (kept != result) store(kept + j, sum, lanes);
        Vec value = function(sum);
        if (residual != nullptr) value = value + load(residual + j, lanes);
        store(result + j, value, lanes);
      });
    }
  };
  // Backward passes start from what the activation really is.
  const bool kept = t.preactivation != nullptr;
  if (FormatType::kGroup == 1 || kept) return with_function(t.epilogue, finish);
  with_near_function(t.epilogue, finish);
}

template <class FormatType>
inline void finish(const GemmTask& t, const FinishedSums& sums) {
  with_element(t.y_element, t.y, [&](auto* y) { finish_into<FormatType>(t, sums, y); });
}

/// Finishes sums as soon as they are there.
template <class FormatType>
class FinishesAtOnce : public NoWork {
 public:
  explicit FinishesAtOnce(const GemmTask& task) : task_(task) {}

  void put(const FinishedSums& sums, int64_t) { finish<FormatType>(task_, sums); }

 private:
  const GemmTask& task_;
};

/// Lets sums wait in scratch, and finishes some rows at a time while the next ones are added up.
template <class FormatType>
class FinishesMeanwhile {
 public:
  explicit FinishesMeanwhile(const GemmTask& task) : task_(task) {}

  /// Takes over sums, once all others are finished; the next ones take so many words.
  void put(const FinishedSums& sums, int64_t words) {
    const int64_t turns = (words + kTileWords - 1) / kTileWords;
    waiting_ = sums;
    rows_a_turn_ = (sums.rows + turns - 1) / turns;
  }
  void take_turn() {
    if (waiting_.rows > 0) finish_rows(waiting_.rows < rows_a_turn_ ? waiting_.rows : rows_a_turn_);
  }
  void finish_all() {
    if (waiting_.rows > 0) finish_rows(waiting_.rows);
  }

 private:
  [[gnu::noinline]] void finish_rows(int64_t rows) {
    FinishedSums first = waiting_;
    first.rows = rows;
    finish<FormatType>(task_, first);
    waiting_.sums += rows * waiting_.stride;
    waiting_.row += rows;
    waiting_.rows -= rows;
  }

  const GemmTask& task_;
  FinishedSums waiting_ = {};
  int64_t rows_a_turn_ = 0;
};

/// How the scratch of a task is laid out. A product whose inputs are one block needs the sums of
/// the panels at hand only; else all panels' sums wait for the next block.
template <class FormatType>
struct SumsLayout {
  int64_t depth;   // words of a block
  bool one_block;  //
  int64_t stride;  // floats from row to row

  explicit SumsLayout(const GemmTask& t) {
    constexpr int64_t kWordBytes = FormatType::kGroup * int64_t(sizeof(typename FormatType::Left));
    depth = kDepthBytes<FormatType> / kWordBytes;
    one_block = t.words <= depth;
    const int64_t panels = t.panel_end - t.panel_begin;
    const int64_t whole = (panels + panels_for<FormatType>(kRowBlock<FormatType>) - 1) /
                          panels_for<FormatType>(kRowBlock<FormatType>) *
                          panels_for<FormatType>(kRowBlock<FormatType>);
    stride = (one_block && panels > 4 ? 4 : whole) * kPanelColumns<FormatType>;
  }
  int64_t floats(int64_t rows) const {
    constexpr int64_t kRowUnit = kInTiles<FormatType> ? kRowsAtOnce<FormatType> : 1;
    const int64_t block = rows < kRowBlock<FormatType> ? rows : kRowBlock<FormatType>;
    return (block + kRowUnit - 1) / kRowUnit * kRowUnit * stride;
  }
};

template <class FormatType>
inline int64_t gemm_scratch(const GemmTask& task) {
  return SumsLayout<FormatType>(task).floats(task.rows);
}

/// Rows [begin, begin + rows), a block at most, times the words from `first` on.
template <class FormatType, class Finisher>
inline void multiply_block(const GemmTask& t, int64_t begin, int64_t rows, int64_t first) {
  Finisher finisher(t);
  constexpr int64_t kGroup = FormatType::kGroup;
  const SumsLayout<FormatType> layout(t);
  const int64_t words = t.words - first < layout.depth ? t.words - first : layout.depth;
  const bool last = first + words == t.words;
  constexpr int64_t kColumns = kPanelColumns<FormatType>;
  const int64_t panel_stride = t.words * kColumns * kGroup;
  const auto* panels = static_cast<const typename FormatType::Right*>(t.panels);
  const int at_once = panels_for<FormatType>(rows);
  for (int64_t panel = t.panel_begin, count = 1; panel < t.panel_end; panel += count) {
    count = panel + at_once <= t.panel_end ? at_once : 1;
    const auto* here = panels + panel * panel_stride + first * kColumns * kGroup;
    const auto* upcoming = reinterpret_cast<const char*>(here + count * panel_stride);
    const int64_t upcoming_bytes =
        count * words * kColumns * kGroup * int64_t(sizeof(typename FormatType::Right));
    const int64_t column = panel * kColumns, left_over = t.outputs - column;
    float* const sums = t.scratch + (layout.one_block ? 0 : (panel - t.panel_begin) * kColumns);
    for_each_rows<FormatType>(
        rows, rows_at_once<FormatType>(count), [&](int64_t row, int64_t height) {
          float* const own = sums + row * layout.stride;
          multiply_rows<FormatType>(
              height, count,
              {.left = left_of<FormatType>(t, begin + row, first),
               .left_stride = kInTiles<FormatType> ? kTileWords * kGroup : t.left_stride,
               .left_step = kTileRows * kTileWords * kGroup,
               .left_lower = kTileRows * t.left_stride,
               .panel = here,
               .panel_stride = panel_stride,
               .words = words,
               .sums = own,
               .sums_stride = layout.stride,
               .resume = first > 0,
               .upcoming = upcoming + upcoming_bytes * row / rows,
               .pace = upcoming_bytes * height / rows / words},
              finisher);
          if (!last) return;
          const int64_t width = count * kColumns;
          finisher.put({.sums = own,
                        .stride = layout.stride,
                        .row = begin + row,
                        .rows = height,
                        .column = column,
                        .columns = left_over < width ? left_over : width},
                       words);
        });
  }
  finisher.finish_all();
}

template <class FormatType, class Finisher>
inline void multiply(const GemmTask& task) {
  const int64_t depth = SumsLayout<FormatType>(task).depth;
  const Tiles<FormatType> tiles(kRowsAtOnce<FormatType>);
  for_each_rows<FormatType>(task.rows, kRowBlock<FormatType>, [&](int64_t begin, int64_t rows) {
    for (int64_t first = 0; first == 0 || first < task.words; first += depth) {
      multiply_block<FormatType, Finisher>(task, begin, rows, first);
    }
  });
}

/// An activation takes as long as a product in tiles; without one, sums are best finished while
/// they are in L1.
template <class FormatType>
inline void gemm(const GemmTask& task) {
  if constexpr (kInTiles<FormatType>) {
    if (task.epilogue != Epilogue::kNone) {
      return multiply<FormatType, FinishesMeanwhile<FormatType>>(task);
    }
  }
  multiply<FormatType, FinishesAtOnce<FormatType>>(task);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
