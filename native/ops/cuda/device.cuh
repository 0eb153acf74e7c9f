// The library's side of a device: its memory, its cuBLASLt, and the matrices prepared on it.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <memory>
#include <string>

#include "core/error.h"
#include "ops/cuda/library.h"

namespace albert::cuda {

/// Throws Error{kBackend}, or Error{kMemory} where memory ran out, with what was attempted.
void check(cudaError_t error, const std::string& what);
void check(cublasStatus_t error, const std::string& what);

class MatmulPlans;

class Device {
 public:
  explicit Device(const DeviceOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// Makes it the calling thread's device: the first step of every call.
  void use() const { check(cudaSetDevice(options_.index), "choice of the device"); }

  DeviceDescription describe() const;
  /// Throws Error{kMemory} with what was asked for and what is free.
  void* allocate(size_t bytes) const;
  static void release(void* pointer) noexcept { cudaFree(pointer); }
  void copy(const CopyRequest& request) const;
  void zero(void* pointer, size_t bytes) const;

  const DeviceOptions& options() const { return options_; }
  cublasLtHandle_t cublas() const { return cublas_; }
  MatmulPlans& plans() const { return *plans_; }

 private:
  DeviceOptions options_;
  cublasLtHandle_t cublas_ = nullptr;
  std::unique_ptr<MatmulPlans> plans_;
};

/// Device memory that is released with its owner.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Device& device, size_t bytes) : data_(device.allocate(bytes)), bytes_(bytes) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { Device::release(data_); }

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
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  void* data_ = nullptr;
  size_t bytes_ = 0;
};

/// A matrix in the element type that it is multiplied in, row by row; int8 rows are padded with
/// zeros to whole words of the tensor cores.
class Weight {
 public:
  Weight(const Device& device, const WeightRequest& request);

  /// Takes other numbers of the same shape into the same memory.
  void pack(const WeightRequest& request);

  int64_t inputs() const { return inputs_; }
  int64_t outputs() const { return outputs_; }
  size_t bytes() const;
  /// Either may be null.
  void unpack(float* matrix, float* bias) const;

  /// (outputs, inputs); int8: (outputs, inputs) of padded rows, further rows of zeros below.
  const Tensor& matrix() const { return matrix_; }
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
  Tensor matrix_;
  Buffer numbers_, bias_, narrow_bias_, scales_;
};

/// Multiples that the tensor cores' 8-bit products ask of sizes and row lengths.
inline constexpr int64_t kInt8Word = 16;
inline int64_t padded(int64_t size) {
  return (size + kInt8Word - 1) / kInt8Word * kInt8Word;
}

}  // namespace albert::cuda
