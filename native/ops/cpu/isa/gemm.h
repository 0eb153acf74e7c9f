// Matrix times packed panels, in register tiles.
//
// Every sum is one chain of fma over the inputs in storage order, starting from zero; the bias is
// added at its end. Neither the tile's shape nor the cutting of the inputs into blocks (a block
// leaves its sums in y and the next one takes them up again) changes a bit of it.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

constexpr int kPanelColumns = kPanelVectors * kWidth;
/// Rows that visit a panel before the next panel is touched: the panel then stays in L1 or L2.
constexpr int64_t kRowBlock = 96;
/// Inputs that one visit covers: kRowBlock rows and a panel of that depth fit in 512 KiB of L2.
constexpr int64_t kDepthBlock = 1024;

/// Some rows times some adjacent panels. What a register tile is made of.
struct Tile {
  const float* a;
  int64_t a_stride;
  const float* panel;
  int64_t panel_stride;  // floats from one panel to the next
  int64_t depth;
  float* c;
  int64_t c_stride;
  int64_t columns;    // of c; the panels may be wider, by padding
  const float* bias;  // null: the sums are not finished, or have none
  bool resume;        // continue the sums that c holds
};

/// The sums of a tile between the loops over its inputs and memory.
template <int kRows, int kVectors>
struct Sums {
  Vec of[kRows][kVectors];

  void load_from(const Tile& t) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const Lanes lanes = first_lanes(t.columns - v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) of[i][v] = load(t.c + i * t.c_stride + v * kWidth, lanes);
    }
  }

  void add(const float* bias) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const Vec b = load(bias + v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) of[i][v] = of[i][v] + b;
    }
  }

  void store_to(const Tile& t) const {
    if (t.columns >= kVectors * kWidth) {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) store(t.c + i * t.c_stride + v * kWidth, of[i][v]);
      }
      return;
    }
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const Lanes lanes = first_lanes(t.columns - v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) store(t.c + i * t.c_stride + v * kWidth, of[i][v], lanes);
    }
  }
};

template <int kRows, int kPanels>
[[gnu::noinline]] void multiply_tile(const Tile& t) {
  constexpr int kVectors = kPanels * kPanelVectors;
  Sums<kRows, kVectors> sums = {};
  if (t.resume) sums.load_from(t);
  // Three rows share a base register: base, base + stride, base + 2 · stride are addressing modes.
  const int64_t stride = t.a_stride;
  const float* a[(kRows + 2) / 3];
#pragma GCC unroll 8
  for (int i = 0; i < (kRows + 2) / 3; ++i) a[i] = t.a + 3 * i * stride;
  const float* b[kPanels];
#pragma GCC unroll 4
  for (int p = 0; p < kPanels; ++p) b[p] = t.panel + p * t.panel_stride;
  for (int64_t k = 0; k < t.depth; ++k) {
    Vec right[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      right[v] = load(b[v / kPanelVectors] + k * kPanelColumns + v % kPanelVectors * kWidth);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec left = broadcast(a[i / 3][i % 3 * stride + k]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums.of[i][v] = fma(left, right[v], sums.of[i][v]);
    }
  }
  if (t.bias != nullptr) sums.add(t.bias);
  sums.store_to(t);
}

/// How many panels a tile of few rows takes at once: the registers are then as full, and enough
/// chains run side by side to keep up with memory.
constexpr int panels_at_once(int rows) {
  const int fitting = kRowTile / rows;
  return fitting > 4 ? 4 : fitting;
}

/// Calls the instantiation for `rows` <= kRows rows.
template <int kRows>
inline void multiply_rows(int64_t rows, bool several_panels, const Tile& t) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return multiply_rows<kRows - 1>(rows, several_panels, t);
  }
  constexpr int kPanels = panels_at_once(kRows);
  if constexpr (kPanels > 1) {
    if (several_panels) return multiply_tile<kRows, kPanels>(t);
  }
  multiply_tile<kRows, 1>(t);
}

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

/// Applies the epilogue to sums that were just stored (and are still in L1).
inline void finish_tile(const GemmTask& t, int64_t row, int64_t rows, int64_t column,
                        int64_t columns) {
  with_function(t.epilogue, [&](const auto& function) {
    for (int64_t i = row; i < row + rows; ++i) {
      float* y = t.y + i * t.y_stride + column;
      float* kept = t.preactivation ? t.preactivation + i * t.preactivation_stride + column : y;
      for_each_vector(columns, [&](int64_t j, auto lanes) {
        const Vec sum = load(y + j, lanes);
        store(kept + j, sum, lanes);
        store(y + j, function(sum), lanes);
      });
    }
  });
}

/// Rows [begin, begin + rows), rows <= kRowBlock: inputs in blocks, then panels, then row tiles.
inline void multiply_block(const GemmTask& t, int64_t begin, int64_t rows) {
  const bool plain = t.epilogue == Epilogue::kNone && t.preactivation == nullptr;
  const int64_t panel_stride = t.inputs * kPanelColumns;
  const int at_once = rows <= kRowTile ? panels_at_once(int(rows)) : 1;
  for (int64_t k = 0; k == 0 || k < t.inputs; k += kDepthBlock) {
    const int64_t depth = t.inputs - k < kDepthBlock ? t.inputs - k : kDepthBlock;
    const bool last = k + depth == t.inputs;
    for (int64_t panel = t.panel_begin; panel < t.panel_end;) {
      const int64_t panels = panel + at_once <= t.panel_end ? at_once : 1;
      const int64_t column = panel * kPanelColumns, left = t.outputs - column;
      const int64_t columns = left < panels * kPanelColumns ? left : panels * kPanelColumns;
      for_each_part(rows, kRowTile, [&](int64_t first, int64_t count) {
        const int64_t row = begin + first;
        multiply_rows<kRowTile>(count, panels > 1,
                                {.a = t.x + row * t.x_stride + k,
                                 .a_stride = t.x_stride,
                                 .panel = t.panels + panel * panel_stride + k * kPanelColumns,
                                 .panel_stride = panel_stride,
                                 .depth = depth,
                                 .c = t.y + row * t.y_stride + column,
                                 .c_stride = t.y_stride,
                                 .columns = columns,
                                 .bias = last ? t.bias + column : nullptr,
                                 .resume = k > 0});
        if (last && !plain) finish_tile(t, row, count, column, columns);
      });
      panel += panels;
    }
  }
}

inline void gemm(const GemmTask& task) {
  for_each_part(task.rows, kRowBlock,
                [&](int64_t begin, int64_t rows) { multiply_block(task, begin, rows); });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
