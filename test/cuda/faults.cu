// Kernels with one planted fault each, and sound ones beside them: what the emulator must notice.
// `faults <name>` runs one in five orders and prints what came of it.
#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

#include "ops/cuda/launch.cuh"
#include "ops/cuda/tensor_core.cuh"

namespace {

using albert::cuda::dynamic_shared;
using albert::cuda::launch;

constexpr float kNone = -1;  // what outputs hold before a launch

__global__ void sound_kernel(float* y) {
  __shared__ float sums[64];
  sums[threadIdx.x] = float(threadIdx.x);
  __syncthreads();
  y[blockIdx.x * 64 + threadIdx.x] = sums[63 - threadIdx.x];
}
__global__ void read_after_write_kernel(float* y) {
  __shared__ float sums[64];
  sums[threadIdx.x] = float(threadIdx.x);
  y[threadIdx.x] = sums[63 - threadIdx.x];
}
__global__ void write_after_read_kernel(float* y) {
  __shared__ float sums[64];
  sums[threadIdx.x] = float(threadIdx.x);
  __syncthreads();
  const float other = sums[63 - threadIdx.x];
  sums[threadIdx.x] = 2 * other;
  __syncthreads();
  y[threadIdx.x] = sums[threadIdx.x];
}
__global__ void dynamic_off_by_one_kernel(float* y) {
  auto* sums = dynamic_shared<float>();
  sums[threadIdx.x + 1] = 1;
  __syncthreads();
  y[threadIdx.x] = sums[threadIdx.x == 0 ? 1 : threadIdx.x];
}
__global__ void static_off_by_one_kernel(float* y) {
  __shared__ float sums[64];
  float* place = sums;
  asm("" : "+r"(place));
  place[threadIdx.x + 1] = 1;
  __syncthreads();
  y[threadIdx.x] = place[threadIdx.x];
}
__global__ void row_overflow_kernel(float* y) {
  __shared__ float sums[32][32];
  const int column = int(threadIdx.x) / 2 + 1;
  sums[threadIdx.x % 32][column] = 1;
  __syncthreads();
  y[threadIdx.x] = sums[0][threadIdx.x / 2];
}
__global__ void missing_syncwarp_kernel(float* y) {
  __shared__ float sums[64];
  sums[threadIdx.x] = float(threadIdx.x);
  sums[threadIdx.x + 32] = 0;
  for (int step = 16; step > 0; step /= 2) {
    const float sum = sums[threadIdx.x] + sums[threadIdx.x + step];
    sums[threadIdx.x] = sum;
  }
  y[threadIdx.x] = sums[0];
}
__global__ void short_copy_wait_kernel(float* y, const float* x) {
  __shared__ __align__(16) float rows[2][64];
  for (int row = 0; row < 2; ++row) {
    if (threadIdx.x < 16) copy_async_16(&rows[row][threadIdx.x * 4], x + threadIdx.x * 4);
    copy_async_commit();
  }
  copy_async_wait<1>();
  __syncthreads();
  y[threadIdx.x] = rows[1][threadIdx.x];
}
__global__ void divergent_barrier_kernel(float* y) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  y[threadIdx.x] = 1;
}
__global__ void early_exit_kernel(float* y) {
  if (threadIdx.x == 5) return;
  __syncthreads();
  y[threadIdx.x] = 1;
}
__global__ void divergent_shuffle_kernel(float* y) {
  float value = float(threadIdx.x);
  if (threadIdx.x < 16) value += __shfl_xor_sync(0xffffffff, value, 1);
  y[threadIdx.x] = value;
}
__global__ void outside_mask_kernel(float* y) {
  float value = float(threadIdx.x);
  if (threadIdx.x < 16) value += __shfl_xor_sync(0x0000ffff, value, 16);
  y[threadIdx.x] = value;
}
__global__ void global_overflow_kernel(float* y) {
  y[threadIdx.x + blockIdx.x * 64 + 1] = 1;
  if (threadIdx.x == 0 && blockIdx.x == 0) y[0] = 1;
}
__global__ void misaligned_vector_kernel(float* y) {
  __shared__ __align__(16) float sums[128];
  sums[threadIdx.x] = sums[threadIdx.x + 64] = 1;
  __syncthreads();
  y[threadIdx.x] = reinterpret_cast<float4*>(sums + threadIdx.x)->x;
}
__global__ void not_atomic_kernel(float* y) {
  y[0] += 1;
}
__global__ void atomic_order_kernel(float* y) {
  atomicAdd(y, 0.1f * float(blockIdx.x * 64 + threadIdx.x));
}
__global__ void between_blocks_kernel(float* y) {
  y[threadIdx.x] = float(blockIdx.x);
}
__global__ void unwritten_shared_kernel(float* y) {
  __shared__ float sums[65];
  sums[threadIdx.x] = 1;
  __syncthreads();
  y[threadIdx.x] = sums[threadIdx.x + 1];
}

