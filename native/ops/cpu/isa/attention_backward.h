// Attention's backward, of one head of one sequence: probabilities are computed again, for some
// queries and keys at a time.
//
// Scores are held transposed, a row for each key: then probabilities and their gradients are the
// left sides of the products that give dvalues and dkeys as they are, and the statistics of queries
// lie along the lanes. Only the gradients of a block of queries' scores wait, for dqueries.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

/// Rows as the left side of a product.
template <class Left>
struct LeftRows {
  const Left* left;
  int64_t stride;
};

/// Rows of the head in place, or staged where they cannot be read so.
template <class FormatType, class X>
inline LeftRows<typename FormatType::Left> left_rows(const Rows<const X>& rows, int64_t head_size,
                                                     typename FormatType::Left* buffer) {
  const int64_t stride = words_of<FormatType>(head_size) * FormatType::kGroup;
  if constexpr (__is_same(typename FormatType::Left, X)) {
    if (head_size == stride) return {rows.x, rows.stride};
  }
  stage_converted<FormatType, 1>({.left = buffer,
                                  .left_stride = stride,
                                  .x = rows.x,
                                  .x_stride = rows.stride,
                                  .x_element = __is_same(X, float) ? Element::kF32 : Element::kBF16,
                                  .scales = nullptr,
                                  .zero_points = nullptr,
                                  .rows = rows.count,
                                  .inputs = head_size});
  return {buffer, stride};
}

/// A block of the queries of a task.
struct QueryBlock {
  int64_t begin;
  int64_t count;
  int64_t padded;  // to whole panels and words
};

/// Rows times adjacent panels; sums of `columns` columns.
template <class FormatType>
struct Product {
  LeftRows<typename FormatType::Left> left;
  int64_t rows;
  const typename FormatType::Right* panels;
  int64_t words;
  int64_t columns;
  float* sums;
  int64_t sums_stride;
  bool resume;
};

template <class FormatType>
inline void multiply(const Product<FormatType>& p) {
  constexpr int64_t kColumns = kPanelColumns<FormatType>, kGroup = FormatType::kGroup;
  const int64_t panel_stride = p.words * kColumns * kGroup;
  for (int64_t column = 0; column < p.columns; column += kHeadColumns<FormatType>) {
    const auto* panel = p.panels + column / kColumns * panel_stride;
    const int panels = column + kColumns < p.columns ? kPanelsOfHead<FormatType> : 1;
    multiply_rows<FormatType>(p.rows, panels,
                              {.left = p.left.left,
                               .left_stride = p.left.stride,
                               .left_step = kTileWords * kGroup,
                               .left_lower = kTileRows * p.left.stride,
                               .panel = panel,
                               .panel_stride = panel_stride,
                               .words = p.words,
                               .sums = p.sums + column,
                               .sums_stride = p.sums_stride,
                               .resume = p.resume,
                               .upcoming = reinterpret_cast<const char*>(panel),
                               .pace = 0});
  }
}

template <class FormatType, class X>
struct AttentionBackward {
  using Left = typename FormatType::Left;
  static constexpr int kGroup = FormatType::kGroup;

  const AttentionBackwardTask& t;
  const BackwardScratch<FormatType> s;
  LeftRows<Left> keys, values;

  explicit AttentionBackward(const AttentionBackwardTask& task)
      : t(task), s(task.scratch, task.key_count, task.head_size) {
    keys = left_rows<FormatType>(rows_of(t.keys, t.key_stride, t.key_count), t.head_size, s.keys);
    values = left_rows<FormatType>(rows_of(t.values, t.value_stride, t.key_count), t.head_size,
                                   s.values);
    transpose_rows<FormatType, 1>({.left = s.keys_down,
                                   .left_stride = s.key_stride,
                                   .x = t.keys,
                                   .x_stride = t.key_stride,
                                   .x_element = t.element,
                                   .rows = t.key_count,
                                   .columns = t.head_size,
                                   .column_sums = nullptr});
    for (int64_t i = 0; i < t.key_count * s.padded_head; ++i) s.dkeys[i] = s.dvalues[i] = 0;
  }

  static Rows<const X> rows_of(const void* x, int64_t stride, int64_t count) {
    return {static_cast<const X*>(x), stride, count};
  }

