// y[b] = Σ_t weights[t] · x[t] over the rows t of sequence b; and its backward.
#include "ops/cuda/elements.cuh"
#include "ops/cuda/kernels.h"
#include "ops/cuda/reduce.cuh"

namespace albert::cuda {

namespace {

constexpr int kThreads = 128;
constexpr int kWarps = kThreads / 32;

struct ForwardArguments {
  Rows<float> y;
  Rows<const float> x;
  const float* weights;
  const int32_t* offsets;
  int columns;
};

/// A thread a column, which adds the rows of its sequence in order: neighbouring threads read
/// neighbouring columns.
__global__ void __launch_bounds__(kThreads)
    weighted_sum_forward_kernel(const ForwardArguments a) {
  const int column = int(blockIdx.y) * kThreads + int(threadIdx.x);
  if (column >= a.columns) return;
  const int end = a.offsets[blockIdx.x + 1];
  float sum = 0;
#pragma unroll 4
  for (int t = a.offsets[blockIdx.x]; t < end; ++t) sum += a.weights[t] * a.x[t][column];
  a.y[blockIdx.x][column] = sum;
}

template <class T>
struct BackwardArguments {
  Rows<T> dx;
  T* dweights;
  Rows<const T> dy;
  Rows<const T> x;
  const T* weights;
  const int32_t* offsets;
  Rows<const T> dresidual;
  int rows;
  int sequences;
  int columns;
};

/// The sequence of a row: the last one that begins at it or before it.
__device__ __forceinline__ int sequence_of(const int32_t* offsets, int sequences, int row) {
  int low = 0, high = sequences - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (offsets[middle] <= row) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/// A warp a row: its product with dy needs no barrier.
template <class T>
__global__ void __launch_bounds__(kThreads)
    weighted_sum_backward_kernel(const BackwardArguments<T> a) {
  const int row = int(blockIdx.x) * kWarps + int(threadIdx.x / 32);
  if (row >= a.rows) return;
  const T* dy = a.dy[sequence_of(a.offsets, a.sequences, row)];
  const float weight = to_float(a.weights[row]);
  float product = 0;
  for (int c = int(threadIdx.x % 32); c < a.columns; c += 32) {
    const float gradient = to_float(dy[c]);
    product += to_float(a.x[row][c]) * gradient;
    const float past = a.dresidual ? to_float(a.dresidual[row][c]) : 0.0f;
    a.dx[row][c] = from_float<T>(weight * gradient + past);
  }
  product = lanes_reduce<32>(product, Sum{});
  if (threadIdx.x % 32 == 0) a.dweights[row] = from_float<T>(product);
}

}  // namespace

cudaError_t run(const WeightedSumForward& op, const Queue& queue) {
  if (op.y.size() == 0) return cudaSuccess;
  if (op.x.dtype != DType::kF32) return cudaErrorInvalidValue;
  const ForwardArguments arguments{.y = rows_of<float>(op.y),
                                   .x = rows_of<const float>(op.x),
                                   .weights = op.weights.as<const float>(),
                                   .offsets = op.cu_seqlens.as<const int32_t>(),
                                   .columns = int(op.x.columns())};
  // Sequences may be more than a grid has in its second direction (65,535 blocks).
  const dim3 grid(unsigned(op.y.rows()),
                  unsigned(divided_up<int64_t>(op.x.columns(), kThreads)));
  return launch(weighted_sum_forward_kernel, {grid, dim3(kThreads), 0, queue.stream}, arguments);
}

cudaError_t run(const WeightedSumBackward& op, const Queue& queue) {
  if (op.x.rows() == 0) return cudaSuccess;
  return for_type(op.x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const BackwardArguments<T> arguments{.dx = rows_of<T>(op.dx),
                                         .dweights = op.dweights.as<T>(),
                                         .dy = rows_of<const T>(op.dy),
                                         .x = rows_of<const T>(op.x),
                                         .weights = op.weights.as<const T>(),
                                         .offsets = op.cu_seqlens.as<const int32_t>(),
                                         .dresidual = rows_of<const T>(op.dresidual),
                                         .rows = int(op.x.rows()),
                                         .sequences = int(op.cu_seqlens.size() - 1),
                                         .columns = int(op.x.columns())};
    const dim3 grid(unsigned(divided_up<int64_t>(op.x.rows(), kWarps)));
    return launch(weighted_sum_backward_kernel<T>, {grid, dim3(kThreads), 0, queue.stream},
                  arguments);
  });
}

}  // namespace albert::cuda
