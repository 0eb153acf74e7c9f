// The library's side of a device: its memory, its cuBLASLt, and the matrices prepared on it.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "core/error.h"
#include "ops/cuda/library.h"

namespace albert::cuda {

/// Throws Error{kBackend}, or Error{kMemory} where memory ran out, with what was attempted.
void check(cudaError_t error, const std::string& what);
void check(cublasStatus_t error, const std::string& what);

class MatmulPlans;

/// What all devices on one GPU of this process share, whatever their arithmetic.
struct Gpu {
  std::mutex mutex;  // see Device::lock()
  std::atomic<int64_t> layer_bytes{0};
  std::atomic<size_t> persisting_l2{0}, largest_window{0};  // bytes at most
};

class Device {
 public:
  explicit Device(const DeviceOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// Makes it the calling thread's device: the first step of every call, for CUDA would start
  /// another GPU up where a thread has chosen none.
  void use() const { check(cudaSetDevice(options_.index), "choice of the device"); }
  /// The same where nothing can be thrown.
  void use_unchecked() const noexcept { cudaSetDevice(options_.index); }

  DeviceDescription describe() const;
  struct MemoryState {
    size_t free, total;  // bytes
  };
  MemoryState memory() const;
  /// Throws Error{kMemory} with what was asked for and what is free.
  void* allocate(size_t bytes) const;
  void release(void* pointer) const noexcept;
  void copy(const CopyRequest& request) const;
  void enqueue_copy(const CopyRequest& request, cudaStream_t stream) const;
  void zero(void* pointer, size_t bytes) const;
  void synchronize() const;
  /// Held while a stream of this GPU is captured, and by what uses its default stream or waits for
  /// all streams: these exclude each other.
  std::unique_lock<std::mutex> lock() const { return std::unique_lock(gpu_.mutex); }

  /// Says how many bytes of the layers' matrices came (or, negative, went).
  void count_layer_bytes(int64_t bytes) const;
  /// The bytes of a matrix that may be kept in L2; 0 unless all layers' matrices find room there.
  size_t l2_window() const;

  const DeviceOptions& options() const { return options_; }
  cublasLtHandle_t cublas() const { return cublas_; }
  MatmulPlans& plans() const { return *plans_; }

 private:
  DeviceOptions options_;
  Gpu& gpu_;
  cublasLtHandle_t cublas_ = nullptr;
  std::unique_ptr<MatmulPlans> plans_;
};

/// Device memory that is released with its owner.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Device& device, size_t bytes)
      : device_(&device), data_(device.allocate(bytes)), bytes_(bytes) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() {
    if (data_) device_->release(data_);
  }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  /// Makes room for so many bytes; what was there is lost if it has to grow.
  void* grow(const Device& device, size_t bytes) {
    if (bytes > bytes_) {
      *this = Buffer();
      *this = Buffer(device, bytes);
    }
    return data_;
  }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  const Device* device_ = nullptr;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

/// A matrix in the element type that it is multiplied in, row by row; int8 rows are padded with
/// zeros to whole words of the tensor cores.
class Weight {
 public:
  Weight(const Device& device, const WeightRequest& request);
  ~Weight();
  Weight(const Weight&) = delete;
  Weight& operator=(const Weight&) = delete;

  /// Takes other numbers of the same shape into the same memory.
  void pack(const WeightRequest& request);

  int64_t inputs() const { return inputs_; }
  int64_t outputs() const { return outputs_; }
  size_t bytes() const;
  /// What a weight of that request's sizes would take.
  static size_t bytes_of(const Device& device, const WeightRequest& request);
  /// Either may be null.
  void unpack(float* matrix, float* bias) const;

  /// (outputs, inputs); int8: (outputs, inputs) of padded rows, further rows of zeros below.
  const Tensor& matrix() const { return matrix_; }
  size_t matrix_bytes() const { return numbers_.bytes(); }
  bool is_layer() const { return is_layer_; }
  /// The bias, and the bias in the matrix's element type, as (1, outputs); the latter none in f32.
  Tensor bias_row() const { return tensor_of(bias(), {1, outputs_}); }
  Tensor narrow_bias_row() const;
  int64_t padded_outputs() const { return padded_outputs_; }
  const float* bias() const { return static_cast<const float*>(bias_.data()); }
  /// The bias in the matrix's element type, for products that are stored in it.
  const void* narrow_bias() const { return narrow_bias_.data(); }
  /// int8: what each output's row is multiplied by.
  const float* scales() const { return static_cast<const float*>(scales_.data()); }

 private:
  void quantize(const WeightRequest& request);

  const Device& device_;
  int64_t inputs_;
  int64_t outputs_;
  int64_t padded_outputs_;
  bool is_layer_;
  Tensor matrix_;
  Buffer numbers_, bias_, narrow_bias_, scales_;
};

/// Multiples that the tensor cores' 8-bit products ask of sizes and row lengths.
inline constexpr int64_t kInt8Word = 16;
inline int64_t padded(int64_t size) {
  return (size + kInt8Word - 1) / kInt8Word * kInt8Word;
}

}  // namespace albert::cuda
