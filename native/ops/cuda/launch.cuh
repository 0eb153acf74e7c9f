// Launches a kernel: the same call for nvcc and for the emulator of test/cuda.
//
// How a kernel is written, compiled and tested:
//  - <op>.cu holds an op's kernels, in an anonymous namespace, and at its end the
//    `void Executor::run(const <Op>Forward& op)` that launches them (see executor.cuh).
//    Kernels are called <op>_<direction>_kernel. Launch by
//      launch(kernel<256>, {grid, block, shared_bytes, stream()}, arguments...);
//    `<<<>>>` and `extern __shared__` do not parse in g++; dynamic_shared<T>() stands for the
//    latter. An empty grid is no launch: return early where there are no rows.
//  - Static arrays: `alignas(16) __shared__ float sums[32];` (alignas first). No initializer.
//  - Barriers are reached by all threads of a block: a block may return as a whole, a thread alone
//    must not, once another barrier follows. Shuffles name the lanes that take part.
//  - All PTX is in tensor_core.cuh, each function with a twin in test/cuda/emulator/tensor_core.h.
//    An intrinsic that the emulator lacks is added to test/cuda/emulator/intrinsics.h.
//  - Sums have a fixed order, without floating-point atomics: results must have the same bits in
//    every order of threads and blocks.
//  - At most 99 KiB of shared memory a block (architectures 8.6 and 8.9), of it 48 KiB static.
//  - Compile with nvcc:  nvcc -std=c++20 -arch=sm_80 -Xptxas -v -Inative -c native/ops/cuda/x.cu
//    It rejects what g++ accepts (host calls in kernels, initialised __shared__).
//  - Compile for the emulator and test:  test/cuda/build (plain, address or thread).
#pragma once

#include <cuda_runtime.h>

#include <string>
#include <utility>

#include "core/error.h"

namespace albert::cuda {

struct Launch {
  dim3 grid, block;
  size_t shared = 0;  // bytes of dynamic_shared()
  cudaStream_t stream = nullptr;
};

inline void check_cuda(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  const auto code =
      error == cudaErrorMemoryAllocation ? ErrorCode::kMemory : ErrorCode::kBackend;
  throw Error(code, std::string("cuda: ") + what + ": " + cudaGetErrorString(error));
}

/// Launches of more than 48 KiB of dynamic shared memory ask for it first.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const Launch& how, Arguments&&... arguments) {
  constexpr size_t kSharedByDefault = 48 * 1024;
  if (how.shared > kSharedByDefault) {
    check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    int(how.shared)),
               "shared memory of a kernel");
  }
  cudaLaunchConfig_t config{};
  config.gridDim = how.grid;
  config.blockDim = how.block;
  config.dynamicSmemBytes = how.shared;
  config.stream = how.stream;
  check_cuda(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...),
             "launch of a kernel");
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
