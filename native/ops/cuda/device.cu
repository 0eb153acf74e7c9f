// Devices and their memory. Workers' streams wait for the default stream and it for them: a copy or
// fill on the default stream comes after what was enqueued before it, and before what follows.
#include "ops/cuda/device.cuh"

#include <algorithm>
#include <string_view>

#include "ops/cuda/matmul.cuh"

namespace albert::cuda {

namespace {

std::string mebibytes(uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

}  // namespace

void check(cudaError_t error, const std::string& what) {
  if (error == cudaSuccess) return;
  const bool is_memory = error == cudaErrorMemoryAllocation;
  throw Error(is_memory ? ErrorCode::kMemory : ErrorCode::kBackend,
              "cuda: " + what + " failed: " + cudaGetErrorString(error));
}

void check(cublasStatus_t error, const std::string& what) {
  if (error == CUBLAS_STATUS_SUCCESS) return;
  throw Error(ErrorCode::kBackend,
              "cuda: " + what + " failed: " + cublasLtGetStatusString(error));
}

Device::Device(const DeviceOptions& options) : options_(options) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "search for devices");
  if (options.index >= count) {
    throw Error(ErrorCode::kBackend, "cuda: expected a device below " + std::to_string(count) +
                                         ", got cuda:" + std::to_string(options.index));
  }
  use();
  check(cublasLtCreate(&cublas_), "start of cuBLASLt");
  int persisting = 0, window = 0;
  check(cudaDeviceGetAttribute(&persisting, cudaDevAttrMaxPersistingL2CacheSize, options.index),
        "size of the L2 cache");
  check(cudaDeviceGetAttribute(&window, cudaDevAttrMaxAccessPolicyWindowSize, options.index),
        "size of the L2 cache");
  persisting_l2_ = size_t(persisting);
  largest_window_ = size_t(window);
  plans_ = std::make_unique<MatmulPlans>(*this);
}

Device::~Device() {
  plans_.reset();
  cublasLtDestroy(cublas_);
}

DeviceDescription Device::describe() const {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, options_.index), "description of the device");
  const auto [free, total] = memory();
  DeviceDescription description{};
  std::string_view(properties.name).copy(description.name, sizeof description.name - 1);
  description.major = properties.major;
  description.minor = properties.minor;
  description.memory = total;
  description.free_memory = free;
  check(cudaDriverGetVersion(&description.driver_version), "version of the driver");
  check(cudaRuntimeGetVersion(&description.runtime_version), "version of the runtime");
  return description;
}

Device::MemoryState Device::memory() const {
  use();
  MemoryState state{};
  check(cudaMemGetInfo(&state.free, &state.total), "size of the memory");
  return state;
}

void* Device::allocate(size_t bytes) const {
  use();
  void* pointer = nullptr;
  const cudaError_t error = cudaMalloc(&pointer, bytes > 0 ? bytes : 1);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // it was reported: later launches are not to see it
    const auto [free, total] = memory();
    throw Error(ErrorCode::kMemory, "cuda: " + mebibytes(bytes) + " do not fit: " +
                                        mebibytes(free) + " of " + mebibytes(total) +
                                        " are free; use a narrower dtype or a smaller batch");
  }
  check(error, "allocation of " + mebibytes(bytes));
  return pointer;
}

void Device::enqueue_copy(const CopyRequest& request, cudaStream_t stream) const {
  use();
  const cudaMemcpyKind kind =
      request.to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost;
  const bool is_plain = request.rows == 1 || (request.to_pitch == request.width &&
                                              request.from_pitch == request.width);
  check(is_plain ? cudaMemcpyAsync(request.to, request.from, request.width * request.rows, kind,
                                   stream)
                 : cudaMemcpy2DAsync(request.to, request.to_pitch, request.from,
                                     request.from_pitch, request.width, request.rows, kind,
                                     stream),
        "copy");
}

void Device::copy(const CopyRequest& request) const {
  const auto locked = lock();
  enqueue_copy(request, nullptr);
  check(cudaStreamSynchronize(nullptr), "copy");
}

void Device::zero(void* pointer, size_t bytes) const {
  const auto locked = lock();
  use();
  if (bytes > 0) check(cudaMemsetAsync(pointer, 0, bytes, nullptr), "fill with zeros");
}

void Device::synchronize() const {
  const auto locked = lock();
  use();
  check(cudaDeviceSynchronize(), "wait for the device");
}

void Device::count_layer_bytes(int64_t bytes) const {
  const int64_t total = layer_bytes_ += bytes;
  if (persisting_l2_ == 0 || bytes < 0) return;
  use();
  const size_t wanted = std::min(size_t(total), persisting_l2_);
  check(cudaDeviceSetLimit(cudaLimitPersistingL2CacheSize, wanted), "share of the L2 cache");
}

L2Share Device::l2_share() const {
  const int64_t total = layer_bytes_;
  if (persisting_l2_ == 0 || total <= 0) return {.ratio = 0, .largest_window = 0};
  return {.ratio = std::min(1.0f, float(persisting_l2_) / float(total)),
          .largest_window = largest_window_};
}

}  // namespace albert::cuda
