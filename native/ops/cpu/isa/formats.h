// What the GEMM multiplies: float32, bfloat16 and int8, word by word.
//
// A word holds kGroup consecutive inputs. A row of the left side is read word by word and
// broadcast; a panel of the right side has, for each word, the words of its columns side by side.
// A format says how both become vectors, and what each of the kSteps of a word adds to the sums.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/dot.h"
#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// One input a word; the sum is a chain of fma.
struct Float32Format {
  using Left = float;
  using Right = float;
  using Sum = Vec;
  static constexpr int kGroup = 1;
  static constexpr int kSteps = 1;

  static Vec left(const float* word, int) { return broadcast(*word); }
  static Vec right(const float* words, int) { return load(words); }
  static Sum dot(Sum sum, Vec left, Vec right) { return fma(left, right, sum); }
};

#if defined(ALBERT_NATIVE_BFLOAT16)

/// Two inputs a word, multiplied by the processor's own instruction.
struct Bfloat16Format {
  using Left = Bfloat16;
  using Right = Bfloat16;
  using Sum = Vec;
  static constexpr int kGroup = 2;
  static constexpr int kSteps = 1;

  static IntVec left(const Bfloat16* word, int) { return broadcast_word(word); }
  static IntVec right(const Bfloat16* words, int) { return load_words(words); }
  static Sum dot(Sum sum, IntVec left, IntVec right) { return dot_bfloat16(sum, left, right); }
};

#else

/// Two inputs a word on the right side, widened to float32 in registers, one a step; the left side
/// is staged as float32. The sum is Float32Format's.
struct Bfloat16Format {
  using Left = float;
  using Right = Bfloat16;
  using Sum = Vec;
  static constexpr int kGroup = 2;
  static constexpr int kSteps = 2;

  static Vec left(const float* word, int step) { return broadcast(word[step]); }
  static Vec right(const Bfloat16* words, int step) {
    const IntVec pair = load_words(words);
    return step == 0 ? from_bits(pair << 16) : upper_halves(from_bits(pair));
  }
  static Sum dot(Sum sum, Vec left, Vec right) { return fma(left, right, sum); }
};

#endif

/// Four inputs a word: unsigned activations times signed weights, summed exactly.
struct Int8Format {
  using Left = uint8_t;
  using Right = int8_t;
  using Sum = IntVec;
  static constexpr int kGroup = 4;
  static constexpr int kSteps = 1;

  static IntVec left(const uint8_t* word, int) { return broadcast_word(word); }
  static IntVec right(const int8_t* words, int) { return load_words(words); }
  static Sum dot(Sum sum, IntVec left, IntVec right) { return dot_int8(sum, left, right); }
};

/// Rows of an AMX tile, and words of its rows.
constexpr int kTileRows = 16;
constexpr int kTileWords = 16;

/// Formats that AMX multiplies in tiles.
#if defined(__AMX_TILE__)
template <class FormatType>
constexpr bool kInTiles = FormatType::kGroup > 1;
#else
template <class FormatType>
constexpr bool kInTiles = false;
#endif

/// Columns of a panel. A tile's columns are neighbours in memory: pitches of 128 bytes instead of
/// 64 cost 5 % of the product.
template <class FormatType>
constexpr int kPanelColumns = kInTiles<FormatType> ? kTileWords : kPanelVectors * kWidth;
/// Words of a row are a multiple of this.
template <class FormatType>
constexpr int kWordMultiple = kInTiles<FormatType> ? kTileWords : 1;
/// Staged rows that lie in memory together: see StageTask.
template <class FormatType>
constexpr int kStagedRows = kInTiles<FormatType> ? kTileRows : 1;

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
