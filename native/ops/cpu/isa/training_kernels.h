// The kernels of training: dropout, and what backward needs. As in kernel_table.h, they allocate
// nothing; strides count elements.
#pragma once

#include "ops/cpu/isa/values.h"

namespace albert::cpu {

/// y = x ⊙ mask, row by row; y may be x.
struct DropoutTask {
  void* y;
  int64_t y_stride;
  const void* x;
  int64_t x_stride;
  Element element;
  int64_t rows;
  int64_t columns;
  DropoutMask mask;
  float* scratch;  // mask_floats(columns)
};

/// dx = dy ⊙ epilogue'(x), row by row; dx may be dy where the element types are one.
struct SlopeTask {
  void* dx;
  int64_t dx_stride;
  Element dx_element;
  const void* dy;
  int64_t dy_stride;
  const void* x;
  int64_t x_stride;
  Element element;  // of dy and x
  int64_t rows;
  int64_t columns;
  Epilogue epilogue;
};

/// left[c, r] = x[r, c], as the left side of a GEMM (StageTask says how rows lie), filled up with
/// zeros to whole vectors of words.
struct TransposeTask {
  void* left;  // null = only the sums are wanted
  int64_t left_stride;
  const void* x;
  int64_t x_stride;
  Element x_element;
  int64_t rows;
  int64_t columns;
  float* column_sums;  // += Σ_r x[r, c]; null = not wanted
};

/// Panels of a GEMM's right side from a plain matrix; padded with zeros. Across: column n of the
/// panels is row n of x. Down: it is column n of x, whose rows make the words.
struct PackTask {
  void* panels;
  const void* x;
  int64_t x_stride;
  Element x_element;
  int64_t rows;
  int64_t columns;
};

/// The panels of a matrix from those of its transpose: the outputs of one panel of the source
/// become inputs of every panel of the result.
struct TransposePanelsTask {
  void* panels;
  int64_t words;  // of a panel of the result
  int64_t panel_count;
  const void* source;
  int64_t source_words;
  int64_t source_panel;
};

/// How the GEMM of one format gets its two sides from plain matrices.
struct PackKernels {
  void (*pack_across)(const PackTask& task);
  void (*pack_down)(const PackTask& task);
  void (*transpose)(const TransposeTask& task);
  void (*transpose_panels)(const TransposePanelsTask& task);
};

/// Some rows of a layer norm's backward. dweight and dbias are this task's own sums, written.
struct LayerNormBackwardTask {
  void* dx;
  int64_t dx_stride;
  void* dresidual;  // null = not wanted
  int64_t dresidual_stride;
  const void* dy;
  int64_t dy_stride;
  const void* x;
  int64_t x_stride;
  const void* residual;  // null = zeros
  int64_t residual_stride;
  Element element;  // of the five above
  const float* mean;
  const float* rstd;
  const float* weight;
  float* dweight;
  float* dbias;
  DropoutMask dropout;
  float* scratch;  // layer_norm_backward_scratch(columns)
  int64_t rows;
  int64_t columns;
};
/// Rows of normalized values, of gradients, and of mask factors.
constexpr int64_t layer_norm_backward_scratch(int64_t columns) {
  return 2 * ((columns + 15) / 16 * 16) + mask_floats(columns);
}

/// One head of one sequence; pointers are at the head's first column and the sequence's first row.
struct AttentionBackwardTask {
  void* dqueries;
  int64_t dquery_stride;
  void* dkeys;
  int64_t dkey_stride;
  void* dvalues;
  int64_t dvalue_stride;
  const void* dcontext;
  int64_t dcontext_stride;
  const void* context;
  int64_t context_stride;
  const void* queries;
  int64_t query_stride;
  const void* keys;
  int64_t key_stride;
  const void* values;
  int64_t value_stride;
  Element element;  // of the eight above
  const float* log_sum_exp;
  int64_t log_sum_exp_stride;
  int64_t query_count;
  int64_t key_count;
  int64_t head_size;
  float scale;
  DropoutMask dropout;  // its rows are the queries
  uint32_t head;
  float* scratch;  // attention_backward_scratch(key_count, head_size) floats, 64-byte aligned
};

/// dx = y (dy − Σ y dy), or (logarithm) dy − exp(y) Σ dy, plus dresidual, of one segment.
struct SoftmaxBackwardTask {
  float* dx;  // may be dy or dresidual
  const float* dy;
  const float* y;
  const float* dresidual;  // null = zeros
  int64_t count;
  bool logarithm;
};

/// dx[r] = weights[r] dy + dresidual[r], dweights[r] = x[r] · dy.
struct WeightedSumBackwardTask {
  float* dx;
  int64_t dx_stride;
  float* dweights;
  const float* dy;
  const float* x;
  int64_t x_stride;
  const float* weights;
  const float* dresidual;  // null = zeros; may be dx
  int64_t dresidual_stride;
  int64_t rows;
  int64_t columns;
};

/// y[i] = scale · exp(x[i] − offset); y may be x.
struct ScaledExponentialTask {
  float* y;
  const float* x;
  int64_t count;
  float offset;
  float scale;
};

struct TrainingKernels {
  void (*dropout)(const DropoutTask& task);
  void (*slope)(const SlopeTask& task);
  void (*layer_norm_backward)(const LayerNormBackwardTask& task);
  int64_t (*attention_backward_scratch)(int64_t key_count, int64_t head_size);
  void (*attention_backward)(const AttentionBackwardTask& task);
  void (*softmax_backward)(const SoftmaxBackwardTask& task);
  void (*weighted_sum_backward)(const WeightedSumBackwardTask& task);
  void (*scaled_exponential)(const ScaledExponentialTask& task);
  /// y += x, of either element type.
  void (*add)(void* y, const void* x, Element element, int64_t count);
};

}  // namespace albert::cpu
