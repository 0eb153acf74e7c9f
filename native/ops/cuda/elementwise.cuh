// Kernels that compute each element by itself.
#pragma once

#include "ops/cuda/elements.cuh"

namespace albert::cuda {

template <class Body>
struct ElementwiseArguments {
  Body body;
  int64_t rows;
  int columns;
};

constexpr int kElementwiseThreads = 256;

/// body.run<kWidth>(row, column) for every kWidth columns of every row.
template <int kWidth, class Body>
__global__ void __launch_bounds__(kElementwiseThreads)
    elementwise_kernel(const ElementwiseArguments<Body> a) {
  const int vectors = a.columns / kWidth;
  const int64_t index = int64_t(blockIdx.x) * kElementwiseThreads + threadIdx.x;
  const int64_t row = index / vectors;
  if (row < a.rows) a.body.template run<kWidth>(row, int(index % vectors) * kWidth);
}

/// A thread for each 4 columns, or for each where a tensor doesn't take vectors: such kernels wait
/// for memory, 16 bytes a thread and access in f32, which enough blocks of any size hide (a
/// calculation: not measured on a device).
template <class Body>
cudaError_t for_each_element(const Body& body, std::initializer_list<Tensor> tensors,
                             cudaStream_t stream) {
  const Tensor& first = *tensors.begin();
  if (first.size() == 0) return cudaSuccess;
  return for_width(tensors, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    const int64_t vectors = first.rows() * (first.columns() / kWidth);
    const dim3 grid(unsigned(divided_up<int64_t>(vectors, kElementwiseThreads)));
    return launch(elementwise_kernel<kWidth, Body>, {grid, dim3(kElementwiseThreads), 0, stream},
                  ElementwiseArguments<Body>{body, first.rows(), int(first.columns())});
  });
}

/// y = function(x) or function(x₀, x₁), element by element.
template <class T, int kInputs, class Function>
struct Map {
  Rows<T> y;
  Rows<const T> x[kInputs];
  Function function;

  template <int kWidth>
  __device__ __forceinline__ void run(int64_t row, int column) const {
    float values[kInputs][kWidth];
#pragma unroll
    for (int k = 0; k < kInputs; ++k) load(values[k], x[k][row] + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      if constexpr (kInputs == 1) {
        values[0][i] = function(values[0][i]);
      } else {
        values[0][i] = function(values[0][i], values[1][i]);
      }
    }
    store(y[row] + column, values[0]);
  }
};

/// Starts a Map of tensors of one element type T.
template <class T, class Function, class... Inputs>
cudaError_t map_elements(const Function& function, cudaStream_t stream, const Tensor& y,
                         const Inputs&... x) {
  const Map<T, sizeof...(x), Function> body{rows_of<T>(y), {rows_of<const T>(x)...}, function};
  return for_each_element(body, {x..., y}, stream);
}

}  // namespace albert::cuda
