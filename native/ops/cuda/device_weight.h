// A matrix on a device, as the addon holds it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "ops/cuda/library.h"

namespace albert::cuda {

/// Closes a device when the last backend, weight and executor on it are gone.
using DeviceHandle = std::shared_ptr<Device>;

/// The parts of a matrix, stacked along the outputs, in f32.
class StackedParts {
 public:
  /// Throws Error{kShape} where there is no part, or one of other inputs.
  explicit StackedParts(std::span<const LinearParams> parts);

  /// Looks at this object's memory.
  WeightRequest request(MatrixUse use) const;

 private:
  void append(const LinearParams& part);

  int64_t inputs_ = 0;
  std::vector<float> matrix_, bias_;
};

class DeviceWeight final : public LinearWeight {
 public:
  DeviceWeight(DeviceHandle device, const WeightRequest& request);
  ~DeviceWeight() override;

  size_t bytes() const override;
  void unpack(const LinearParams& params, int64_t first_output) const override;
  /// Packs other numbers of the same shapes into the same memory. Nobody else may use the weight
  /// meanwhile. Throws Error{kShape}.
  void repack(std::span<const LinearParams> parts) override;

  void repack_within(Ops& ops, std::span<const LinearParams> parts) override;

  const Device* device() const { return device_.get(); }
  const Weight* weight() const { return weight_; }
  /// Another one for each weight of the process: addresses come again, serials do not.
  uint64_t serial() const { return serial_; }

 private:
  DeviceHandle device_;
  bool is_layer_;
  uint64_t serial_;
  Weight* weight_;
};

}  // namespace albert::cuda
