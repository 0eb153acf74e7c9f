// Attention of one head of one sequence: scores, softmax, weighted values, by tiles of query rows.
//
// Keys are transposed and values copied into zero-padded panels, once a task; both products then
// run on the GEMM's register tiles. The scores of a row tile stay in L1.
#pragma once

#include <cstdint>

#include "ops/cpu/isa/kernel_table.h"

namespace albert::cpu::ALBERT_ISA {
namespace {

inline int64_t whole_panels(int64_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
}

/// Where the parts of a task's scratch begin.
struct AttentionScratch {
  float* keys;    // panels of key rows: head_size × kPanelColumns each
  float* values;  // panels of value columns: key_count × kPanelColumns each
  float* scores;  // kRowTile × padded_keys
  int64_t padded_keys;

  explicit AttentionScratch(const AttentionTask& t) : padded_keys(whole_panels(t.key_count)) {
    keys = t.scratch;
    values = keys + padded_keys * t.head_size;
    scores = values + whole_panels(t.head_size) * t.key_count;
  }
};

inline int64_t attention_scratch(int64_t key_count, int64_t head_size) {
  const int64_t padded_keys = whole_panels(key_count);
  return padded_keys * head_size + whole_panels(head_size) * key_count + kRowTile * padded_keys;
}

inline void pack_keys(const AttentionTask& t, float* panels) {
  for (int64_t first = 0; first < t.key_count; first += kPanelColumns) {
    float* panel = panels + first * t.head_size;
    const int64_t left = t.key_count - first;
    for (int64_t j = 0; j < kPanelColumns; ++j) {
      if (j < left) {
        const float* key = t.keys + (first + j) * t.key_stride;
        for (int64_t d = 0; d < t.head_size; ++d) panel[d * kPanelColumns + j] = key[d];
      } else {
        for (int64_t d = 0; d < t.head_size; ++d) panel[d * kPanelColumns + j] = 0.0f;
      }
    }
  }
}

inline void pack_values(const AttentionTask& t, float* panels) {
  for (int64_t first = 0; first < t.head_size; first += kPanelColumns) {
    float* panel = panels + first * t.key_count;
    for (int64_t j = 0; j < t.key_count; ++j) {
      const float* value = t.values + j * t.value_stride + first;
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) {
        const Lanes lanes = first_lanes(t.head_size - first - v * kWidth);
        store(panel + j * kPanelColumns + v * kWidth, load(value + v * kWidth, lanes));
      }
    }
  }
}

inline void score_rows(const AttentionTask& t, const AttentionScratch& s, int64_t begin,
                       int64_t rows) {
  for (int64_t first = 0; first < t.key_count; first += kPanelColumns) {
    multiply_rows<kRowTile>(rows, false,
                            {.a = t.queries + begin * t.query_stride,
                             .a_stride = t.query_stride,
                             .panel = s.keys + first * t.head_size,
                             .panel_stride = 0,
                             .depth = t.head_size,
                             .c = s.scores + first,
                             .c_stride = s.padded_keys,
                             .columns = kPanelColumns,
                             .bias = nullptr,
                             .resume = false});
  }
}

/// Turns a row of scores into probabilities and writes what the caller wants to keep of it.
inline void finish_row(const AttentionTask& t, float* scores, int64_t row) {
  const SoftmaxStatistics s = scaled_softmax(scores, scores, t.key_count, t.scale);
  if (t.log_sum_exp != nullptr) {
    const double sum = __builtin_log(double(s.sum));
    t.log_sum_exp[row * t.log_sum_exp_stride] = float(double(s.maximum) * double(t.scale) + sum);
  }
  if (t.probabilities == nullptr) return;
  float* kept = t.probabilities + row * t.key_count;
  for_each_vector(t.key_count,
                  [&](int64_t j, auto lanes) { store(kept + j, load(scores + j, lanes), lanes); });
}

inline void weigh_values(const AttentionTask& t, const AttentionScratch& s, int64_t begin,
                         int64_t rows) {
  for (int64_t first = 0; first < t.head_size; first += kPanelColumns) {
    multiply_rows<kRowTile>(rows, false,
                            {.a = s.scores,
                             .a_stride = s.padded_keys,
                             .panel = s.values + first * t.key_count,
                             .panel_stride = 0,
                             .depth = t.key_count,
                             .c = t.context + begin * t.context_stride + first,
                             .c_stride = t.context_stride,
                             .columns = t.head_size - first,
                             .bias = nullptr,
                             .resume = false});
  }
}

inline void attention(const AttentionTask& task) {
  const AttentionScratch scratch(task);
  pack_keys(task, scratch.keys);
  pack_values(task, scratch.values);
  for_each_part(task.query_count, kRowTile, [&](int64_t begin, int64_t rows) {
    score_rows(task, scratch, begin, rows);
    for (int64_t i = 0; i < rows; ++i) {
      finish_row(task, scratch.scores + i * scratch.padded_keys, begin + i);
    }
    weigh_values(task, scratch, begin, rows);
  });
}

}  // namespace
}  // namespace albert::cpu::ALBERT_ISA
