// What a backend on a device says of itself: the same for one that computes and one that plans.
#pragma once

#include <string>
#include <utility>

#include "ops/backend.h"
#include "ops/cuda/device_weight.h"

namespace albert::cuda {

struct BackendTraits {
  DeviceHandle device;
  std::string name, dtype, architecture, description;
  DType activations, table;
  bool allow_tf32;
};

class DescribedBackend : public Backend {
 public:
  explicit DescribedBackend(BackendTraits traits) : traits_(std::move(traits)) {}

  const char* name() const override { return traits_.name.c_str(); }
  const char* dtype() const override { return traits_.dtype.c_str(); }
  const char* instruction_set() const override { return traits_.architecture.c_str(); }
  std::string description() const override { return traits_.description; }
  DType activation_dtype() const override { return traits_.activations; }
  DType master_dtype() const override { return DType::kF32; }
  DType table_dtype() const override { return traits_.table; }
  bool is_independent_of_company() const override { return false; }
  bool in_host_memory() const override { return false; }
  int64_t padded_rows(int64_t rows) const override {
    return rows <= kReplayedRows ? bucket_of(rows) : rows;
  }
  bool allows_tf32() const override { return traits_.allow_tf32; }

 protected:
  const BackendTraits traits_;
};

}  // namespace albert::cuda
