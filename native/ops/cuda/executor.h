// The addon's side of an executor: ops cross to the library's worker.
#pragma once

#include "ops/cuda/device_weight.h"

namespace albert::cuda {

class CudaOps final : public Ops {
 public:
  explicit CudaOps(DeviceHandle device);
  ~CudaOps() override;

 private:
  void run(const EmbeddingForward& op) override { cross(op); }
  void run(const LinearForward& op) override;
  void run(const LayerNormForward& op) override { cross(op); }
  void run(const AttentionForward& op) override { cross(op); }
  void run(const GatherRowsForward& op) override { cross(op); }
  void run(const ConvertForward& op) override { cross(op); }
  void run(const ActivationForward& op) override { cross(op); }
  void run(const SoftmaxForward& op) override { cross(op); }
  void run(const WeightedSumForward& op) override { cross(op); }
  void run(const CrossEntropyForward& op) override { cross(op); }
  void run(const BinaryCrossEntropyForward& op) override { cross(op); }
  void run(const SquaredErrorForward& op) override { cross(op); }
  void run(const SquareSum& op) override { cross(op); }
  void run(const ClipFactor& op) override { cross(op); }
  void run(const AdamWUpdate& op) override { cross(op); }
  void run(const LambUpdate& op) override { cross(op); }
  void run(const DropoutForward& op) override { cross(op); }
  void run(const EmbeddingBackward& op) override { cross(op); }
  void run(const LinearBackward& op) override;
  void run(const LayerNormBackward& op) override { cross(op); }
  void run(const AttentionBackward& op) override { cross(op); }
  void run(const GatherRowsBackward& op) override { cross(op); }
  void run(const ActivationBackward& op) override { cross(op); }
  void run(const SoftmaxBackward& op) override { cross(op); }
  void run(const WeightedSumBackward& op) override { cross(op); }
  void run(const CrossEntropyBackward& op) override { cross(op); }
  void run(const BinaryCrossEntropyBackward& op) override { cross(op); }
  void run(const SquaredErrorBackward& op) override { cross(op); }

  template <class Op>
  void cross(const Op& op) {
    call(CrossingOps::number_of<Op>(), &op);
  }
  void call(uint32_t number, const void* op);
  const Weight* own(const LinearWeight& weight) const;

  DeviceHandle device_;
  Worker* worker_;
};

}  // namespace albert::cuda
