// The runtime's interface: device memory (host memory that is registered and poisoned), streams
// that run at once, errors.
#include "device.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "runtime.h"

struct CUstream_st {
  emulator::Schedule schedule;
};
struct CUevent_st {
  int unused;
};

namespace emulator {

Schedule default_schedule;
size_t device_memory_limit = size_t{4} << 30;

namespace {

thread_local cudaError_t last_error = cudaSuccess;

struct Device {
  std::mutex mutex;
  std::map<const char*, size_t> allocations;
  size_t used = 0;
  uint64_t streams = 0;
};

/// Never destroyed: memory may be released while the process ends.
Device& device() {
  static Device& leaked = *new Device;
  return leaked;
}

/// Whether all of these bytes belong to one allocation.
bool is_device_memory(const void* pointer, size_t bytes) {
  const std::lock_guard lock(device().mutex);
  const auto* first = static_cast<const char*>(pointer);
  auto after = device().allocations.upper_bound(first);
  if (after == device().allocations.begin()) return false;
  --after;
  return first + bytes <= after->first + after->second;
}

cudaError_t check_sides(const void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (to_device && !is_device_memory(to, bytes)) return cudaErrorInvalidValue;
  if (from_device && !is_device_memory(from, bytes)) return cudaErrorInvalidValue;
  return cudaSuccess;
}

}  // namespace

void set_last_error(cudaError_t error) {
  last_error = error;
}

Schedule schedule_of(cudaStream_t stream) {
  return stream ? stream->schedule : default_schedule;
}

}  // namespace emulator

using emulator::device;

extern "C" {

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
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
  const std::lock_guard lock(device().mutex);
  const auto found = device().allocations.find(static_cast<char*>(pointer));
  if (found == device().allocations.end()) return cudaErrorInvalidValue;
  device().used -= found->second;
  device().allocations.erase(found);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  *pointer = std::malloc(bytes ? bytes : 1);
  return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void* pointer) {
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t) {
  const cudaError_t error = emulator::check_sides(to, from, bytes, kind);
  if (error == cudaSuccess) std::memcpy(to, from, bytes);
  return error;
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch,
                              size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t) {
  for (size_t row = 0; row < height; ++row) {
    const cudaError_t error = cudaMemcpyAsync(static_cast<char*>(to) + row * to_pitch,
                                              static_cast<const char*>(from) + row * from_pitch,
                                              width, kind, nullptr);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t) {
  if (!emulator::is_device_memory(to, bytes)) return cudaErrorInvalidValue;
  std::memset(to, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const std::lock_guard lock(device().mutex);
  *total = emulator::device_memory_limit;
  *free = *total - device().used;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const std::lock_guard lock(device().mutex);
  const uint64_t number = device().streams++;
  *stream = new CUstream_st{{emulator::Order(number % 3), number + 1}};
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
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
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  *properties = {.name = "CUDA emulator",
                 .totalGlobalMem = emulator::device_memory_limit,
                 .major = 8,
                 .minor = 6,
                 .multiProcessorCount = 2,
                 .l2CacheSize = 1 << 20};
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
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
    default:
      return "invalid argument";
  }
}

}  // extern "C"
