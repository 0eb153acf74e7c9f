// Attention of one head of one sequence: scores, softmax, weighted values, by tiles of query rows.
//
// Keys are transposed and values copied into zero-padded panels, once a task; both products then
// run on the GEMM's register tiles. The scores of a row tile stay in L1.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// bfloat16 heads are multiplied as they are where the processor can, as float32 elsewhere.
template <class Element>
struct AttentionFormat {
  using Type = Float32Format;
};
#if defined(ALBERT_NATIVE_BFLOAT16)
template <>
struct AttentionFormat<Bfloat16> {
  using Type = Bfloat16Format;
};
#endif

/// Columns of the panels that are multiplied at once.
template <class FormatType>
constexpr int kPanelsOfHead = kInTiles<FormatType> ? 2 : 1;
template <class FormatType>
constexpr int kHeadColumns = kPanelsOfHead<FormatType>* kPanelColumns<FormatType>;

constexpr int64_t rounded_up(int64_t count, int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/// Where the parts of a task's scratch begin. A word is 32 bits, as a float is.
template <class FormatType>
struct AttentionScratch {
  using Left = typename FormatType::Left;
  static constexpr int64_t kGroup = FormatType::kGroup;
  static constexpr int64_t kRows = kRowsAtOnce<FormatType>;

  int64_t padded_keys;  // whole panels
  int64_t head_words;   // of a query or key
  int64_t key_words;    // of a row of probabilities
  float* keys;          // panels of key rows: head_words × kPanelColumns words each
  float* values;        // panels of value columns: key_words × kPanelColumns words each
  float* scores;        // kRows × padded_keys
  Left* weights;        // kRows × padded_keys: the scores' exponentials
  Left* queries;        // kRows × head_words, where they cannot be read in place
  float* context;       // kRows × kHeadColumns
  float* factors;       // a row of the dropout's mask
  int64_t floats;

  AttentionScratch(float* scratch, int64_t key_count, int64_t head_size)
      : padded_keys(rounded_up(key_count, kHeadColumns<FormatType>)),
        head_words(rounded_up((head_size + kGroup - 1) / kGroup, kWordMultiple<FormatType>)),
        key_words(rounded_up((key_count + kGroup - 1) / kGroup, kWordMultiple<FormatType>)),
        keys(scratch),
        values(keys + padded_keys * head_words),
        scores(values + rounded_up(head_size, kHeadColumns<FormatType>) * key_words),
        weights(reinterpret_cast<Left*>(scores + kRows * padded_keys)),
        queries(weights + kRows * padded_keys),
        context(reinterpret_cast<float*>(
            queries + kRows * rounded_up(head_words * kGroup, kHeadColumns<FormatType>))),
        factors(context + kRows * kHeadColumns<FormatType>),
        floats(factors + mask_floats(key_count) - scratch) {}

  /// Where the first word of a column lies, in panels of `words` words.
  float* column_of(float* panels, int64_t column, int64_t words) const {
    constexpr int64_t kColumns = kPanelColumns<FormatType>;
    return panels + column / kColumns * kColumns * words + column % kColumns;
  }
};

template <class FormatType>
inline int64_t scratch_floats(int64_t key_count, int64_t head_size) {
  // Offsets from a pointer that is never read.
  alignas(64) static float origin[1];
  return AttentionScratch<FormatType>(origin, key_count, head_size).floats;
}

inline int64_t attention_scratch(int64_t key_count, int64_t head_size) {
  const int64_t wide = scratch_floats<Float32Format>(key_count, head_size);
  const int64_t narrow =
      scratch_floats<typename AttentionFormat<Bfloat16>::Type>(key_count, head_size);
  return wide > narrow ? wide : narrow;
}

/// Words [first, first + kWidth) of a row of `columns` elements, zeros behind its end.
template <class FormatType, class Element>
inline Vec load_row_words(const Element* row, int64_t first, int64_t columns) {
  const int64_t begin = first * FormatType::kGroup, left = columns - begin;
  if constexpr (FormatType::kGroup == 1) {
    return left >= kWidth ? load(row + begin) : load(row + begin, FirstLanes(left));
  } else {
    constexpr int64_t kElements = kWidth * FormatType::kGroup;
    Vec words = {};
    __builtin_memcpy(&words, row + begin,
                     size_t(left < kElements ? left : kElements) * sizeof(Element));
    return words;
  }
}

/// rows[i][j] becomes rows[j][i]: log2(kWidth) rounds of a perfect shuffle.
inline void transpose(Vec (&rows)[kWidth]) {
#pragma GCC unroll 4
  for (int round = 1; round < kWidth; round *= 2) {
    Vec shuffled[kWidth];
#pragma GCC unroll 8
    for (int i = 0; i < kWidth / 2; ++i) {
      shuffled[2 * i] = interleave_low(rows[i], rows[i + kWidth / 2]);
      shuffled[2 * i + 1] = interleave_high(rows[i], rows[i + kWidth / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) rows[i] = shuffled[i];
  }
}

/// Panels of keys: column j of a panel is a key, its words go down.
template <class FormatType, class Element>
inline void pack_keys(const AttentionTask& t, const AttentionScratch<FormatType>& s) {
  const Element* keys = static_cast<const Element*>(t.keys);
  for (int64_t first = 0; first < s.padded_keys; first += kWidth) {
    float* column = s.column_of(s.keys, first, s.head_words);
    for (int64_t word = 0; word < s.head_words; word += kWidth) {
      Vec rows[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) {
        rows[i] =
            first + i < t.key_count
                ? load_row_words<FormatType>(keys + (first + i) * t.key_stride, word, t.head_size)
                : broadcast(0.0f);
      }
      transpose(rows);
      const int64_t count = s.head_words - word < kWidth ? s.head_words - word : kWidth;
      for (int64_t i = 0; i < count; ++i) {
        store(column + (word + i) * kPanelColumns<FormatType>, rows[i]);
      }
    }
  }
}

/// The words of one vector of value columns for keys [kGroup · word, kGroup · (word + 1)).
template <class FormatType, class Element, class Lanes>
inline Vec value_words(const AttentionTask& t, int64_t word, int64_t column, Lanes lanes) {
  const Element* values =
      static_cast<const Element*>(t.values) + word * FormatType::kGroup * t.value_stride + column;
  const Vec even = load(values, lanes);
  if constexpr (FormatType::kGroup == 1) return even;
  // Two bfloat16, widened, are the upper halves of their words.
  const bool has_odd = word * FormatType::kGroup + 1 < t.key_count;
  const Vec odd = has_odd ? load(values + t.value_stride, lanes) : broadcast(0.0f);
  return from_bits((IntVec)((WordVec)even >> 16) | bits_of(odd));
}

/// Panels of values: columns side by side, keys go down.
template <class FormatType, class Element>
inline void pack_values(const AttentionTask& t, const AttentionScratch<FormatType>& s) {
  const int64_t columns = rounded_up(t.head_size, kHeadColumns<FormatType>);
  const int64_t words = (t.key_count + FormatType::kGroup - 1) / FormatType::kGroup;
  for (int64_t first = 0; first < columns; first += kWidth) {
    float* column = s.column_of(s.values, first, s.key_words);
    const int64_t left = t.head_size - first;
    for (int64_t word = 0; word < s.key_words; ++word, column += kPanelColumns<FormatType>) {
      if (left <= 0 || word >= words) {
        store(column, broadcast(0.0f));
      } else if (left >= kWidth) {
        store(column, value_words<FormatType, Element>(t, word, first, AllLanes{}));
      } else {
        store(column, value_words<FormatType, Element>(t, word, first, FirstLanes(left)));
      }
    }
  }
}

/// Some query rows of a task.
struct QueryRows {
  int64_t begin;
  int64_t count;
};

template <class FormatType, class Element>
inline void score_rows(const AttentionTask& t, const AttentionScratch<FormatType>& s,
                       const QueryRows& rows) {
  using Left = typename FormatType::Left;
  const Element* queries = static_cast<const Element*>(t.queries) + rows.begin * t.query_stride;
  const Left* left = s.queries;
  int64_t stride = s.head_words * FormatType::kGroup;
  if constexpr (__is_same(Left, Element)) {
    if (t.head_size == stride) left = queries, stride = t.query_stride;
  }
  if (left == s.queries) {
    stage_converted<FormatType, 1>({.left = s.queries,
                                    .left_stride = stride,
                                    .x = queries,
                                    .x_stride = t.query_stride,
                                    .x_element = t.element,
                                    .scales = nullptr,
                                    .zero_points = nullptr,
                                    .rows = rows.count,
                                    .inputs = t.head_size});
  }
  for (int64_t first = 0; first < t.key_count; first += kHeadColumns<FormatType>) {
    const float* panel = s.keys + first * s.head_words;
    multiply_rows<FormatType>(
        rows.count, kPanelsOfHead<FormatType>,
        {.left = left,
         .left_stride = stride,
         .left_step = kTileWords * FormatType::kGroup,
         .left_lower = kTileRows * stride,
         .panel = reinterpret_cast<const typename FormatType::Right*>(panel),
         .panel_stride = s.head_words * kPanelColumns<FormatType> * FormatType::kGroup,
         .words = s.head_words,
         .sums = s.scores + first,
         .sums_stride = s.padded_keys,
         .resume = false,
         .upcoming = reinterpret_cast<const char*>(panel),
         .pace = 0});
  }
}

/// Keeps what the caller wants of a row: log Σ exp, and the probabilities.
template <class Left>
inline void keep_row(const AttentionTask& t, const Left* weights, int64_t row,
                     const SoftmaxStatistics& statistics) {
  if (t.log_sum_exp != nullptr) {
    const double sum = __builtin_log(double(statistics.sum));
    t.log_sum_exp[row * t.log_sum_exp_stride] =
        float(double(statistics.maximum) * double(t.scale) + sum);
  }
  if (t.probabilities == nullptr) return;
  float* kept = t.probabilities + row * t.key_count;
  const Vec inverse = broadcast(1.0f / statistics.sum);
  for_each_vector(t.key_count, [&](int64_t j, auto lanes) {
    store(kept + j, load(weights + j, lanes) * inverse, lanes);
  });
}

/// Drops weights of a row; what is kept is scaled by `sum`, which all of them are divided by.
template <class FormatType>
inline void drop_weights(const AttentionTask& t, const AttentionScratch<FormatType>& s, int64_t row,
                         typename FormatType::Left* weights, float& sum) {
  DropoutMask kept = t.dropout;
  kept.scale = 1;
  row_mask(s.factors, kept, row, t.head, t.key_count);
  for_each_vector(t.key_count, [&](int64_t j, auto lanes) {
    store(weights + j, load(weights + j, lanes) * load(s.factors + j), lanes);
  });
  sum /= t.dropout.scale;
}

/// context = weights · values / Σ weights.
template <class FormatType, class Element>
inline void weigh_values(const AttentionTask& t, const AttentionScratch<FormatType>& s,
                         const QueryRows& rows, const float* sums) {
  constexpr int64_t kColumns = kHeadColumns<FormatType>;
  for (int64_t first = 0; first < t.head_size; first += kColumns) {
    const float* panel = s.values + first * s.key_words;
    multiply_rows<FormatType>(
        rows.count, kPanelsOfHead<FormatType>,
        {.left = s.weights,
         .left_stride = s.padded_keys,
         .left_step = kTileWords * FormatType::kGroup,
         .left_lower = kTileRows * s.padded_keys,
         .panel = reinterpret_cast<const typename FormatType::Right*>(panel),
         .panel_stride = s.key_words * kPanelColumns<FormatType> * FormatType::kGroup,
         .words = s.key_words,
         .sums = s.context,
         .sums_stride = kColumns,
         .resume = false,
         .upcoming = reinterpret_cast<const char*>(panel),
         .pace = 0});
    const int64_t left = t.head_size - first, columns = left < kColumns ? left : kColumns;
    for (int64_t i = 0; i < rows.count; ++i) {
      Element* context =
          static_cast<Element*>(t.context) + (rows.begin + i) * t.context_stride + first;
      const Vec inverse = broadcast(1.0f / sums[i]);
      for_each_vector(columns, [&](int64_t j, auto lanes) {
        store(context + j, load(s.context + i * kColumns + j, lanes) * inverse, lanes);
      });
    }
  }
}

template <class Element>
inline void attention_of(const AttentionTask& t) {
  using FormatType = typename AttentionFormat<Element>::Type;
  using Left = typename FormatType::Left;
  const AttentionScratch<FormatType> scratch(t.scratch, t.key_count, t.head_size);
  pack_keys<FormatType, Element>(t, scratch);
  pack_values<FormatType, Element>(t, scratch);
  for_each_part(t.query_count, kRowsAtOnce<FormatType>, [&](int64_t begin, int64_t count) {
    const QueryRows rows = {begin, count};
    const Tiles<FormatType> tiles(count);
    score_rows<FormatType, Element>(t, scratch, rows);
    float sums[kRowsAtOnce<FormatType>];
    for (int64_t i = 0; i < count; ++i) {
      Left* weights = scratch.weights + i * scratch.padded_keys;
      const SoftmaxStatistics statistics =
          exponentials(weights, scratch.scores + i * scratch.padded_keys, t.key_count, t.scale);
      for (int64_t j = t.key_count; j < scratch.key_words * FormatType::kGroup; ++j) {
        weights[j] = Left{};
      }
      keep_row(t, weights, begin + i, statistics);
      sums[i] = statistics.sum;
      if (t.dropout.threshold > 0) drop_weights(t, scratch, begin + i, weights, sums[i]);
    }
    weigh_values<FormatType, Element>(t, scratch, rows, sums);
  });
}

inline void attention(const AttentionTask& task) {
  if (task.element == Element::kF32) return attention_of<float>(task);
  attention_of<Bfloat16>(task);
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
