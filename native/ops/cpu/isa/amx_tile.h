// The inner loop in AMX tiles, where the processor has them, and the choice between both loops.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

#if defined(__AMX_TILE__)

/// Rows of a tile, and words of its rows.
constexpr int kTileRows = 16;
constexpr int kTileWords = 16;

/// Formats that multiply in tiles: two tiles of rows by two tiles of columns.
template <class FormatType>
constexpr bool kInTiles = FormatType::kGroup > 1;
template <class FormatType>
constexpr int kRowsAtOnce = kInTiles<FormatType> ? 2 * kTileRows : kRowTile;

/// What LDTILECFG reads (Intel Software Developer's Manual, volume 1, 18.2).
struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int64_t tile_rows, int64_t words) {
    rows[tile] = uint8_t(tile_rows);
    bytes[tile] = uint16_t(words * 4);
  }
};

/// Tiles 0 to 3 hold sums (upper left, upper right, lower left, lower right), 4 and 5 rows, 6 and 7
/// columns. Without lower rows, tiles 2, 3 and 5 are not configured.
inline void configure_tiles(int64_t upper, int64_t lower, int64_t words) {
  TileConfiguration configuration;
  configuration.set(0, upper, kTileWords);
  configuration.set(1, upper, kTileWords);
  configuration.set(4, upper, words);
  configuration.set(6, words, kTileWords);
  configuration.set(7, words, kTileWords);
  if (lower > 0) {
    configuration.set(2, lower, kTileWords);
    configuration.set(3, lower, kTileWords);
    configuration.set(5, lower, words);
  }
  _tile_loadconfig(&configuration);
}

template <class FormatType>
inline void load_sums(const Tile<FormatType>& t, bool lower, bool resume) {
  const int64_t pitch = t.sums_stride * int64_t(sizeof(float));
  if (!resume) {
    _tile_zero(0);
    _tile_zero(1);
    if (lower) {
      _tile_zero(2);
      _tile_zero(3);
    }
    return;
  }
  _tile_loadd(0, t.sums, pitch);
  _tile_loadd(1, t.sums + kTileWords, pitch);
  if (lower) {
    _tile_loadd(2, t.sums + kTileRows * t.sums_stride, pitch);
    _tile_loadd(3, t.sums + kTileRows * t.sums_stride + kTileWords, pitch);
  }
}

template <class FormatType>
inline void store_sums(const Tile<FormatType>& t, bool lower) {
  const int64_t pitch = t.sums_stride * int64_t(sizeof(float));
  _tile_stored(0, t.sums, pitch);
  _tile_stored(1, t.sums + kTileWords, pitch);
  if (lower) {
    _tile_stored(2, t.sums + kTileRows * t.sums_stride, pitch);
    _tile_stored(3, t.sums + kTileRows * t.sums_stride + kTileWords, pitch);
  }
}

/// Adds the products of the configured number of words, from `first` on.
template <class FormatType>
inline void add_products(const Tile<FormatType>& t, int64_t first, bool lower) {
  constexpr int64_t kGroup = FormatType::kGroup;
  const auto* left = t.left + first * kGroup;
  const auto* right = t.panel + first * kPanelColumns * kGroup;
  const int64_t left_pitch = t.left_stride * int64_t(sizeof(*left));
  constexpr int64_t kRightPitch = kPanelColumns * 4;
  _tile_loadd(4, left, left_pitch);
  _tile_loadd(6, right, kRightPitch);
  _tile_loadd(7, right + kTileWords * kGroup, kRightPitch);
  if constexpr (kGroup == 2) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
  } else {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
  }
  if (!lower) return;
  _tile_loadd(5, left + kTileRows * t.left_stride, left_pitch);
  if constexpr (kGroup == 2) {
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  } else {
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
}

/// Up to 32 rows times one panel of 32 columns.
template <class FormatType>
inline void multiply_in_tiles(int64_t rows, const Tile<FormatType>& t) {
  static_assert(kPanelColumns == 2 * kTileWords);
  const int64_t upper = rows < kTileRows ? rows : kTileRows, lower = rows - upper;
  const int64_t whole = t.words / kTileWords * kTileWords, rest = t.words - whole;
  bool resume = t.resume;
  if (whole > 0) {
    configure_tiles(upper, lower, kTileWords);
    load_sums(t, lower > 0, resume);
    for (int64_t word = 0; word < whole; word += kTileWords) add_products(t, word, lower > 0);
    store_sums(t, lower > 0);
    resume = true;
  }
  if (rest > 0) {
    configure_tiles(upper, lower, rest);
    load_sums(t, lower > 0, resume);
    add_products(t, whole, lower > 0);
    store_sums(t, lower > 0);
  }
  _tile_release();
}

#else

template <class FormatType>
constexpr int kRowsAtOnce = kRowTile;

#endif

/// How many panels `rows` rows take at once.
template <class FormatType>
constexpr int panels_for(int64_t rows) {
  return kRowsAtOnce<FormatType> == kRowTile && rows <= kRowTile ? panels_at_once(int(rows)) : 1;
}

/// Up to kRowsAtOnce rows times one panel, or times panels_for(rows) of them.
template <class FormatType>
inline void multiply_rows(int64_t rows, bool several_panels, const Tile<FormatType>& t) {
#if defined(__AMX_TILE__)
  if constexpr (kInTiles<FormatType>) return multiply_in_tiles(rows, t);
#endif
  multiply_vectors(rows, several_panels, t);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
