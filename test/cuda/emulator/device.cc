// The runtime's interface: device memory (host memory that is registered and poisoned), copies,
// errors.
#include "device.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "runtime.h"
#include "stream.h"

struct CUevent_st {
  int unused;
};

namespace emulator {

namespace {

size_t initial_memory_limit() {
  const char* wish = std::getenv("ALBERT_EMULATOR_MEMORY");  // bytes
  return wish ? size_t(std::strtoull(wish, nullptr, 10)) : size_t{4} << 30;
}

}  // namespace

size_t device_memory_limit = initial_memory_limit();

namespace {

constexpr int kRuntimeVersion = 13000;

/// As CUDA writes versions; 0 = no driver, -1 = a driver that finds no GPU.
int driver_version() {
  return number_from("ALBERT_EMULATOR_DRIVER", kRuntimeVersion);
}

/// The compute capability, 10 major + minor.
int architecture() {
  return number_from("ALBERT_EMULATOR_ARCHITECTURE", 86);
}

constexpr size_t kLargestWindow = size_t{1} << 27;
constexpr size_t kPersistingL2 = 3 << 18;

thread_local cudaError_t last_error = cudaSuccess;

struct Device {
  std::mutex mutex;
  std::map<const char*, size_t> allocations;
  std::map<const char*, size_t> pinned;  // host memory of cudaHostAlloc
  size_t used = 0;
};

/// Never destroyed: memory may be released while the process ends.
Device& device() {
  static Device& leaked = *new Device;
  return leaked;
}

/// Whether all of these bytes belong to one allocation.
bool is_within(const std::map<const char*, size_t>& allocations, const void* pointer,
               size_t bytes) {
  const std::lock_guard lock(device().mutex);
  const auto* first = static_cast<const char*>(pointer);
  auto after = allocations.upper_bound(first);
  if (after == allocations.begin()) return false;
  --after;
  return first + bytes <= after->first + after->second;
}

bool is_device_memory(const void* pointer, size_t bytes) {
  return is_within(device().allocations, pointer, bytes);
}

/// A true device copies pageable memory at its own time: whoever asked for it waits.
void log_pageable(const void* host, size_t bytes, cudaStream_t stream) {
  if (stream && !is_within(device().pinned, host, bytes)) log_call("pageable_copy");
}

cudaError_t check_sides(const void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (to_device && !is_device_memory(to, bytes)) return cudaErrorInvalidValue;
  if (from_device && !is_device_memory(from, bytes)) return cudaErrorInvalidValue;
  return cudaSuccess;
}

Work fill_of(void* to, int value, size_t bytes) {
  struct Fill {
    void* to;
    int value;
    size_t bytes;
  };
  return {.run = [](void* context) {
            const auto* fill = static_cast<Fill*>(context);
            std::memset(fill->to, fill->value, fill->bytes);
          },
          .release = [](void* context) { delete static_cast<Fill*>(context); },
          .context = new Fill{to, value, bytes}};
}

cudaError_t check_window(const cudaAccessPolicyWindow& window) {
  const bool fits = window.num_bytes <= kLargestWindow && window.hitRatio >= 0 &&
                    window.hitRatio <= 1 && is_device_memory(window.base_ptr, window.num_bytes);
  return fits ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace

int number_from(const char* variable, int otherwise) {
  const char* wish = std::getenv(variable);
  return wish ? std::atoi(wish) : otherwise;
}

bool device_has_code() {
  return architecture() >= 80;
}

void set_last_error(cudaError_t error) {
  last_error = error;
}

}  // namespace emulator

using emulator::device;
using emulator::log_call;

extern "C" {

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  log_call("malloc %zu", bytes);
  if (emulator::is_thread_capturing()) return cudaErrorStreamCaptureUnsupported;
  const std::lock_guard lock(device().mutex);
  if (bytes > emulator::device_memory_limit - device().used) return cudaErrorMemoryAllocation;
  if (posix_memalign(pointer, 256, bytes ? bytes : 1) != 0) return cudaErrorMemoryAllocation;
  std::memset(*pointer, 0xff, bytes);
  device().allocations[static_cast<char*>(*pointer)] = bytes;
  device().used += bytes;
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  if (!pointer) return cudaSuccess;
  log_call("free");
  const std::lock_guard lock(device().mutex);
  const auto found = device().allocations.find(static_cast<char*>(pointer));
  if (found == device().allocations.end()) return cudaErrorInvalidValue;
  device().used -= found->second;
  device().allocations.erase(found);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  log_call("host_alloc %zu", bytes);
  *pointer = std::malloc(bytes ? bytes : 1);
  if (!*pointer) return cudaErrorMemoryAllocation;
  const std::lock_guard lock(device().mutex);
  device().pinned[static_cast<char*>(*pointer)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* pointer) {
  log_call("host_free");
  const std::lock_guard lock(device().mutex);
  device().pinned.erase(static_cast<char*>(pointer));
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  cudaError_t error = emulator::refused_while_capturing(stream);
  if (error == cudaSuccess) error = emulator::check_sides(to, from, bytes, kind);
  if (error != cudaSuccess) return error;
  emulator::log_pageable(kind == cudaMemcpyHostToDevice ? from : to, bytes, stream);
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch,
                              size_t width, size_t height, cudaMemcpyKind kind,
                              cudaStream_t stream) {
  for (size_t row = 0; row < height; ++row) {
    const cudaError_t error = cudaMemcpyAsync(static_cast<char*>(to) + row * to_pitch,
                                              static_cast<const char*>(from) + row * from_pitch,
                                              width, kind, stream);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  if (!emulator::is_device_memory(to, bytes)) return cudaErrorInvalidValue;
  if (emulator::is_capturing(stream)) {
    emulator::keep(stream, emulator::fill_of(to, value, bytes));
    return cudaSuccess;
  }
  const cudaError_t error = emulator::refused_while_capturing(stream);
  if (error == cudaSuccess) std::memset(to, value, bytes);
  return error;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const std::lock_guard lock(device().mutex);
  *total = emulator::device_memory_limit;
  *free = *total - device().used;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st{};
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) {
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t) {
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) {
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  const int driver = emulator::driver_version();
  *count = driver >= emulator::kRuntimeVersion ? 1 : 0;
  if (driver < 0) return cudaErrorNoDevice;
  return *count == 1 ? cudaSuccess : cudaErrorInsufficientDriver;
}

cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  *properties = {.name = "CUDA emulator",
                 .totalGlobalMem = emulator::device_memory_limit,
                 .major = emulator::architecture() / 10,
                 .minor = emulator::architecture() % 10,
                 .multiProcessorCount = 2,
                 .l2CacheSize = 1 << 20};
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  const bool is_window = attribute == cudaDevAttrMaxAccessPolicyWindowSize;
  *value = int(is_window ? emulator::kLargestWindow : emulator::kPersistingL2);
  return cudaSuccess;
}

cudaError_t cudaDeviceSetLimit(cudaLimit, size_t bytes) {
  log_call("persisting_l2 %zu", bytes);
  return bytes <= emulator::kPersistingL2 ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaStreamSetAttribute(cudaStream_t stream, cudaStreamAttrID,
                                   const cudaStreamAttrValue* value) {
  const cudaAccessPolicyWindow& window = value->accessPolicyWindow;
  log_call("window %zu %.3f", window.num_bytes, double(window.hitRatio));
  if (emulator::is_capturing(stream)) return cudaErrorStreamCaptureUnsupported;
  return stream ? emulator::check_window(window) : cudaErrorInvalidValue;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = emulator::driver_version();
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = emulator::kRuntimeVersion;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  return std::exchange(emulator::last_error, cudaSuccess);
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureImplicit:
      return "operation would make the legacy stream depend on a capturing stream";
    default:
      return "invalid argument";
  }
}

}  // extern "C"
