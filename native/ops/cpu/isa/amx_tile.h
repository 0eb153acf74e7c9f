// The inner loop in AMX tiles, where the processor has them, and the choice between both loops.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

#if defined(__AMX_TILE__)

/// g++ does not know that loads and stores of tiles, and their configuration, touch memory.
inline void memory_as_written() {
  __asm__ volatile("" ::: "memory");
}

/// Two tiles of rows by two tiles of columns.
template <class FormatType>
constexpr int kRowsAtOnce = kInTiles<FormatType> ? 2 * kTileRows : kRowTile;

/// What LDTILECFG reads (Intel Software Developer's Manual, volume 1, 18.2).
struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int64_t tile_rows) {
    rows[tile] = uint8_t(tile_rows);
    bytes[tile] = uint16_t(kTileWords * 4);
  }
};

/// The tiles of a thread from here on, until their scope ends. Tiles 0 to 3 hold sums (upper left,
/// upper right, lower left, lower right), 4 and 5 rows, 6 and 7 columns. Configuring costs as much
/// as several products of tiles: once for many of them.
template <class FormatType>
class Tiles {
 public:
  explicit Tiles(int64_t rows) {
    if constexpr (kInTiles<FormatType>) configure(rows);
  }
  ~Tiles() {
    if constexpr (kInTiles<FormatType>) _tile_release();
  }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

 private:
  static constexpr int kLowerTiles[] = {2, 3, 5};

  static void configure(int64_t rows) {
    const int64_t upper = rows < kTileRows ? rows : kTileRows, lower = rows - upper;
    TileConfiguration configuration;
    for (int tile = 0; tile < 6; ++tile) configuration.set(tile, upper);
    for (int tile : kLowerTiles) configuration.set(tile, lower > 0 ? lower : 1);
    configuration.set(6, kTileWords);
    configuration.set(7, kTileWords);
    __asm__ volatile("" : : "r"(&configuration) : "memory");
    _tile_loadconfig(&configuration);
  }
};

template <class FormatType>
inline void load_sums(const Tile<FormatType>& t, bool lower) {
  const int64_t pitch = t.sums_stride * int64_t(sizeof(float));
  if (!t.resume) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
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
inline void store_sums(const Tile<FormatType>& t, bool lower, bool right) {
  const int64_t pitch = t.sums_stride * int64_t(sizeof(float));
  _tile_stored(0, t.sums, pitch);
  if (right) _tile_stored(1, t.sums + kTileWords, pitch);
  if (!lower) return;
  _tile_stored(2, t.sums + kTileRows * t.sums_stride, pitch);
  if (right) _tile_stored(3, t.sums + kTileRows * t.sums_stride + kTileWords, pitch);
}

/// Room between two instructions on tiles. While the other hyperthread of a core works, tile
/// instructions that follow each other closely hold each other up: with eight others between them
/// a step of multiply_tiles takes 70 ns instead of 110 (Emerald Rapids, operands in L1). A core
/// that nobody else uses does these beside the products, 16 cycles each, at no cost.
inline void keep_distance() {
  __asm__ volatile(".rept 8\n\tnop\n\t.endr");
}

/// Adds the products of rows and columns to sums: numbers of tiles, which must be literals.
#define ALBERT_ADD_PRODUCTS(sums, rows, columns) \
  do {                                           \
    if constexpr (FormatType::kGroup == 2) {     \
      _tile_dpbf16ps(sums, rows, columns);       \
    } else {                                     \
      _tile_dpbusd(sums, rows, columns);         \
    }                                            \
  } while (false)

/// Up to 32 rows times one or two panels of 16 columns. While the tiles multiply, the vector units
/// have little to do: other work takes a turn at each kTileWords words.
template <class FormatType, bool kLower, bool kRight, class Work>
[[gnu::noinline]] void multiply_tiles(const Tile<FormatType>& t, Work& other) {
  constexpr int64_t kPitch = kTileWords * 4, kWordsOfPanel = kTileWords * FormatType::kGroup;
  const int64_t left_pitch = t.left_stride * int64_t(sizeof(*t.left));
  const auto* left = t.left;
  const auto* right = t.panel;
  const char* upcoming = t.upcoming;
  memory_as_written();
  load_sums(t, kLower);
  for (int64_t word = 0; word < t.words; word += kTileWords) {
    _tile_loadd(4, left, left_pitch);
    keep_distance();
    _tile_loadd(6, right, kPitch);
    keep_distance();
    if constexpr (kRight) {
      _tile_loadd(7, right + t.panel_stride, kPitch);
      keep_distance();
    }
    ALBERT_ADD_PRODUCTS(0, 4, 6);
    if constexpr (kRight) {
      keep_distance();
      ALBERT_ADD_PRODUCTS(1, 4, 7);
    }
    if constexpr (kLower) {
      keep_distance();
      _tile_loadd(5, left + t.left_lower, left_pitch);
      keep_distance();
      ALBERT_ADD_PRODUCTS(2, 5, 6);
    }
    if constexpr (kLower && kRight) {
      keep_distance();
      ALBERT_ADD_PRODUCTS(3, 5, 7);
    }
    // Every second line: processors with AMX fetch the other line of a pair with it.
    for (int64_t line = 0; line < t.pace * kTileWords; line += 128) {
      __builtin_prefetch(upcoming + line, 0, 2);
    }
    upcoming += t.pace * kTileWords;
    left += t.left_step;
    right += kTileWords * kWordsOfPanel;
    other.take_turn();
  }
  other.finish_all();  // its sums may lie where these are stored
  store_sums(t, kLower, kRight);
  memory_as_written();
}

template <class FormatType, class Work>
inline void multiply_in_tiles(int64_t rows, int panels, const Tile<FormatType>& t, Work& other) {
  if (rows > kTileRows) {
    if (panels > 1) return multiply_tiles<FormatType, true, true>(t, other);
    return multiply_tiles<FormatType, true, false>(t, other);
  }
  if (panels > 1) return multiply_tiles<FormatType, false, true>(t, other);
  multiply_tiles<FormatType, false, false>(t, other);
}

#else

template <class FormatType>
constexpr int kRowsAtOnce = kRowTile;

template <class FormatType>
struct Tiles {
  explicit Tiles(int64_t) {}
};

#endif

struct NoWork {
  void take_turn() {}
  void finish_all() {}
};

/// How many panels a block of `rows` rows takes at once.
template <class FormatType>
constexpr int panels_for(int64_t rows) {
  if (kInTiles<FormatType>) return 2;
  return rows <= kRowTile ? panels_beside(int(rows)) : kPanelsBeside;
}

/// How many rows of a block are computed together with so many panels.
template <class FormatType>
constexpr int rows_at_once(int panels) {
  return kInTiles<FormatType> ? kRowsAtOnce<FormatType> : kRowTile / panels;
}

/// Up to rows_at_once(panels) rows times one panel, or times panels_for(rows) of them. Vectors
/// leave no room for other work.
template <class FormatType, class Work>
inline void multiply_rows(int64_t rows, int panels, const Tile<FormatType>& t,
                          [[maybe_unused]] Work& other) {
#if defined(__AMX_TILE__)
  if constexpr (kInTiles<FormatType>) return multiply_in_tiles(rows, panels, t, other);
#endif
  multiply_vectors(rows, panels, t);
}
template <class FormatType>
inline void multiply_rows(int64_t rows, int panels, const Tile<FormatType>& t) {
  NoWork none;
  multiply_rows<FormatType>(rows, panels, t, none);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
