// Devices and their memory. Workers' streams wait for the default stream and it for them: a copy or
// fill on the default stream comes after what was enqueued before it, and before what follows.
#include "ops/cuda/device.cuh"

#include <map>
#include <string_view>

#include "ops/cuda/matmul.cuh"

namespace albert::cuda {

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

namespace {

std::string mebibytes(uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

/// Says what to do where there is no device to use.
int count_devices() {
  int count = 0, driver = 0, runtime = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    throw Error(ErrorCode::kBackend,
                "cuda: the driver finds no GPU that this process may use; see nvidia-smi and "
                "CUDA_VISIBLE_DEVICES, or use device \"cpu\"");
  }
  if (error == cudaErrorInsufficientDriver) {
    check(cudaDriverGetVersion(&driver), "version of the driver");
    check(cudaRuntimeGetVersion(&runtime), "version of the runtime");
    const std::string found = driver == 0 ? "this machine has no NVIDIA driver"
                                          : "the driver is for CUDA " + version_in_words(driver);
    throw Error(ErrorCode::kBackend, "cuda: " + found + " and the library needs one for CUDA " +
                                         version_in_words(runtime) +
                                         "; install it, or use device \"cpu\"");
  }
  check(error, "search for devices");
  return count;
}

/// Each GPU's, for as long as the process runs: models come and go at any time.
Gpu& gpu_of(int32_t index) {
  static std::mutex& mutex = *new std::mutex;
  static auto& all = *new std::map<int32_t, Gpu>;
  const std::lock_guard lock(mutex);
  return all[index];
}

__global__ void probe_kernel() {}

/// That the library has code which this GPU and its driver run: "auto" is to find out here.
void require_code(const cudaDeviceProp& properties) {
  cudaFuncAttributes attributes{};
  if (cudaFuncGetAttributes(&attributes, probe_kernel) == cudaSuccess) return;
  cudaGetLastError();
  const bool is_old = properties.major < 8;
  throw Error(ErrorCode::kBackend,
              std::string("cuda: the library has no code for ") + properties.name + " (sm_" +
                  std::to_string(properties.major) + std::to_string(properties.minor) + "): " +
                  (is_old ? "it needs compute capability 8.0 or later; use device \"cpu\""
                          : "update the driver, or build it with \"npm run build:cuda\" from a "
                            "newer CUDA toolkit"));
}

int attribute_of(int32_t index, cudaDeviceAttr attribute) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, attribute, index), "size of the L2 cache");
  return value;
}

}  // namespace

Device::Device(const DeviceOptions& options) : options_(options), gpu_(gpu_of(options.index)) {
  const int count = count_devices();
  if (options.index >= count) {
    throw Error(ErrorCode::kBackend, "cuda: expected a device below " + std::to_string(count) +
                                         ", got cuda:" + std::to_string(options.index));
  }
  use();
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, options.index), "description of the device");
  require_code(properties);
  gpu_.persisting_l2 = size_t(attribute_of(options.index, cudaDevAttrMaxPersistingL2CacheSize));
  gpu_.largest_window = size_t(attribute_of(options.index, cudaDevAttrMaxAccessPolicyWindowSize));
  check(cublasLtCreate(&cublas_), "start of cuBLASLt");
  plans_ = std::make_unique<MatmulPlans>(*this);
}

Device::~Device() {
  use_unchecked();
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

void Device::release(void* pointer) const noexcept {
  use_unchecked();
  cudaFree(pointer);
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

/// A hint alone: where it is refused (as to a part of a GPU), nothing is set aside.
void Device::count_layer_bytes(int64_t bytes) const {
  const auto locked = lock();
  const int64_t total = gpu_.layer_bytes += bytes;
  if (gpu_.persisting_l2 == 0) return;
  use_unchecked();
  const size_t wanted = size_t(total) <= gpu_.persisting_l2 ? size_t(total) : 0;
  if (cudaDeviceSetLimit(cudaLimitPersistingL2CacheSize, wanted) == cudaSuccess) return;
  cudaGetLastError();
  gpu_.persisting_l2 = 0;
}

size_t Device::l2_window() const {
  const int64_t total = gpu_.layer_bytes;
  return total > 0 && size_t(total) <= gpu_.persisting_l2 ? size_t(gpu_.largest_window) : 0;
}

}  // namespace albert::cuda
