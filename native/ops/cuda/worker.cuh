// One user of a device: a stream, and memory for the running op.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "ops/cuda/device.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

struct Matmul;

/// Host memory that the device reads and writes by itself; handed out again after reset().
class PinnedArena {
 public:
  PinnedArena() = default;
  ~PinnedArena();
  PinnedArena(const PinnedArena&) = delete;
  PinnedArena& operator=(const PinnedArena&) = delete;

  void* allocate(size_t bytes);
  /// Forgets everything and keeps the memory, merged into one block if it had grown.
  void reset();

 private:
  struct Block {
    char* begin;
    size_t size;
    size_t used;
  };
  void add_block(size_t bytes);
  void release() noexcept;

  std::vector<Block> blocks_;
};

/// A recorded run of ops.
class Graph {
 public:
  explicit Graph(cudaGraphExec_t executable) : executable_(executable) {}
  ~Graph() { cudaGraphExecDestroy(executable_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  cudaGraphExec_t executable() const { return executable_; }

 private:
  cudaGraphExec_t executable_;
};

class Worker {
 public:
  Worker(Device& device, WorkerUse use);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  template <class Op>
  void run(const Op& op) {
    const size_t bytes = scratch_bytes(op);
    void* const scratch = bytes > 0 ? memory(Slot::kKernel, bytes) : nullptr;
    if (plans_) return;
    check(cuda::run(op, Queue{.stream = stream_, .scratch = scratch}), "launch of a kernel");
  }
  void run(const LinearForwardCall& op);
  void run(const LinearBackwardCall& op);

  const Device& device() const { return device_; }
  cudaStream_t stream() const { return stream_; }

  /// Parts of the memory for the running op, each used for one thing at a time.
  enum class Slot { kKernel, kMatmul, kInput, kGradient, kOutput, kScales, kCount };
  /// At least so many bytes, aligned to 256, of undefined content; grows in the first runs only.
  void* memory(Slot slot, size_t bytes);
  /// Of all that memory() gave.
  size_t held_bytes() const;
  /// Changes whenever some of that memory moves: what was captured before is stale then.
  uint64_t memory_generation() const { return memory_generation_; }
  /// Whether nothing is to be run.
  bool plans() const { return plans_; }
  /// A matrix without gaps of that shape in a slot.
  Tensor matrix(Slot slot, DType dtype, int64_t rows, int64_t columns);

  void* stage(size_t bytes);
  void enqueue_copy(const CopyRequest& request);
  void enqueue_zero(void* pointer, size_t bytes);
  void finish();
  void repack(Weight& weight, const WeightPart& part);
  void keep_in_cache(const Weight& weight);

  void begin_capture();
  std::unique_ptr<Graph> end_capture();
  void launch(const Graph& graph);

 private:
  /// x itself, or a copy in that element type.
  Tensor converted(const Tensor& x, DType dtype, Slot slot);
  void multiply_int8(const LinearForwardCall& op);
  void multiply(const LinearForwardCall& op, const Tensor& x, const Tensor& y);
  /// dy ⊙ activation'(preactivation) in the weight's element type.
  Tensor inner_gradient(const LinearBackwardCall& op);
  void add_weight_gradient(const LinearBackwardCall& op, const Tensor& dz);
  void multiply_through(const LinearBackwardCall& op, const Matmul& matmul);
  void write_input_gradient(const LinearBackwardCall& op, const Tensor& dz);

  Device& device_;
  const bool plans_;
  cudaStream_t stream_ = nullptr;
  std::array<Buffer, size_t(Slot::kCount)> slots_;
  std::array<size_t, size_t(Slot::kCount)> planned_ = {};
  PinnedArena staging_;
  bool staged_is_done_ = false;  // the device has read and written all of it
  uint64_t memory_generation_ = 0;
  const void* in_cache_ = nullptr;
  std::unique_lock<std::mutex> capturing_;
};

}  // namespace albert::cuda
