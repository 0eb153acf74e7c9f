// y = exp(x − m) / Σ exp(x − m), or its logarithm, over rows or packed segments; and its backward.
#include "ops/cuda/kernels.h"
#include "ops/cuda/reduce.cuh"
#include "ops/cuda/segments.cuh"

namespace albert::cuda {

namespace {

constexpr int kThreads = 128;

struct ForwardArguments {
  Rows<float> y;
  Rows<const float> x;
  Segments segments;
  bool logarithm;
};

/// A block for each segment: they are as long as a sequence or as there are labels, so that its
/// second and third pass read from the nearest cache.
__global__ void __launch_bounds__(kThreads) softmax_forward_kernel(const ForwardArguments a) {
  const int length = a.segments.length(blockIdx.x);
  const float* x = a.segments.first(a.x, blockIdx.x);
  float* y = a.segments.first(a.y, blockIdx.x);
  float maximum = -INFINITY;
  for (int i = int(threadIdx.x); i < length; i += kThreads) maximum = Maximum{}(maximum, x[i]);
  maximum = block_reduce<kThreads>(maximum, Maximum{});
  float sum = 0;
  for (int i = int(threadIdx.x); i < length; i += kThreads) sum += expf(x[i] - maximum);
  sum = block_reduce<kThreads>(sum, Sum{});
  const float logarithm = logf(sum), reciprocal = 1.0f / sum;
  for (int i = int(threadIdx.x); i < length; i += kThreads) {
    const float shifted = x[i] - maximum;
    y[i] = a.logarithm ? shifted - logarithm : expf(shifted) * reciprocal;
  }
}

template <class T>
struct BackwardArguments {
  Rows<T> dx;
  Rows<const T> dy;
  Rows<const T> y;
  Rows<const T> dresidual;
  Segments segments;
  bool logarithm;
};

template <class T>
__global__ void __launch_bounds__(kThreads)
    softmax_backward_kernel(const BackwardArguments<T> a) {
  const int length = a.segments.length(blockIdx.x);
  const T* dy = a.segments.first(a.dy, blockIdx.x);
  const T* y = a.segments.first(a.y, blockIdx.x);
  float sum = 0;
  for (int i = int(threadIdx.x); i < length; i += kThreads) {
    sum += a.logarithm ? to_float(dy[i]) : to_float(y[i]) * to_float(dy[i]);
  }
  sum = block_reduce<kThreads>(sum, Sum{});
  const T* past = a.dresidual ? a.segments.first(a.dresidual, blockIdx.x) : nullptr;
  T* dx = a.segments.first(a.dx, blockIdx.x);
  for (int i = int(threadIdx.x); i < length; i += kThreads) {
    const float gradient = to_float(dy[i]), value = to_float(y[i]);
    const float inner = a.logarithm ? gradient - expf(value) * sum : value * (gradient - sum);
    dx[i] = from_float<T>(inner + (past ? to_float(past[i]) : 0.0f));
  }
}

/// A block for each segment.
Launch block_a_segment(const Tensor& tensor, const Tensor& cu_seqlens, cudaStream_t stream) {
  const int64_t count = cu_seqlens ? cu_seqlens.size() - 1 : tensor.rows();
  return {dim3(unsigned(tensor.size() > 0 ? count : 0)), dim3(kThreads), 0, stream};
}

}  // namespace

cudaError_t run(const SoftmaxForward& op, const Queue& queue) {
  const Launch how = block_a_segment(op.x, op.cu_seqlens, queue.stream);
  if (how.grid.x == 0) return cudaSuccess;
  if (op.x.dtype != DType::kF32) return cudaErrorInvalidValue;
  const ForwardArguments arguments{.y = rows_of<float>(op.y),
                                   .x = rows_of<const float>(op.x),
                                   .segments = segments_of(op.x, op.cu_seqlens),
                                   .logarithm = op.logarithm};
  return launch(softmax_forward_kernel, how, arguments);
}

cudaError_t run(const SoftmaxBackward& op, const Queue& queue) {
  const Launch how = block_a_segment(op.y, op.cu_seqlens, queue.stream);
  if (how.grid.x == 0) return cudaSuccess;
  return for_type(op.y.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const BackwardArguments<T> arguments{.dx = rows_of<T>(op.dx),
                                         .dy = rows_of<const T>(op.dy),
                                         .y = rows_of<const T>(op.y),
                                         .dresidual = rows_of<const T>(op.dresidual),
                                         .segments = segments_of(op.y, op.cu_seqlens),
                                         .logarithm = op.logarithm};
    return launch(softmax_backward_kernel<T>, how, arguments);
  });
}

}  // namespace albert::cuda
