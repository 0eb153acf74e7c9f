// A matrix in the panels that the GEMM kernels read, with its bias.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/host_memory.h"
#include "core/thread_pool.h"
#include "ops/cpu/isa/kernel_table.h"
#include "ops/linear.h"

namespace albert::cpu {

/// Outputs [p · W, (p + 1) · W), W = panel_columns, are panel p: for each word (a few inputs, see
/// FormatKernels), the words of its W outputs side by side, read front to back. Int8 weights are
/// symmetric per output: w = scale · q, |q| <= right_limit. The last panel, the last word, the bias
/// and the scales are padded with zeros.
class PackedWeight final : public LinearWeight {
 public:
  PackedWeight(const KernelTable& kernels, Format format, ThreadPool& pool,
               std::span<const LinearParams> parts);

  /// Both orientations, if the second was needed.
  size_t bytes() const override;
  /// What was packed: rounded to bfloat16 or to the steps of int8 in these formats.
  void unpack(const LinearParams& params, int64_t first_output) const override;
  void repack(std::span<const LinearParams> parts) override;

  /// The matrix with inputs and outputs exchanged, without a bias: what backward multiplies with.
  /// Made from these panels when it is first asked for; any thread may ask. Not for int8.
  const PackedWeight& transposed(ThreadPool& pool) const;

  /// The kernels whose layout this is.
  const KernelTable& kernels() const { return kernels_; }
  Format format() const { return format_; }
  const FormatKernels& format_kernels() const { return kernels_.formats[int(format_)]; }
  int64_t panel_columns() const { return format_kernels().panel_columns; }
  int64_t panel_count() const { return panel_count_; }
  int64_t words() const { return words_; }
  const void* panels() const { return panels_.data(); }
  const float* bias() const { return bias_.data(); }
  /// Null but for int8.
  const float* column_scales() const { return scales_.data(); }
  const int32_t* column_sums() const { return sums_.data(); }

 private:
  PackedWeight(const KernelTable& kernels, Format format, int64_t inputs, int64_t outputs);

  size_t panel_bytes() const;
  char* panel(int64_t index) const {
    return reinterpret_cast<char*>(panels_.data()) + size_t(index) * panel_bytes();
  }
  void pack_parts(ThreadPool& pool, std::span<const LinearParams> parts);
  /// Whole panels of a part, by the format's kernel.
  void pack_panels(const Tensor& weight, int64_t first_output, ThreadPool& pool);
  void transpose_from(const PackedWeight& source, ThreadPool& pool);
  template <class Weight>
  void pack(const LinearParams& part, int64_t first_output, ThreadPool& pool);
  template <class Weight>
  void pack_elements(const Tensor& weight, int64_t first_output, ThreadPool& pool);
  /// Rows [begin, end) of a part whose first row is that output.
  template <class Weight, class Source>
  void pack_rows(const Tensor& weight, int64_t begin, int64_t end, int64_t output);
  /// Inputs [begin, end) of a row; int8 weights are multiplied by `inverse` first.
  struct Run {
    int64_t begin;
    int64_t end;
    float inverse;
  };
  template <class Weight, class Source>
  void pack_run(const Source* source, int64_t output, const Run& run);
  /// Sets an output's scale for int8 and returns its inverse.
  template <class Source>
  float choose_scale(const Source* source, int64_t output);
  template <class Weight>
  void unpack_rows(const Tensor& weight, int64_t first_output) const;
  /// The place of a weight, in elements.
  int64_t index_of(int64_t output, int64_t input) const;

  const KernelTable& kernels_;
  Format format_;
  int64_t words_;
  int64_t panel_count_;
  FloatBuffer panels_;  // panel_count × words × panel_columns words
  FloatBuffer bias_;    // panel_count × panel_columns, as are the next two
  FloatBuffer scales_;
  std::vector<int32_t> sums_;
  mutable std::mutex transposing_;
  mutable std::unique_ptr<PackedWeight> transposed_;
  mutable bool transposed_is_current_ = false;
};

}  // namespace albert::cpu
