// Aligned host memory for activations, packed weights and scratch.
#pragma once

#include <cstddef>
#include <utility>

namespace albert::cpu {

/// 64-byte aligned; from 2 MiB on, aligned to 2 MiB and offered to the kernel as huge pages (a
/// packed matrix otherwise costs a TLB miss every 4 KiB). Throws Error{kMemory}.
void* allocate_host(size_t bytes);
void release_host(void* pointer) noexcept;

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
  ~FloatBuffer() { release_host(data_); }

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

}  // namespace albert::cpu
