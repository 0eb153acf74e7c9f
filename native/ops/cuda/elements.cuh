// Element types of tensors in kernels: conversion, vectors of neighbours, dispatch by dtype.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <initializer_list>

#include "core/tensor.h"
#include "ops/cuda/launch.cuh"

namespace albert::cuda {

template <class Integer>
__host__ __device__ constexpr Integer divided_up(Integer count, Integer by) {
  return (count + by - 1) / by;
}

__device__ __forceinline__ float to_float(float value) {
  return value;
}
__device__ __forceinline__ float to_float(__nv_bfloat16 value) {
  return __bfloat162float(value);
}
__device__ __forceinline__ float to_float(__half value) {
  return __half2float(value);
}

/// Rounds to nearest, ties to even.
template <class T>
__device__ __forceinline__ T from_float(float value) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return value;
  } else {
    return T(value);
  }
}

/// Neighbouring elements, moved by one instruction.
template <class T, int kCount>
struct alignas(sizeof(T) * kCount) Vector {
  T at[kCount];
};

template <int kCount, class T>
__device__ __forceinline__ void load(float (&values)[kCount], const T* from) {
  const auto vector = *reinterpret_cast<const Vector<T, kCount>*>(from);
#pragma unroll
  for (int i = 0; i < kCount; ++i) values[i] = to_float(vector.at[i]);
}

template <int kCount, class T>
__device__ __forceinline__ void store(T* to, const float (&values)[kCount]) {
  Vector<T, kCount> vector;
#pragma unroll
  for (int i = 0; i < kCount; ++i) vector.at[i] = from_float<T>(values[i]);
  *reinterpret_cast<Vector<T, kCount>*>(to) = vector;
}

/// A matrix as kernels see it; null = none.
template <class T>
struct Rows {
  T* data;
  int64_t stride;

  __device__ __forceinline__ T* operator[](int64_t row) const { return data + row * stride; }
  __device__ __forceinline__ explicit operator bool() const { return data != nullptr; }
};

template <class T>
Rows<T> rows_of(const Tensor& tensor) {
  return {static_cast<T*>(tensor.data), tensor.row_stride};
}

/// How many columns threads take at once: 4 where rows begin and end at multiples of 4 elements.
constexpr int kVectorWidth = 4;

inline bool takes_vectors(const Tensor& tensor) {
  const size_t bytes = kVectorWidth * size_of(tensor.dtype);
  return !tensor || (reinterpret_cast<uintptr_t>(tensor.data) % bytes == 0 &&
                     (tensor.rows() <= 1 || tensor.row_stride % kVectorWidth == 0) &&
                     tensor.columns() % kVectorWidth == 0);
}

template <class T>
struct Type {
  using type = T;
};
template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

/// Calls launch_with(Type<T>{}), T being the element type.
template <class Function>
cudaError_t for_type(DType dtype, const Function& launch_with) {
  switch (dtype) {
    case DType::kF32:
      return launch_with(Type<float>{});
    case DType::kBF16:
      return launch_with(Type<__nv_bfloat16>{});
    case DType::kF16:
      return launch_with(Type<__half>{});
    default:
      return cudaErrorInvalidValue;
  }
}

/// The same for two types, of which one is f32 or both are equal.
template <class Function>
cudaError_t for_types(DType first, DType second, const Function& launch_with) {
  if (first == second) return for_type(first, [&](auto type) { return launch_with(type, type); });
  if (first == DType::kF32) {
    return for_type(second, [&](auto type) { return launch_with(Type<float>{}, type); });
  }
  if (second != DType::kF32) return cudaErrorInvalidValue;
  return for_type(first, [&](auto type) { return launch_with(type, Type<float>{}); });
}

/// Calls launch_with(Constant<4>{}) where all tensors take vectors, else with Constant<1>{}.
template <class Function>
cudaError_t for_width(std::initializer_list<Tensor> tensors, const Function& launch_with) {
  for (const Tensor& tensor : tensors) {
    if (!takes_vectors(tensor)) return launch_with(Constant<1>{});
  }
  return launch_with(Constant<kVectorWidth>{});
}

}  // namespace albert::cuda