  /// The head's columns of a block of queries, in both ways that products read them.
  void pack_queries(const QueryBlock& block, const void* x, int64_t stride,
                    typename FormatType::Right* across, typename FormatType::Right* down) const {
    const X* first = static_cast<const X*>(x) + block.begin * stride;
    PackTask task = {.panels = across,
                     .x = first,
                     .x_stride = stride,
                     .x_element = t.element,
                     .rows = block.count,
                     .columns = t.head_size};
    pack_rows_across<FormatType>(task, first, block.padded);
    task.panels = down;
    pack_rows_down<FormatType>(task, first);
  }

  /// Queries that are not there get a probability of e^{−∞}.
  void gather_statistics(const QueryBlock& block) const {
    for (int64_t i = 0; i < block.padded; ++i) {
      const int64_t row = block.begin + i;
      s.log_sum_exp[i] = 1e30f;
      s.delta[i] = 0;
      if (i >= block.count) continue;
      const X* context = static_cast<const X*>(t.context) + row * t.context_stride;
      const X* dcontext = static_cast<const X*>(t.dcontext) + row * t.dcontext_stride;
      s.log_sum_exp[i] = t.log_sum_exp[row * t.log_sum_exp_stride];
      s.delta[i] = sum_of_lanes(sum_of_vectors(t.head_size, [&](int64_t d, auto lanes) {
        return load(context + d, lanes) * load(dcontext + d, lanes);
      }));
    }
  }

  static WordVec load_integers(const int32_t* p, int64_t left) {
    WordVec v = {};
    if (left > 0) __builtin_memcpy(&v, p, size_t(left < kWidth ? left : kWidth) * sizeof *p);
    return v;
  }

  /// The random words of kMaskColumns keys from `first_key` on, queries along the lanes.
  void draw_masks(const QueryBlock& block, int64_t first_key) const {
    for (int64_t i = 0; i < block.padded; i += kWidth) {
      const int64_t row = block.begin + i;
      const WordVec positions = load_integers(t.dropout.positions + row, block.count - i);
      const WordVec sequences = load_integers(t.dropout.sequences + row, block.count - i);
      for (int lane = 0; lane < kMaskLanes; ++lane) {
        const WordVec number = word_in_all(first_key / kMaskSlots + lane);
        const RandomWords words =
            philox(number, positions, sequences, word_in_all(t.head), t.dropout.key);
        for (int w = 0; w < 4; ++w) s.random[random_index(lane, w, i)] = words.words[w];
      }
    }
  }
  static int64_t random_index(int64_t lane, int64_t word, int64_t query) {
    return ((lane * 4 + word) * kQueryBlock + query) / kWidth;
  }

  Vec factors(int64_t key, int64_t query) const {
    const int slot = int(key / kMaskLanes % kMaskSlots);
    const WordVec word = s.random[random_index(key % kMaskLanes, slot / 2, query)];
    return mask_factors(t.dropout, RandomWords::half_of(word, slot));
  }

  /// From scores and dweights of some keys to their weights and dscores; the last scale waits for
  /// the end.
  template <bool kDrops>
  void differentiate(const QueryBlock& block, int64_t first_key, int64_t count) const {
    const Vec scale = broadcast(t.scale);
    for (int64_t r = 0; r < count; ++r) {
      const float* scores = s.scores + r * kQueryBlock;
      const float* dweights = s.dweights + r * kQueryBlock;
      Left* weights = s.weights + r * kQueryBlock;
      Left* dscores = s.dscores + (first_key + r) * kQueryBlock;
      for (int64_t i = 0; i < block.padded; i += kWidth) {
        const Vec exponent = load(scores + i) * scale - load(s.log_sum_exp + i);
        const Vec p = exponential(exponent);
        Vec weight = p, dweight = load(dweights + i);
        if constexpr (kDrops) {
          const Vec mask = factors(first_key + r, i);
          weight = weight * mask;
          dweight = dweight * mask;
        }
        store(weights + i, weight);
        store(dscores + i, p * (dweight - load(s.delta + i)));
      }
    }
  }

  void run_keys(const QueryBlock& block, int64_t first, int64_t count) const {
    const Tiles<FormatType> tiles(count);
    const auto of_keys = [&](const LeftRows<Left>& rows, const typename FormatType::Right* panels,
                             float* sums) {
      multiply<FormatType>({.left = {rows.left + first * rows.stride, rows.stride},
                            .rows = count,
                            .panels = panels,
                            .words = s.head_words,
                            .columns = block.padded,
                            .sums = sums,
                            .sums_stride = kQueryBlock,
                            .resume = false});
    };
    of_keys(keys, s.queries_across, s.scores);
    of_keys(values, s.dcontext_across, s.dweights);
    if (t.dropout.threshold > 0) {
      differentiate<true>(block, first, count);
    } else {
      differentiate<false>(block, first, count);
    }
    const auto add = [&](const Left* left, const typename FormatType::Right* panels, float* sums) {
      multiply<FormatType>({.left = {left, kQueryBlock},
                            .rows = count,
                            .panels = panels,
                            .words = words_of<FormatType>(block.count),
                            .columns = s.padded_head,
                            .sums = sums + first * s.padded_head,
                            .sums_stride = s.padded_head,
                            .resume = true});
    };
    add(s.weights, s.dcontext_down, s.dvalues);
    add(s.dscores + first * kQueryBlock, s.queries_down, s.dkeys);
  }

