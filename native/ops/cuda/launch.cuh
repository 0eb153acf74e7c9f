// Launches a kernel: the same call for nvcc and for the emulator of test/cuda.
//
// How a kernel is written, compiled and tested:
//  - <op>.cu holds an op's kernels, in an anonymous namespace, and the `run(op, queue)` that
//    launches them (kernels.h). Kernels are called <op>_<direction>_kernel. Launch by
//      return launch(kernel<256>, {grid, block, shared_bytes, queue.stream}, arguments...);
//    `<<<>>>` and `extern __shared__` do not parse in g++; dynamic_shared<T>() stands for the
//    latter. An empty grid is no launch: return early where there are no rows.
//  - No host code reads an element of a tensor, not even of cu_seqlens. Where a grid depends on
//    lengths, it is sized by an upper bound (rows / tile + sequences query tiles) and blocks look
//    their sequence up in the offsets.
//  - Static arrays: `alignas(16) __shared__ float sums[32];` (alignas first), no initializer.
//  - Barriers are reached by all threads of a block: a block may return as a whole; a thread alone
//    must not, if a barrier follows. Shuffles name the lanes that take part, all of them present.
//  - All PTX is in tensor_core.cuh, each function with a twin in test/cuda/emulator/tensor_core.h.
//    An intrinsic that the emulator lacks is added to test/cuda/emulator/intrinsics.h.
//  - Sums have a fixed order, without floating-point atomics: results must have the same bits in
//    every order of threads and blocks.
//  - At most 99 KiB of shared memory a block (architectures 8.6 and 8.9), of it 48 KiB static.
//  - `nvcc -std=c++20 -arch=sm_80 -Xptxas -v -Inative -c native/ops/cuda/<op>.cu` rejects what g++
//    accepts (host calls in kernels, initialized __shared__).
//  - test/cuda/CMakeLists.txt compiles for the emulator; `albert_check --device cuda --filter <op>`
//    runs an op's cases there, executors taking turns in the order of threads.
#pragma once

#include <cuda_runtime.h>

#include <utility>

namespace albert::cuda {

struct Launch {
  dim3 grid, block;
  size_t shared = 0;  // bytes of dynamic_shared()
  cudaStream_t stream = nullptr;
};

/// Enqueues a kernel. More than 48 KiB of dynamic shared memory are asked for first.
template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), const Launch& how, Arguments&&... arguments) {
  constexpr size_t kSharedByDefault = 48 * 1024;
  if (how.shared > kSharedByDefault) {
    const cudaError_t error = cudaFuncSetAttribute(
        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(how.shared));
    if (error != cudaSuccess) return error;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = how.grid;
  config.blockDim = how.block;
  config.dynamicSmemBytes = how.shared;
  config.stream = how.stream;
  return cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...);
}

/// Dynamic shared memory of the running kernel. (`extern __shared__` appears here alone.)
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
#ifdef CUDA_EMULATOR
  return static_cast<T*>(emulator::dynamic_shared(alignof(T)));
#else
  extern __shared__ __align__(128) unsigned char dynamic_shared_bytes[];
  return reinterpret_cast<T*>(dynamic_shared_bytes);
#endif
}

}  // namespace albert::cuda
