// A matrix in the panels that the GEMM kernels read, with its bias.
#pragma once

#include <cstdint>
#include <span>

#include "ops/cpu/host_memory.h"
#include "ops/cpu/isa/kernel_table.h"
#include "ops/linear.h"

namespace albert::cpu {

/// Outputs [p · W, (p + 1) · W), W = panel_columns, are panel p: for each input, W weights side by
/// side, read front to back. The last panel and the bias are padded with zeros.
class PackedWeight final : public LinearWeight {
 public:
  PackedWeight(const KernelTable& kernels, std::span<const LinearParams> parts);

  size_t bytes() const override;
  void unpack(const LinearParams& params, int64_t first_output) const override;

  /// The kernels whose layout this is.
  const KernelTable& kernels() const { return kernels_; }
  int64_t panel_count() const { return panel_count_; }
  const float* panels() const { return panels_.data(); }
  const float* bias() const { return bias_.data(); }

 private:
  void pack(const LinearParams& part, int64_t first_output);
  float* column(int64_t output) const;

  const KernelTable& kernels_;
  int64_t panel_count_;
  FloatBuffer panels_;  // panel_count × inputs × panel_columns
  FloatBuffer bias_;    // panel_count × panel_columns
};

}  // namespace albert::cpu
