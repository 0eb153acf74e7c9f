// The values that kernels' tasks share: activations, element types, masks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace albert::cpu {

/// The values of albert::Activation (ops/activation.h is not included here: kernel sources see no
/// header whose inline functions the linker might pick in their AVX-512 form).
enum class Epilogue : uint8_t { kNone, kGeluTanh, kGeluErf, kRelu, kTanh };

/// Element types of activations.
enum class Element : uint8_t { kF32, kBF16 };
struct Bfloat16 {
  uint16_t bits;
};

/// Which elements of some rows are dropped; ops/dropout.h has the definition.
struct DropoutMask {
  uint32_t threshold;        // 0 = none is dropped, and nothing else is read
  float scale;               // of the kept ones
  uint32_t key[2];           //
  const int32_t* sequences;  // of each row: the ordinal of its sequence,
  const int32_t* positions;  // and its place there
};

/// Columns whose mask is drawn together.
constexpr int64_t kMaskColumns = 128;
/// Floats that hold the mask of so many columns.
constexpr int64_t mask_floats(int64_t columns) {
  return (columns + kMaskColumns - 1) / kMaskColumns * kMaskColumns;
}

}  // namespace albert::cpu
