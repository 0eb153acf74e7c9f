// The losses, one value a row or element, and their gradients.
#include "ops/cuda/elementwise.cuh"
#include "ops/cuda/kernels.h"
#include "ops/cuda/reduce.cuh"
#include "ops/cuda/segments.cuh"

namespace albert::cuda {

namespace {

/// 512 threads have about 15 vectors of a row of 30000 classes each: enough loads under way, and
/// four rows a multiprocessor (a calculation: not measured on a device).
constexpr int kThreads = 512;
constexpr float kLowest = -3.402823466e38f;

/// A maximum, and the sum of the exponentials of the differences to it.
struct Running {
  float maximum = kLowest;
  float sum = 0;

  __device__ __forceinline__ void add(float value) {
    if (value > maximum) {
      sum = sum * expf(maximum - value) + 1.0f;
      maximum = value;
    } else {
      sum += expf(value - maximum);  // NaN comes here, and stays
    }
  }
};

struct ForwardArguments {
  float* losses;
  float* log_sum_exp;
  Rows<const float> logits;
  const int32_t* labels;
  Segments classes;  // of a row: its columns, or the packed positions of a sequence
  int32_t ignore_index;
};

/// Reads the logits once. A block a row.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    cross_entropy_forward_kernel(const ForwardArguments a) {
  const int64_t row = blockIdx.x;
  const float* logits = a.classes.first(a.logits, row);
  const int count = a.classes.length(row);
  Running mine;
  for (int c = int(threadIdx.x) * kWidth; c < count; c += kThreads * kWidth) {
    float values[kWidth];
    load(values, logits + c);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) mine.add(values[i]);
  }
  const float maximum = block_reduce<kThreads>(mine.maximum, Maximum{});
  const float part = mine.sum * expf(mine.maximum - maximum);
  const float logarithm = logf(block_reduce<kThreads>(part, Sum{}));
  if (threadIdx.x > 0) return;
  const int label = a.labels[row];
  if (a.log_sum_exp) a.log_sum_exp[row] = count > 0 ? maximum + logarithm : 0.0f;
  a.losses[row] = label == a.ignore_index ? 0.0f : logarithm + (maximum - logits[label]);
}

struct BackwardArguments {
  Rows<float> dlogits;
  const float* log_sum_exp;
  Rows<const float> logits;
  const int32_t* labels;
  Segments classes;  // of a row: its columns, or the packed positions of a sequence
  int32_t ignore_index;
  float scale;
};

/// The softmax is computed on the way: logits are read once, gradients written once, in place where
/// they share their memory.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    cross_entropy_backward_kernel(const BackwardArguments a) {
  const int64_t row = blockIdx.x;
  const float* logits = a.classes.first(a.logits, row);
  float* dlogits = a.classes.first(a.dlogits, row);
  const int count = a.classes.length(row), label = a.labels[row];
  const float log_sum_exp = a.log_sum_exp[row];
  const bool ignored = label == a.ignore_index;
  for (int c = int(threadIdx.x) * kWidth; c < count; c += kThreads * kWidth) {
    float values[kWidth];
    load(values, logits + c);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float slope = expf(values[i] - log_sum_exp) - (c + i == label ? 1.0f : 0.0f);
      values[i] = ignored ? 0.0f : a.scale * slope;
    }
    store(dlogits + c, values);
  }
}

struct BinaryLoss {
  __device__ __forceinline__ float operator()(float x, float z) const {
    const float positive = x < 0.0f ? 0.0f : x;
    return positive - x * z + log1pf(expf(-fabsf(x)));
  }
};

struct BinaryGradient {
  float scale;
  __device__ __forceinline__ float operator()(float x, float z) const {
    return scale * (1.0f / (1.0f + expf(-x)) - z);
  }
};

struct SquaredLoss {
  __device__ __forceinline__ float operator()(float x, float z) const {
    return (x - z) * (x - z);
  }
};

struct SquaredGradient {
  float scale;
  __device__ __forceinline__ float operator()(float x, float z) const {
    return 2.0f * scale * (x - z);
  }
};

/// Segments begin anywhere, so that they never take vectors.
template <class Op>
bool classes_take_vectors(const Op& op, const Tensor& output) {
  return !op.cu_seqlens && takes_vectors(op.logits) && takes_vectors(output);
}

Launch block_a_row(const Tensor& labels, cudaStream_t stream) {
  return {dim3(unsigned(labels.size())), dim3(kThreads), 0, stream};
}

}  // namespace

cudaError_t run(const CrossEntropyForward& op, const Queue& queue) {
  if (op.labels.size() == 0) return cudaSuccess;
  if (op.logits.dtype != DType::kF32) return cudaErrorInvalidValue;
  const ForwardArguments arguments{.losses = op.losses.as<float>(),
                                   .log_sum_exp = op.log_sum_exp.as<float>(),
                                   .logits = rows_of<const float>(op.logits),
                                   .labels = op.labels.as<const int32_t>(),
                                   .classes = segments_of(op.logits, op.cu_seqlens),
                                   .ignore_index = op.ignore_index};
  const Launch how = block_a_row(op.labels, queue.stream);
  return classes_take_vectors(op, {})
             ? launch(cross_entropy_forward_kernel<kVectorWidth>, how, arguments)
             : launch(cross_entropy_forward_kernel<1>, how, arguments);
}

cudaError_t run(const CrossEntropyBackward& op, const Queue& queue) {
  if (op.labels.size() == 0) return cudaSuccess;
  if (op.logits.dtype != DType::kF32) return cudaErrorInvalidValue;
  const BackwardArguments arguments{.dlogits = rows_of<float>(op.dlogits),
                                    .log_sum_exp = op.log_sum_exp.as<const float>(),
                                    .logits = rows_of<const float>(op.logits),
                                    .labels = op.labels.as<const int32_t>(),
                                    .classes = segments_of(op.logits, op.cu_seqlens),
                                    .ignore_index = op.ignore_index,
                                    .scale = float(op.scale)};
  const Launch how = block_a_row(op.labels, queue.stream);
  return classes_take_vectors(op, op.dlogits)
             ? launch(cross_entropy_backward_kernel<kVectorWidth>, how, arguments)
             : launch(cross_entropy_backward_kernel<1>, how, arguments);
}

cudaError_t run(const BinaryCrossEntropyForward& op, const Queue& queue) {
  if (op.logits.dtype != DType::kF32) return cudaErrorInvalidValue;
  return map_elements<float>(BinaryLoss{}, queue.stream, op.losses, op.logits, op.targets);
}

cudaError_t run(const BinaryCrossEntropyBackward& op, const Queue& queue) {
  if (op.logits.dtype != DType::kF32) return cudaErrorInvalidValue;
  return map_elements<float>(BinaryGradient{float(op.scale)}, queue.stream, op.dlogits, op.logits,
                             op.targets);
}

cudaError_t run(const SquaredErrorForward& op, const Queue& queue) {
  if (op.predictions.dtype != DType::kF32) return cudaErrorInvalidValue;
  return map_elements<float>(SquaredLoss{}, queue.stream, op.losses, op.predictions, op.targets);
}

cudaError_t run(const SquaredErrorBackward& op, const Queue& queue) {
  if (op.predictions.dtype != DType::kF32) return cudaErrorInvalidValue;
  return map_elements<float>(SquaredGradient{float(op.scale)}, queue.stream, op.dpredictions,
                             op.predictions, op.targets);
}

}  // namespace albert::cuda
