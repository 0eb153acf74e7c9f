// The float64 oracle: plain loops that read like the formulas of the op headers.
#pragma once

#include <memory>
#include <span>

#include "ops/backend.h"

namespace albert {

/// Every tensor is f64 (indices i32), in host memory, computed by one thread with the functions of
/// libm. Slow on purpose: what the other backends are compared with.
class ReferenceBackend : public Backend {
 public:
  const char* name() const override { return "reference"; }
  const char* dtype() const override { return "fp64"; }
  const char* instruction_set() const override { return "none"; }
  DType activation_dtype() const override { return DType::kF64; }
  DType master_dtype() const override { return DType::kF64; }

  void* allocate(size_t bytes) override;
  void release(void* pointer, size_t bytes) noexcept override;

  bool in_host_memory() const override { return true; }
  std::unique_ptr<LinearWeight> prepare(std::span<const LinearParams> parts,
                                        MatrixUse use) override;
  /// Executors are single-threaded: `width` is accepted and not used.
  std::unique_ptr<Ops> executor(int width) override;

  void upload(const Tensor& device, const Tensor& host) override;
  void download(const Tensor& host, const Tensor& device) override;
};

}  // namespace albert
