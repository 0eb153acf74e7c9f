// y = f(x), its derivative, and a linear map's bias and activation where no epilogue has them.
#include "ops/cuda/activation.cuh"

#include "ops/cuda/elementwise.cuh"
#include "ops/cuda/kernels.h"

namespace albert::cuda {

namespace {

struct Value {
  Activation activation;
  __device__ __forceinline__ float operator()(float x) const { return activate(activation, x); }
};

struct Gradient {
  Activation activation;
  __device__ __forceinline__ float operator()(float x, float dy) const {
    return dy * activation_slope(activation, x);
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
    return map_elements<T>(Value{op.activation}, queue.stream, op.y, op.x);
  });
}

cudaError_t run(const ActivationBackward& op, const Queue& queue) {
  return for_type(op.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    return map_elements<T>(Gradient{op.activation}, queue.stream, op.dx, op.x, op.dy);
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
