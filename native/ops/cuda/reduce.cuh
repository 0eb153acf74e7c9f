// Sums and maxima over a warp or a block, in a fixed order.
#pragma once

#include "ops/cuda/launch.cuh"

namespace albert::cuda {

constexpr unsigned kAllLanes = 0xffffffffu;

struct Sum {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a + b;
  }
};

/// NaN wins: a row that holds one has no maximum.
struct Maximum {
  __device__ __forceinline__ float operator()(float a, float b) const {
    return a > b || a != a ? a : b;
  }
};

/// Over groups of kLanes neighbouring lanes; every lane gets the result, to the same bits.
template <int kLanes, class T, class Op>
__device__ __forceinline__ T lanes_reduce(T value, Op op) {
#pragma unroll
  for (int flip = kLanes / 2; flip > 0; flip /= 2) {
    value = op(value, __shfl_xor_sync(kAllLanes, value, flip));
  }
  return value;
}

/// Over a block of kThreads; every thread gets the result. All threads must call it.
template <int kThreads, class T, class Op>
__device__ __forceinline__ T block_reduce(T value, Op op) {
  __shared__ T partial[kThreads / 32];
  value = lanes_reduce<32>(value, op);
  __syncthreads();  // the previous reduction's partials have been read
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = partial[0];
#pragma unroll
  for (int warp = 1; warp < kThreads / 32; ++warp) value = op(value, partial[warp]);
  return value;
}

/// The sums of several numbers at the price of one.
template <int kThreads, int kCount>
__device__ __forceinline__ void block_sums(float (&values)[kCount]) {
  __shared__ float partial[kThreads / 32][kCount];
#pragma unroll
  for (int i = 0; i < kCount; ++i) values[i] = lanes_reduce<32>(values[i], Sum{});
  __syncthreads();  // the previous sums' partials have been read
  if (threadIdx.x % 32 == 0) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) partial[threadIdx.x / 32][i] = values[i];
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    values[i] = partial[0][i];
#pragma unroll
    for (int warp = 1; warp < kThreads / 32; ++warp) values[i] += partial[warp][i];
  }
}

/// Over the kTeam threads, a warp or a whole block, that share a row.
template <int kTeam, class T, class Op>
__device__ __forceinline__ T team_reduce(T value, Op op) {
  if constexpr (kTeam == 32) {
    return lanes_reduce<32>(value, op);
  } else {
    return block_reduce<kTeam>(value, op);
  }
}

}  // namespace albert::cuda
