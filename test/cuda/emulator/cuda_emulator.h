// Lets g++ compile CUDA kernels as host C++: each thread of a block is a fiber, blocks run one
// after another. Include first: g++ -include cuda_emulator.h -x c++ kernel.cu.
#pragma once

#define CUDA_EMULATOR 1

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
// The tag is part of the symbol's name: by it the runtime finds, poisons and bounds every array.
#define __shared__ static __attribute__((abi_tag("cuda_shared")))

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "cuda_runtime.h"
#include "runtime.h"
#include "stream.h"

constexpr int warpSize = 32;

#include "intrinsics.h"
#include "tensor_core.h"

namespace emulator {

template <class... Parameters, class... Arguments>
cudaError_t launch_kernel(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                          Arguments&&... arguments) {
  struct Call {
    cudaLaunchConfig_t config;
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> arguments;
    static void run_thread(void* context) {
      const auto* call = static_cast<Call*>(context);
      std::apply(call->kernel, call->arguments);
    }
    static void run(void* context) {
      run_grid(static_cast<Call*>(context)->config, run_thread, context);
    }
    static void release(void* context) { delete static_cast<Call*>(context); }
  };
  Call call{*config, kernel, {static_cast<Parameters>(arguments)...}};
  if (is_capturing(config->stream)) {
    keep(config->stream, {.run = Call::run, .release = Call::release, .context = new Call(call)});
    return cudaSuccess;
  }
  Call::run(&call);
  return cudaGetLastError();
}

template <class Function>
cudaError_t set_attribute(Function*, cudaFuncAttribute, int) {
  return cudaSuccess;
}

template <class Function>
cudaError_t get_attributes(cudaFuncAttributes*, Function*) {
  return device_has_code() ? cudaSuccess : cudaErrorNoKernelImageForDevice;
}

}  // namespace emulator

// Macros, so that the toolkit's own headers may stand in for include/.
#define cudaLaunchKernelEx emulator::launch_kernel
#define cudaFuncSetAttribute emulator::set_attribute
#define cudaFuncGetAttributes emulator::get_attributes
