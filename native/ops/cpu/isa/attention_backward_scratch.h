// Where attention's backward keeps what it computes with: one task's scratch, cut into parts.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// Queries of a block: four steps of an AMX tile's depth, and 512 keys' gradients in 128 KiB.
constexpr int64_t kQueryBlock = 128;
static_assert(kMaskColumns % kMaskLanes == 0);

/// Hands out 64-byte aligned parts of a task's scratch.
struct ScratchParts {
  float* next;

  template <class T>
  T* take(int64_t count) {
    T* const part = reinterpret_cast<T*>(next);
    next += (count * int64_t(sizeof(T)) + 63) / 64 * 16;
    return part;
  }
};

template <class FormatType>
struct BackwardScratch {
  using Left = typename FormatType::Left;
  using Right = typename FormatType::Right;
  static constexpr int kGroup = FormatType::kGroup;
  static constexpr int64_t kRows = kRowsAtOnce<FormatType>;
  static_assert(kQueryBlock % kPanelColumns<FormatType> == 0);

  int64_t head_words;      // of a query, key or value
  int64_t left_stride;     // of staged keys and values
  int64_t padded_head;     // whole panels
  int64_t key_words;       // of a column of keys
  int64_t key_stride;      // of transposed keys
  Left* keys;              // key_count × left_stride, where they cannot be read in place
  Left* values;            // as keys
  Left* keys_down;         // head_size × key_stride: keys transposed
  float* dkeys;            // key_count × padded_head
  float* dvalues;          // key_count × padded_head
  Right* queries_across;   // panels of head_words: a column for each query
  Right* dcontext_across;  //
  Right* queries_down;     // panels of queries' words: a column for each of the head's
  Right* dcontext_down;    //
  float* log_sum_exp;      // kQueryBlock
  float* delta;            // kQueryBlock: dcontext · context
  WordVec* random;         // kMaskLanes × 4 × kQueryBlock words
  float* scores;           // kRows × kQueryBlock
  float* dweights;         // kRows × kQueryBlock
  Left* weights;           // kRows × kQueryBlock
  Left* dscores;           // key_count × kQueryBlock
  Right* dscores_down;     // panels of key_words: a column for each query
  float* dqueries;         // padded_head × kQueryBlock: transposed
  int64_t floats;

  BackwardScratch(float* scratch, int64_t key_count, int64_t head_size)
      : head_words(words_of<FormatType>(head_size)),
        left_stride(head_words * kGroup),
        padded_head(rounded_up(head_size, kPanelColumns<FormatType>)),
        key_words(words_of<FormatType>(key_count)),
        key_stride(rounded_up(key_count, 2 * kWidth)) {
    ScratchParts parts{scratch};
    keys = parts.take<Left>(key_count * left_stride);
    values = parts.take<Left>(key_count * left_stride);
    keys_down = parts.take<Left>(head_size * key_stride);
    dkeys = parts.take<float>(key_count * padded_head);
    dvalues = parts.take<float>(key_count * padded_head);
    queries_across = parts.take<Right>(kQueryBlock * head_words * kGroup);
    dcontext_across = parts.take<Right>(kQueryBlock * head_words * kGroup);
    queries_down = parts.take<Right>(kQueryBlock * padded_head);
    dcontext_down = parts.take<Right>(kQueryBlock * padded_head);
    log_sum_exp = parts.take<float>(kQueryBlock);
    delta = parts.take<float>(kQueryBlock);
    random = parts.take<WordVec>(kMaskLanes * 4 * kQueryBlock / kWidth);
    scores = parts.take<float>(kRows * kQueryBlock);
    dweights = parts.take<float>(kRows * kQueryBlock);
    weights = parts.take<Left>(kRows * kQueryBlock);
    dscores = parts.take<Left>(key_count * kQueryBlock);
    dscores_down = parts.take<Right>(key_words * kGroup * kQueryBlock);
    dqueries = parts.take<float>(padded_head * kQueryBlock);
    floats = parts.next - scratch;
  }
};

template <class FormatType>
inline int64_t backward_scratch_floats(int64_t key_count, int64_t head_size) {
  // Offsets from a pointer that is never read.
  alignas(64) static float origin[1];
  return BackwardScratch<FormatType>(origin, key_count, head_size).floats;
}

inline int64_t attention_backward_scratch(int64_t key_count, int64_t head_size) {
  const int64_t wide = backward_scratch_floats<Float32Format>(key_count, head_size);
  const int64_t narrow =
      backward_scratch_floats<typename AttentionFormat<Bfloat16>::Type>(key_count, head_size);
  return wide > narrow ? wide : narrow;
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
