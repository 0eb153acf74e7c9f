// The kernels that exist once per instruction set: plain structs in, no C++ library types.
//
// Kernels run on the calling thread, allocate nothing and know no tensors; the .cc files one folder
// up check, split and call them. Strides count elements. Everything a row's result depends on is in
// that row (attention: in its sequence), so any split of rows or panels gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/cpu/isa/training_kernels.h"
#include "ops/cpu/isa/values.h"

namespace albert::cpu {

/// What a GEMM multiplies.
enum class Format : uint8_t { kF32, kBF16, kInt8 };
constexpr int kFormatCount = 3;

/// Rows of x as the left side of a GEMM: converted, or quantized with a scale and a zero point of
/// their own (x = scale · (q − zero_point)), and filled up with zeros to whole words. Where a
/// format stages several rows together (staged_rows), these lie as tiles, one behind the other: the
/// first 64 bytes of each of the rows, the next 64 bytes of each, and so on.
struct StageTask {
  void* left;           // room for a multiple of staged_rows rows
  int64_t left_stride;  // elements of a row
  const void* x;
  int64_t x_stride;
  Element x_element;
  float* scales;         // int8 only
  int32_t* zero_points;  // int8 only
  int64_t rows;
  int64_t inputs;
};

/// y[r, n] = epilogue(Σ_k x[r, k] · w[n, k] + bias[n]) for all rows and the outputs of some panels.
/// A panel holds `panel_columns` outputs as words × panel_columns words; the last panel, the bias
/// and the scales are padded with zeros. Rows and panels that a task begins with are multiples of
/// the format's row_tile and panels_at_once.
struct GemmTask {
  const void* left;
  int64_t left_stride;
  const float* row_scales;         // int8 only, as are the next three
  const int32_t* row_zero_points;  //
  const float* column_scales;      //
  const int32_t* column_sums;      // Σ_k of the quantized weights
  const void* panels;              // the first panel of the matrix
  const float* bias;
  void* y;
  int64_t y_stride;
  void* preactivation;  // null = not kept
  int64_t preactivation_stride;
  const void* residual;  // added to epilogue(…); null = zeros; may be y
  int64_t residual_stride;
  Element y_element;  // of preactivation and residual too
  int64_t rows;
  int64_t words;
  int64_t outputs;  // of the whole matrix
  int64_t panel_begin;
  int64_t panel_end;
  Epilogue epilogue;
  float* scratch;  // gemm_scratch(task) floats, 64-byte aligned
};

/// Some query rows of one head of one sequence; pointers are at the head's first column.
struct AttentionTask {
  const void* queries;
  int64_t query_stride;
  const void* keys;
  int64_t key_stride;
  const void* values;
  int64_t value_stride;
  void* context;
  int64_t context_stride;
  Element element;     // of the four above
  float* log_sum_exp;  // null = not wanted
  int64_t log_sum_exp_stride;
  float* probabilities;  // rows of key_count; null = not wanted
  int64_t query_count;
  int64_t key_count;
  int64_t head_size;
  float scale;
  DropoutMask dropout;  // its rows are the queries
  uint32_t head;
  float* scratch;  // attention_scratch(key_count, head_size) floats, 64-byte aligned
};

/// y = normalized(dropout(x) + residual) · weight + bias, row by row; y may be x or residual.
struct LayerNormTask {
  void* y;
  int64_t y_stride;
  const void* x;
  int64_t x_stride;
  const void* residual;  // null = zeros
  int64_t residual_stride;
  Element x_element;
  Element y_element;  // of the residual too
  const float* weight;
  const float* bias;
  float* mean;     // null = not kept
  float* rstd;     // null = not kept
  DropoutMask dropout;
  float* scratch;  // layer_norm_scratch(columns) floats, 64-byte aligned
  int64_t rows;
  int64_t columns;
  float epsilon;
};
/// A row of sums, and one of mask factors.
constexpr int64_t layer_norm_scratch(int64_t columns) {
  return (columns + 15) / 16 * 16 + mask_floats(columns);
}

/// y = x in y's element type, row by row.
struct ConvertTask {
  void* y;
  int64_t y_stride;
  Element y_element;
  const void* x;
  int64_t x_stride;
  Element x_element;
  int64_t rows;
  int64_t columns;
};

/// y = epilogue(x), row by row.
struct ActivationTask {
  float* y;
  int64_t y_stride;
  const float* x;
  int64_t x_stride;
  int64_t rows;
  int64_t columns;
  Epilogue epilogue;
};

/// y[c] = Σ_r weights[r] · x[r, c], in the order of the rows.
struct WeightedSumTask {
  float* y;
  const float* x;
  int64_t x_stride;
  const float* weights;
  int64_t rows;
  int64_t columns;
};

/// Of one segment: m = max x and Σ exp(x − m).
struct SoftmaxStatistics {
  float maximum;
  float sum;
};

/// The GEMM of one format, and how its two sides lie in memory.
struct FormatKernels {
  int64_t group;           // inputs in a word
  int64_t word_multiple;   // words of a row are a multiple of this
  int64_t panel_columns;   // outputs in a panel
  int64_t panels_at_once;  // panels that one register tile computes together
  int64_t row_tile;        // rows that it computes together
  int64_t row_block;       // rows that use a panel while it is in cache
  int64_t staged_rows;     // rows that are staged together: see StageTask
  int64_t left_bytes;      // of one staged input
  int64_t right_bytes;     // of one packed weight
  bool reads[2];           // by Element: rows of whole words need not be staged
  int left_limit;          // int8: the largest quantized activation,
  int right_limit;         // and weight
  void (*stage)(const StageTask& task);
  int64_t (*gemm_scratch)(const GemmTask& task);
  void (*gemm)(const GemmTask& task);
  /// Steps of independent sums in registers; the result keeps them from being left out.
  float (*burn)(int64_t steps);
  int64_t burn_operations;  // multiplications and additions of one step
  PackKernels pack;
};

/// Some elements of a parameter; see ops/optimizer.h for the formulas.
struct AdamTask {
  float* weight;
  float* moment;
  float* variance;
  const float* gradient;
  int64_t count;
  float gradient_factor;
  float beta1;
  float beta2;
  float one_minus_beta1;
  float one_minus_beta2;
  float moment_factor;    // 1 / correction1
  float variance_factor;  // 1 / √correction2
  float epsilon;
  float weight_decay;
  float learning_rate;  // times the trust ratio
};

/// Σ w² and Σ u² of some elements.
struct LambSums {
  double weight;
  double update;
};

struct KernelTable {
  const char* name;
  Element narrow;  // what int8 models keep their activations in
  FormatKernels formats[kFormatCount];
  int64_t (*attention_scratch)(int64_t key_count, int64_t head_size);
  void (*attention)(const AttentionTask& task);
  void (*layer_norm)(const LayerNormTask& task);
  void (*convert)(const ConvertTask& task);
  void (*activation)(const ActivationTask& task);
  void (*weighted_sum)(const WeightedSumTask& task);
  /// y = a + b + c, in that order.
  void (*add_rows)(float* y, const float* const (&rows)[3], int64_t columns);
  SoftmaxStatistics (*softmax_statistics)(const float* x, int64_t count);
  /// y = exp(x − m) / Σ exp(x − m); y may be x.
  void (*softmax)(float* y, const float* x, int64_t count);
  /// y = x − offset; y may be x.
  void (*subtract)(float* y, const float* x, float offset, int64_t count);
  double (*square_sum)(const float* x, int64_t count);
  void (*adamw)(const AdamTask& task);
  /// Updates the moments; the weights stay as they are.
  LambSums (*lamb_moments)(const AdamTask& task);
  /// Updates the weights from moments that are up to date.
  void (*lamb_apply)(const AdamTask& task);
  TrainingKernels training;
};

// Defined by kernels.cc, compiled once for each.
#define ALBERT_DECLARE_KERNELS(set)  \
  namespace set {                    \
  extern const KernelTable kernels;  \
  }
#if defined(__x86_64__)
ALBERT_DECLARE_KERNELS(avx2)
ALBERT_DECLARE_KERNELS(avx512)
ALBERT_DECLARE_KERNELS(avx512_vnni)
ALBERT_DECLARE_KERNELS(avx512_bf16)
ALBERT_DECLARE_KERNELS(amx)
#elif defined(__aarch64__)
ALBERT_DECLARE_KERNELS(neon)
ALBERT_DECLARE_KERNELS(neon_dotprod)
ALBERT_DECLARE_KERNELS(neon_bf16)
#endif
ALBERT_DECLARE_KERNELS(portable)
#undef ALBERT_DECLARE_KERNELS

}  // namespace albert::cpu
