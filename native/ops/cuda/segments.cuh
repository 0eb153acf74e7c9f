// The segments of a tensor that an op takes one by one: its rows, or ranges of a flat one.
#pragma once

#include "ops/cuda/elements.cuh"

namespace albert::cuda {

struct Segments {
  const int32_t* offsets;  // null: rows
  int columns;

  /// Where segment `index` of a tensor begins.
  template <class T>
  __device__ __forceinline__ T* first(const Rows<T>& tensor, int64_t index) const {
    return offsets ? tensor.data + offsets[index] : tensor[index];
  }
  __device__ __forceinline__ int length(int64_t index) const {
    return offsets ? offsets[index + 1] - offsets[index] : columns;
  }
};

inline Segments segments_of(const Tensor& tensor, const Tensor& cu_seqlens) {
  return {cu_seqlens.as<const int32_t>(), int(tensor.columns())};
}

}  // namespace albert::cuda
