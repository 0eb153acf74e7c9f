// The kernels that exist once per instruction set: plain structs in, no C++ library types.
//
// Kernels run on the calling thread, allocate nothing and know no tensors; the .cc files one folder
// up check, split and call them. All pointers are to float32 unless said otherwise; strides count
// floats. Everything a row's result depends on is in that row (attention: in its sequence), so any
// split of rows or panels gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace albert::cpu {

/// The values of albert::Activation (ops/activation.h is not included here: kernel sources see no
/// header whose inline functions the linker might pick in their AVX-512 form).
enum class Epilogue : uint8_t { kNone, kGeluTanh, kGeluErf, kRelu, kTanh };

/// y[r, n] = epilogue(Σ_k x[r, k] · w[n, k] + bias[n]) for all rows and the outputs of some panels.
/// A panel holds `panel_columns` outputs as inputs × panel_columns floats; the last panel and the
/// bias are padded with zeros.
struct GemmTask {
  const float* x;
  int64_t x_stride;
  const float* panels;  // the first panel of the matrix
  const float* bias;
  float* y;
  int64_t y_stride;
  float* preactivation;  // null = not kept
  int64_t preactivation_stride;
  int64_t rows;
  int64_t inputs;
  int64_t outputs;  // of the whole matrix
  int64_t panel_begin;
  int64_t panel_end;
  Epilogue epilogue;
};

/// Some query rows of one head of one sequence; pointers are at the head's first column.
struct AttentionTask {
  const float* queries;
  int64_t query_stride;
  const float* keys;
  int64_t key_stride;
  const float* values;
  int64_t value_stride;
  float* context;
  int64_t context_stride;
  float* log_sum_exp;  // null = not wanted
  int64_t log_sum_exp_stride;
  float* probabilities;  // rows of key_count; null = not wanted
  int64_t query_count;
  int64_t key_count;
  int64_t head_size;
  float scale;
  float* scratch;  // attention_scratch(key_count, head_size) floats, 64-byte aligned
};

/// y = normalized(x + residual) · weight + bias, row by row; y may be x or residual.
struct LayerNormTask {
  float* y;
  int64_t y_stride;
  const float* x;
  int64_t x_stride;
  const float* residual;  // null = zeros
  int64_t residual_stride;
  const float* weight;
  const float* bias;
  float* mean;  // null = not kept
  float* rstd;  // null = not kept
  int64_t rows;
  int64_t columns;
  float epsilon;
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
  int64_t panel_columns;
  int64_t row_tile;  // rows that one register tile of the GEMM computes together
  void (*gemm)(const GemmTask& task);
  int64_t (*attention_scratch)(int64_t key_count, int64_t head_size);
  void (*attention)(const AttentionTask& task);
  void (*layer_norm)(const LayerNormTask& task);
  void (*activation)(const ActivationTask& task);
  void (*weighted_sum)(const WeightedSumTask& task);
  /// y = a + b + c, in that order.
  void (*add_rows)(float* y, const float* const (&rows)[3], int64_t columns);
  SoftmaxStatistics (*softmax_statistics)(const float* x, int64_t count);
  /// y = exp(x − m) / Σ exp(x − m); y may be x.
  void (*softmax)(float* y, const float* x, int64_t count);
  /// y = x − offset; y may be x.
  void (*subtract)(float* y, const float* x, float offset, int64_t count);
  /// Steps of independent chains of fma in registers; the result keeps them from being left out.
  float (*burn)(int64_t steps);
  int64_t burn_flops;  // floating-point operations of one step
  double (*square_sum)(const float* x, int64_t count);
  void (*adamw)(const AdamTask& task);
  /// Updates the moments; the weights stay as they are.
  LambSums (*lamb_moments)(const AdamTask& task);
  /// Updates the weights from moments that are up to date.
  void (*lamb_apply)(const AdamTask& task);
};

// Defined by kernels.cc, compiled once for each.
#if defined(__x86_64__)
namespace avx512 {
extern const KernelTable kernels;
}
namespace avx2 {
extern const KernelTable kernels;
}
#elif defined(__aarch64__)
namespace neon {
extern const KernelTable kernels;
}
#endif
namespace portable {
extern const KernelTable kernels;
}

}  // namespace albert::cpu
