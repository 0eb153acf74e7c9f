// Devices and their memory. Workers' streams wait for the default stream and it for them: a copy or
// fill on the default stream comes after what was enqueued before it, and before what follows.
#include "ops/cuda/device.cuh"

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
  plans_ = std::make_unique<MatmulPlans>(*this);
}

Device::~Device() {
  plans_.reset();
  cublasLtDestroy(cublas_);
}

DeviceDescription Device::describe() const {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, options_.index), "description of the device");
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "size of the memory");
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

void* Device::allocate(size_t bytes) const {
  use();
  void* pointer = nullptr;
  const cudaError_t error = cudaMalloc(&pointer, bytes > 0 ? bytes : 1);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // it was reported: later launches are not to see it
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw Error(ErrorCode::kMemory, "cuda: " + mebibytes(bytes) + " do not fit: " +
                                        mebibytes(free) + " of " + mebibytes(total) +
                                        " are free; use a narrower dtype or a smaller batch");
  }
  check(error, "allocation of " + mebibytes(bytes));
  return pointer;
}

void Device::copy(const CopyRequest& request) const {
  use();
  const cudaMemcpyKind kind =
      request.to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost;
  const bool is_plain = request.rows == 1 || (request.to_pitch == request.width &&
                                              request.from_pitch == request.width);
  check(is_plain ? cudaMemcpyAsync(request.to, request.from, request.width * request.rows, kind,
                                   nullptr)
                 : cudaMemcpy2DAsync(request.to, request.to_pitch, request.from,
                                     request.from_pitch, request.width, request.rows, kind,
                                     nullptr),
        "copy");
  check(cudaStreamSynchronize(nullptr), "copy");
}

void Device::zero(void* pointer, size_t bytes) const {
  use();
  if (bytes > 0) check(cudaMemsetAsync(pointer, 0, bytes, nullptr), "fill with zeros");
}

}  // namespace albert::cuda