struct Fault {
  const char* name;
  cudaError_t (*start)(float* y, const float* x);
  size_t written;  // how many numbers of y it writes
};

template <auto kKernel, unsigned kBlocks, unsigned kThreads, size_t kShared = 0>
cudaError_t start(float* y, const float*) {
  return launch(kKernel, {dim3(kBlocks), dim3(kThreads), kShared, nullptr}, y);
}

const Fault kFaults[] = {
    {"sound", start<sound_kernel, 3, 64>, 192},
    {"read_after_write", start<read_after_write_kernel, 1, 64>, 64},
    {"write_after_read", start<write_after_read_kernel, 1, 64>, 64},
    {"dynamic_off_by_one", start<dynamic_off_by_one_kernel, 1, 64, 256>, 64},
    {"static_off_by_one", start<static_off_by_one_kernel, 1, 64>, 64},
    {"row_overflow", start<row_overflow_kernel, 1, 64>, 64},
    {"missing_syncwarp", start<missing_syncwarp_kernel, 1, 32>, 32},
    {"short_copy_wait",
     [](float* y, const float* x) { return launch(short_copy_wait_kernel, {1, 64, 0, {}}, y, x); },
     64},
    {"divergent_barrier", start<divergent_barrier_kernel, 1, 64>, 64},
    {"early_exit", start<early_exit_kernel, 1, 64>, 64},
    {"divergent_shuffle", start<divergent_shuffle_kernel, 1, 32>, 32},
    {"outside_mask", start<outside_mask_kernel, 1, 32>, 32},
    {"global_overflow", start<global_overflow_kernel, 2, 64>, 128},
    {"misaligned_vector", start<misaligned_vector_kernel, 1, 64>, 64},
    {"not_atomic", start<not_atomic_kernel, 2, 64>, 1},
    {"atomic_order", start<atomic_order_kernel, 64, 64>, 1},
    {"between_blocks", start<between_blocks_kernel, 3, 64>, 64},
    {"unwritten_shared", start<unwritten_shared_kernel, 1, 64>, 64},
    {"too_many_threads", start<sound_kernel, 1, 2048>, 64},
    {"too_much_shared", start<dynamic_off_by_one_kernel, 1, 64, 300000>, 64},
};

/// Runs a fault in five orders: "error: …", "other bits", "not a number", or "silent".
int run(const Fault& fault) {
  std::vector<float> x(64, 1), y(fault.written), first;
  bool differs = false;
  cudaError_t status = cudaSuccess;
  try {
    emulator::for_each_order([&] {
      y.assign(fault.written, kNone);
      const cudaError_t error = fault.start(y.data(), x.data());
      if (error != cudaSuccess) status = error;
      if (first.empty()) first = y;
      differs = differs || std::memcmp(first.data(), y.data(), y.size() * sizeof(float)) != 0;
    });
  } catch (const std::exception& error) {
    std::printf("error: %s\n", error.what());
    return 1;
  }
  bool lacks = false;
  for (const float value : y) lacks = lacks || value != value || value == kNone;
  if (status != cudaSuccess) std::printf("error: %s\n", cudaGetErrorString(status));
  if (differs) std::printf("other bits\n");
  if (lacks) std::printf("not a number\n");
  const bool noticed = status != cudaSuccess || differs || lacks;
  if (!noticed) std::printf("silent\n");
  return noticed ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
  for (const Fault& fault : kFaults) {
    if (count == 2 && std::strcmp(fault.name, words[1]) == 0) return run(fault);
  }
  for (const Fault& fault : kFaults) std::printf("%s\n", fault.name);
  return 2;
}
