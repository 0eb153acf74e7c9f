// Rows to 8 bits with a scale each, and the way back from sums of their products.
#include "ops/cuda/activation.cuh"
#include "ops/cuda/elementwise.cuh"
#include "ops/cuda/kernels.h"
#include "ops/cuda/reduce.cuh"

namespace albert::cuda {

namespace {

constexpr int kWarps = 8;
constexpr float kLargest = 127.0f;

template <class T>
struct QuantizeArguments {
  Rows<int8_t> y;
  float* scales;
  Rows<const T> x;
  int64_t rows;
  int columns;
};

/// A warp a row, which needs no barrier; its second pass reads from the nearest cache.
template <class T>
__global__ void __launch_bounds__(32 * kWarps)
    quantize_rows_kernel(const QuantizeArguments<T> a) {
  const int64_t row = int64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (row >= a.rows) return;
  const int lane = int(threadIdx.x % 32);
  const T* x = a.x[row];
  float largest = 0;
  for (int c = lane; c < a.columns; c += 32) {
    largest = Maximum{}(largest, fabsf(to_float(x[c])));
  }
  largest = lanes_reduce<32>(largest, Maximum{});
  const bool finite = largest <= 3.402823466e38f;
  const float scale = finite ? largest / kLargest : NAN;
  const float factor = finite && largest > 0 ? kLargest / largest : 0.0f;
  for (int c = lane; c < a.columns; c += 32) {
    a.y[row][c] = finite ? int8_t(rintf(to_float(x[c]) * factor)) : int8_t(0);
  }
  if (lane == 0) a.scales[row] = scale;
}

template <class T>
struct Dequantize {
  Rows<T> y;
  Rows<T> preactivation;
  Rows<const int32_t> sums;
  const float* row_scales;
  const float* column_scales;
  const float* bias;
  Activation activation;

  template <int kWidth>
  __device__ __forceinline__ void run(int64_t row, int column) const {
    const auto products = *reinterpret_cast<const Vector<int32_t, kWidth>*>(sums[row] + column);
    float values[kWidth], scales[kWidth], biases[kWidth] = {};
    load(scales, column_scales + column);
    if (bias) load(biases, bias + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      values[i] = float(products.at[i]) * (row_scales[row] * scales[i]) + biases[i];
    }
    if (preactivation) store(preactivation[row] + column, values);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = activate(activation, values[i]);
    store(y[row] + column, values);
  }
};

}  // namespace

cudaError_t run(const QuantizeRows& op, const Queue& queue) {
  if (op.x.rows() == 0) return cudaSuccess;
  return for_type(op.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const QuantizeArguments<T> arguments{.y = rows_of<int8_t>(op.y),
                                         .scales = op.scales.as<float>(),
                                         .x = rows_of<const T>(op.x),
                                         .rows = op.x.rows(),
                                         .columns = int(op.x.columns())};
    const dim3 grid(unsigned(divided_up<int64_t>(op.x.rows(), kWarps)));
    return launch(quantize_rows_kernel<T>, {grid, dim3(32 * kWarps), 0, queue.stream},
                  arguments);
  });
}

cudaError_t run(const DequantizeRows& op, const Queue& queue) {
  return for_type(op.y.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const Dequantize<T> body{.y = rows_of<T>(op.y),
                             .preactivation = rows_of<T>(op.preactivation),
                             .sums = rows_of<const int32_t>(op.sums),
                             .row_scales = op.row_scales.as<const float>(),
                             .column_scales = op.column_scales,
                             .bias = op.bias,
                             .activation = op.activation};
    const Tensor scales = tensor_of(op.column_scales, {op.y.columns()});
    const Tensor bias = op.bias ? tensor_of(op.bias, {op.y.columns()}) : Tensor{};
    return for_each_element(body, {op.y, op.preactivation, op.sums, scales, bias},
                            queue.stream);
  });
}

}  // namespace albert::cuda
