// y = f(x), its derivative, and a linear map's bias and activation where no epilogue has them.
#include "ops/cuda/activation.cuh"

#include "ops/cuda/elementwise.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

namespace {

template <class T>
struct Forward {
  Rows<T> y;
  Rows<const T> x;
  Activation activation;

  template <int kWidth>
  __device__ __forceinline__ void run(int64_t row, int column) const {
    float values[kWidth];
    load(values, x[row] + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = activate(activation, values[i]);
    store(y[row] + column, values);
  }
};

template <class T>
struct Backward {
  Rows<T> dx;
  Rows<const T> dy;
  Rows<const T> x;
  Activation activation;

  template <int kWidth>
  __device__ __forceinline__ void run(int64_t row, int column) const {
    float values[kWidth], gradients[kWidth];
    load(values, x[row] + column);
    load(gradients, dy[row] + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) gradients[i] *= activation_slope(activation, values[i]);
    store(dx[row] + column, gradients);
  }
};

template <class T>
struct Biased {
  Rows<T> y;
  Rows<T> preactivation;
  Rows<const T> product;
  const float* bias;
  Activation activation;

  template <int kWidth>
  __device__ __forceinline__ void run(int64_t row, int column) const {
    float values[kWidth], biases[kWidth] = {};
    load(values, product[row] + column);
    if (bias) load(biases, bias + column);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] += biases[i];
    if (preactivation) store(preactivation[row] + column, values);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = activate(activation, values[i]);
    store(y[row] + column, values);
  }
};

}  // namespace

cudaError_t run(const ActivationForward& op, const Queue& queue) {
  return for_type(op.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const Forward<T> body{rows_of<T>(op.y), rows_of<const T>(op.x), op.activation};
    return for_each_element(body, {op.x, op.y}, queue.stream);
  });
}

cudaError_t run(const ActivationBackward& op, const Queue& queue) {
  return for_type(op.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const Backward<T> body{rows_of<T>(op.dx), rows_of<const T>(op.dy), rows_of<const T>(op.x),
                           op.activation};
    return for_each_element(body, {op.x, op.dy, op.dx}, queue.stream);
  });
}

cudaError_t run(const BiasActivation& op, const Queue& queue) {
  return for_type(op.y.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const Biased<T> body{rows_of<T>(op.y), rows_of<T>(op.preactivation),
                         rows_of<const T>(op.product), op.bias, op.activation};
    const Tensor bias = op.bias ? tensor_of(op.bias, {op.y.columns()}) : Tensor{};
    return for_each_element(body, {op.y, op.preactivation, op.product, bias}, queue.stream);
  });
}

}  // namespace albert::cuda
