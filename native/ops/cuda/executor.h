// The addon's side of an executor: ops cross to the library's worker.
#pragma once

#include <functional>
#include <vector>

#include "ops/cuda/device_weight.h"
#include "ops/cuda/recorder.h"

namespace albert::cuda {

class CudaOps final : public Ops {
 public:
  CudaOps(DeviceHandle device, WorkerUse use);
  ~CudaOps() override;

  size_t scratch_bytes() const override;
  bool fuses_input_activation(Activation activation) const override {
    return activation == Activation::kGeluTanh;  // cuBLASLt has no other
  }
  void replay(const std::function<void()>& body) override;

  /// See Backend. Numbers go through memory that the device reads and writes by itself.
  void enqueue_upload(const Tensor& device, const Tensor& host);
  void enqueue_download(const Tensor& host, const Tensor& device);
  void enqueue_zero(const Tensor& device);
  void finish();
  void abandon() noexcept;
  Worker* worker() const { return worker_; }

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
    waits_ = true;
    if (recorder_.takes(op)) return;
    call(CrossingOps::number_of<Op>(), &op);
  }
  Tensor stage(const Tensor& like, DType dtype);
  void enqueue_copy(const Tensor& to, const Tensor& from, bool to_device);
  void call(uint32_t number, const void* op);
  const DeviceWeight& own(const LinearWeight& weight) const;

  struct Download {
    Tensor host;
    Tensor staged;
  };

  DeviceHandle device_;
  const bool plans_;
  Worker* worker_;
  Recorder recorder_;
  std::vector<Download> downloads_;
  size_t staged_bytes_ = 0;
  bool waits_ = false;  // whether something was enqueued that nobody has waited for
};

}  // namespace albert::cuda
