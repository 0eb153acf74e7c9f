// The library's entry: calls across the C boundary, every exception of which becomes a status.
#include "ops/cuda/library.h"

#include <exception>
#include <new>
#include <string_view>

#include "ops/cuda/device.cuh"
#include "ops/cuda/worker.cuh"

namespace albert::cuda {

namespace {

void set_failure(Status& status, ErrorCode code, std::string_view message) {
  status.failed = 1;
  status.code = code;
  message.copy(status.message, sizeof status.message - 1);
}

/// Calls body(); what it throws goes into the status, and the answer is a default one.
template <class Body>
auto guarded(Status* status, const Body& body) -> decltype(body()) {
  *status = Status{};
  try {
    return body();
  } catch (const Error& error) {
    set_failure(*status, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    set_failure(*status, ErrorCode::kMemory, "cuda: out of host memory");
  } catch (const std::exception& error) {
    set_failure(*status, ErrorCode::kBackend, error.what());
  }
  return decltype(body())();
}

Device* open_device(const DeviceOptions* options, Status* status) {
  return guarded(status, [&] { return new Device(*options); });
}

void close_device(Device* device) {
  delete device;
}

void describe(Device* device, DeviceDescription* description, Status* status) {
  guarded(status, [&] { *description = device->describe(); });
}

uint64_t free_memory(const Device* device, Status* status) {
  return guarded(status, [&] { return uint64_t(device->memory().free); });
}

void* allocate(Device* device, size_t bytes, Status* status) {
  return guarded(status, [&] { return device->allocate(bytes); });
}

void release(Device* device, void* pointer) {
  device->release(pointer);
}

void copy(Device* device, const CopyRequest* request, Status* status) {
  guarded(status, [&] { device->copy(*request); });
}

void synchronize(Device* device, Status* status) {
  guarded(status, [&] { device->synchronize(); });
}

void zero(Device* device, void* pointer, size_t bytes, Status* status) {
  guarded(status, [&] { device->zero(pointer, bytes); });
}

Weight* prepare(Device* device, const WeightRequest* request, Status* status) {
  return guarded(status, [&] { return new Weight(*device, *request); });
}

void repack(Weight* weight, const WeightRequest* request, Status* status) {
  guarded(status, [&] { weight->pack(*request); });
}

void repack_within(Worker* worker, Weight* weight, const WeightPart* part, Status* status) {
  guarded(status, [&] {
    worker->device().use();
    worker->repack(*weight, *part);
  });
}

void release_weight(Weight* weight) {
  delete weight;
}

uint64_t weight_bytes(const Weight* weight) {
  return weight->bytes();
}

uint64_t prepared_bytes(const Device* device, const WeightRequest* request) {
  return Weight::bytes_of(*device, *request);
}

void unpack(const Weight* weight, float* matrix, float* bias, Status* status) {
  guarded(status, [&] { weight->unpack(matrix, bias); });
}

Worker* open_worker(Device* device, WorkerUse use, Status* status) {
  return guarded(status, [&] { return new Worker(*device, use); });
}

uint64_t scratch_bytes(const Worker* worker) {
  return worker->held_bytes();
}

uint64_t memory_generation(const Worker* worker) {
  return worker->memory_generation();
}

void close_worker(Worker* worker) {
  delete worker;
}

void* stage(Worker* worker, size_t bytes, Status* status) {
  return guarded(status, [&] { return worker->stage(bytes); });
}

void enqueue_copy(Worker* worker, const CopyRequest* request, Status* status) {
  guarded(status, [&] { worker->enqueue_copy(*request); });
}

void enqueue_zero(Worker* worker, void* pointer, size_t bytes, Status* status) {
  guarded(status, [&] {
    worker->device().use();
    worker->enqueue_zero(pointer, bytes);
  });
}

void finish(Worker* worker, Status* status) {
  guarded(status, [&] { worker->finish(); });
}

void begin_capture(Worker* worker, Status* status) {
  guarded(status, [&] {
    worker->device().use();
    worker->begin_capture();
  });
}

Graph* end_capture(Worker* worker, Status* status) {
  return guarded(status, [&] { return worker->end_capture().release(); });
}

void launch_graph(Worker* worker, const Graph* graph, Status* status) {
  guarded(status, [&] {
    worker->device().use();
    worker->launch(*graph);
  });
}

void release_graph(Graph* graph) {
  delete graph;
}

template <class Op>
void run_as(Worker& worker, const void* op) {
  worker.run(*static_cast<const Op*>(op));
}

/// For each op of the list, the function that runs it.
template <class List>
struct RunTable;
template <class... Ops>
struct RunTable<OpList<Ops...>> {
  static constexpr void (*kRuns[])(Worker&, const void*) = {run_as<Ops>...};
};

void run(Worker* worker, uint32_t number, const void* op, Status* status) {
  guarded(status, [&] {
    if (number >= CrossingOps::kCount) {
      throw Error(ErrorCode::kBackend, "cuda: no op has the number " + std::to_string(number));
    }
    worker->device().use();
    RunTable<CrossingOps>::kRuns[number](*worker, op);
  });
}

constexpr Library kLibrary = {.version = kLibraryVersion,
                              .layout = CrossingOps::layout(),
                              .open_device = open_device,
                              .close_device = close_device,
                              .describe = describe,
                              .free_memory = free_memory,
                              .allocate = allocate,
                              .release = release,
                              .copy = copy,
                              .synchronize = synchronize,
                              .zero = zero,
                              .prepare = prepare,
                              .repack = repack,
                              .repack_within = repack_within,
                              .release_weight = release_weight,
                              .weight_bytes = weight_bytes,
                              .prepared_bytes = prepared_bytes,
                              .unpack = unpack,
                              .open_worker = open_worker,
                              .close_worker = close_worker,
                              .scratch_bytes = scratch_bytes,
                              .memory_generation = memory_generation,
                              .stage = stage,
                              .enqueue_copy = enqueue_copy,
                              .enqueue_zero = enqueue_zero,
                              .finish = finish,
                              .begin_capture = begin_capture,
                              .end_capture = end_capture,
                              .launch_graph = launch_graph,
                              .release_graph = release_graph,
                              .run = run};

}  // namespace

}  // namespace albert::cuda

extern "C" __attribute__((visibility("default"))) const albert::cuda::Library* albert_cuda_library(
    uint32_t version) {
  return version == albert::cuda::kLibraryVersion ? &albert::cuda::kLibrary : nullptr;
}
