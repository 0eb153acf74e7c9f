// Aligned host memory for parameters, activations, packed weights and scratch.
#pragma once

#include <cstddef>
#include <utility>

#include "core/arena.h"

namespace albert {

/// 64-byte aligned. From 2 MiB on, pages of its own that go back to the system when released,
/// offered to the kernel as huge pages (a packed matrix otherwise costs a TLB miss every 4 KiB).
/// Throws Error{kMemory}.
void* allocate_host(size_t bytes);
/// `bytes` is what was asked for.
void release_host(void* pointer, size_t bytes) noexcept;

/// Host memory for arenas.
class HostMemory final : public Memory {
 public:
  void* allocate(size_t bytes) override { return allocate_host(bytes); }
  void release(void* pointer, size_t bytes) noexcept override { release_host(pointer, bytes); }
};

/// Owns a run of floats of undefined content.
class FloatBuffer {
 public:
  FloatBuffer() = default;
  explicit FloatBuffer(size_t count)
      : data_(static_cast<float*>(allocate_host(count * sizeof(float)))), count_(count) {}
  FloatBuffer(FloatBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  FloatBuffer& operator=(FloatBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~FloatBuffer() {
    if (data_ != nullptr) release_host(data_, count_ * sizeof(float));
  }

  float* data() const { return data_; }
  size_t size() const { return count_; }

  /// Makes room for `count` floats; what was there is lost if it has to grow.
  void grow(size_t count) {
    if (count > count_) *this = FloatBuffer(count);
  }

 private:
  float* data_ = nullptr;
  size_t count_ = 0;
};

}  // namespace albert
