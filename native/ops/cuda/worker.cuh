// One user of a device: a stream, and memory for the running op.
#pragma once

#include <cuda_runtime.h>

#include <array>

#include "ops/cuda/device.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

class Worker {
 public:
  explicit Worker(Device& device);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  template <class Op>
  void run(const Op& op) {
    const size_t bytes = scratch_bytes(op);
    void* const scratch = bytes > 0 ? memory(Slot::kKernel, bytes) : nullptr;
    check(cuda::run(op, Queue{.stream = stream_, .scratch = scratch}), "launch of a kernel");
  }
  void run(const LinearForwardCall& op);
  void run(const LinearBackwardCall& op);

  const Device& device() const { return device_; }
  cudaStream_t stream() const { return stream_; }

  /// Parts of the memory for the running op, each used for one thing at a time.
  enum class Slot { kKernel, kMatmul, kInput, kGradient, kOutput, kScales, kCount };
  /// At least so many bytes, aligned to 256, of undefined content; grows in the first runs only.
  void* memory(Slot slot, size_t bytes) {
    return slots_[size_t(slot)].grow(device_, bytes);
  }
  /// A matrix without gaps of that shape in a slot.
  Tensor matrix(Slot slot, DType dtype, int64_t rows, int64_t columns);

 private:
  /// x itself, or a copy in that element type.
  Tensor converted(const Tensor& x, DType dtype, Slot slot);
  void multiply_int8(const LinearForwardCall& op);
  void multiply(const LinearForwardCall& op, const Tensor& x, const Tensor& y);
  /// dy ⊙ activation'(preactivation) in the weight's element type.
  Tensor inner_gradient(const LinearBackwardCall& op);
  void add_weight_gradient(const LinearBackwardCall& op, const Tensor& dz);
  void write_input_gradient(const LinearBackwardCall& op, const Tensor& dz);

  Device& device_;
  cudaStream_t stream_ = nullptr;
  std::array<Buffer, size_t(Slot::kCount)> slots_;
};

}  // namespace albert::cuda