  /// dqueries, transposed, is keysᵀ · dscores; then the way back, kWidth × kWidth at a time.
  void write_dqueries(const QueryBlock& block) const {
    pack_rows_down<FormatType>({.panels = s.dscores_down,
                                .x = s.dscores,
                                .x_stride = kQueryBlock,
                                .x_element = t.element,
                                .rows = t.key_count,
                                .columns = block.padded},
                               static_cast<const Left*>(s.dscores));
    for_each_part(t.head_size, kRowsAtOnce<FormatType>, [&](int64_t first, int64_t count) {
      const Tiles<FormatType> tiles(count);
      multiply<FormatType>({.left = {s.keys_down + first * s.key_stride, s.key_stride},
                            .rows = count,
                            .panels = s.dscores_down,
                            .words = s.key_words,
                            .columns = block.padded,
                            .sums = s.dqueries + first * kQueryBlock,
                            .sums_stride = kQueryBlock,
                            .resume = false});
    });
    for (int64_t i = 0; i < block.count; i += kWidth) {
      for_each_vector(t.head_size, [&](int64_t d, auto lanes) {
        Vec rows[kWidth];
#pragma GCC unroll 16
        for (int k = 0; k < kWidth; ++k) rows[k] = load(s.dqueries + (d + k) * kQueryBlock + i);
        transpose(rows);
        X* dquery = static_cast<X*>(t.dqueries) + (block.begin + i) * t.dquery_stride + d;
        const int64_t left = block.count - i, count = left < kWidth ? left : kWidth;
        for (int64_t k = 0; k < count; ++k) {
          store(dquery + k * t.dquery_stride, rows[k] * broadcast(t.scale), lanes);
        }
      });
    }
  }

  void write_sums(void* gradients, int64_t stride, const float* sums, float scale) const {
    for (int64_t row = 0; row < t.key_count; ++row, sums += s.padded_head) {
      X* gradient = static_cast<X*>(gradients) + row * stride;
      for_each_vector(t.head_size, [&](int64_t i, auto lanes) {
        store(gradient + i, load(sums + i, lanes) * broadcast(scale), lanes);
      });
    }
  }

  void run_block(const QueryBlock& block) const {
    pack_queries(block, t.queries, t.query_stride, s.queries_across, s.queries_down);
    pack_queries(block, t.dcontext, t.dcontext_stride, s.dcontext_across, s.dcontext_down);
    gather_statistics(block);
    for (int64_t first = 0; first < t.key_count; first += kMaskColumns) {
      if (t.dropout.threshold > 0) draw_masks(block, first);
      const int64_t left = t.key_count - first;
      for_each_part(left < kMaskColumns ? left : kMaskColumns, kRowsAtOnce<FormatType>,
                    [&](int64_t begin, int64_t count) { run_keys(block, first + begin, count); });
    }
    write_dqueries(block);
  }

  void run() const {
    for (int64_t begin = 0; begin < t.query_count; begin += kQueryBlock) {
      const int64_t left = t.query_count - begin;
      const int64_t count = left < kQueryBlock ? left : kQueryBlock;
      constexpr int64_t kWhole = kPanelColumns < FormatType >> kWordMultiple<FormatType> * kGroup
                                     ? kPanelColumns<FormatType>
                                     : kWordMultiple<FormatType> * kGroup;
      run_block({begin, count, rounded_up(count, kWhole)});
    }
    write_sums(t.dkeys, t.dkey_stride, s.dkeys, t.scale);
    write_sums(t.dvalues, t.dvalue_stride, s.dvalues, 1.0f);
  }
};

inline void attention_backward(const AttentionBackwardTask& task) {
  if (task.element == Element::kF32) {
    return AttentionBackward<Float32Format, float>(task).run();
  }
  AttentionBackward<typename AttentionFormat<Bfloat16>::Type, Bfloat16>(task).run();
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
