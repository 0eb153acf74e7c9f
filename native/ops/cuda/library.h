// The C boundary between the addon and the library albert_cuda, which it opens at run time.
//
// In this folder .cc files belong to the addon, .cu files to the library; both see this header and
// the contracts of ops/*.h. Both are compiled from one checkout with one ABI (version and layout
// are compared first); no exception and no allocator crosses: calls fill in a Status, memory is
// released by the side that gave it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "core/error.h"
#include "ops/ops.h"

namespace albert::cuda {

/// Grows with every change of this header's meaning.
inline constexpr uint32_t kLibraryVersion = 3;

/// What became of a call.
struct Status {
  int32_t failed;  // 0 or 1
  ErrorCode code;  // of a failure
  char message[488];
};

/// The rows that stand for `rows` of them: in the choice of a product's algorithm, and in what is
/// replayed.
constexpr int64_t bucket_of(int64_t rows) {
  int64_t bucket = 1;
  while (bucket < rows && bucket < 128) bucket *= 2;
  const int64_t step = rows <= 1024 ? 128 : rows <= 4096 ? 512 : 2048;
  return rows <= 128 ? bucket : (rows + step - 1) / step * step;
}
/// Beyond so many rows a device is busy for longer than launches take: nothing is padded there for
/// the sake of replaying it.
inline constexpr int64_t kReplayedRows = 1024;

// Of the library's own; the addon holds pointers to them alone.
class Device;
class Worker;
class Weight;
class Graph;

/// The arithmetic of the layers.
enum class Arithmetic : int32_t { kFloat32, kBFloat16, kFloat16, kInt8 };

struct DeviceOptions {
  int32_t index;
  Arithmetic arithmetic;
  int32_t allow_tf32;  // 1: float32 products may be TF32's
};

struct DeviceDescription {
  char name[128];
  int32_t major, minor;
  uint64_t memory, free_memory;
  int32_t driver_version, runtime_version;  // 1000 major + 10 minor
};
/// As people write versions of CUDA: 13020 is 13.2.
inline std::string version_in_words(int32_t version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Rows of bytes, one side of them on the device.
struct CopyRequest {
  void* to;
  size_t to_pitch;
  const void* from;
  size_t from_pitch;
  size_t width, rows;
  int32_t to_device;  // 0: from the device
};

/// A matrix (outputs, inputs) and its bias in host memory: f32, rows without gaps.
struct WeightRequest {
  const float* matrix;
  const float* bias;
  int64_t inputs, outputs;
  int32_t is_layer;  // multiplied in the layers' arithmetic; 0: in float32
};

/// Whether a worker runs its ops, or only finds out what memory they need.
enum class WorkerUse : int32_t { kRun, kPlan };

/// LinearForward and LinearBackward, the weight being the library's own.
struct LinearForwardCall {
  Tensor y, preactivation, x;
  const Weight* weight;
  Activation activation;
  bool operator==(const LinearForwardCall&) const = default;
};
struct LinearBackwardCall {
  Tensor dx, dweight, dbias, dy, x, preactivation;
  const Weight* weight;
  Tensor dresidual;
  Activation activation;
  InputActivation input;
};

/// The ops that cross, each by its place in the list. Their structs do as they are.
template <class... Ops>
struct OpList {
  static constexpr uint32_t kCount = sizeof...(Ops);

  template <class Op>
  static constexpr uint32_t number_of() {
    constexpr bool is_op[] = {std::is_same_v<Op, Ops>...};
    uint32_t number = 0;
    while (!is_op[number]) ++number;
    return number;
  }
  /// A number that changes with the size of any of them.
  static constexpr uint64_t layout() {
    uint64_t hash = 0xcbf29ce484222325;
    ((hash = (hash ^ sizeof(Ops)) * 0x100000001b3), ...);
    return hash;
  }
};
using CrossingOps =
    OpList<EmbeddingForward, LinearForwardCall, LayerNormForward, AttentionForward,
           GatherRowsForward, ConvertForward, ActivationForward, SoftmaxForward, WeightedSumForward,
           CrossEntropyForward, BinaryCrossEntropyForward, SquaredErrorForward, SquareSum,
           ClipFactor, AdamWUpdate, LambUpdate, DropoutForward, EmbeddingBackward,
           LinearBackwardCall, LayerNormBackward, AttentionBackward, GatherRowsBackward,
           ActivationBackward, SoftmaxBackward, WeightedSumBackward, CrossEntropyBackward,
           BinaryCrossEntropyBackward, SquaredErrorBackward>;

/// The part of a matrix that begins at an output, in the device's memory, f32.
struct WeightPart {
  Tensor matrix;  // (rows, inputs)
  Tensor bias;    // (rows); none = zeros
  int64_t first_output;
};

/// What the library can do. A Device may be used by several threads, a Worker by one at a time.
struct Library {
  uint32_t version;
  uint64_t layout;

  Device* (*open_device)(const DeviceOptions* options, Status* status);
  void (*close_device)(Device* device);
  void (*describe)(Device* device, DeviceDescription* description, Status* status);

  /// Bytes that are free now.
  uint64_t (*free_memory)(const Device* device, Status* status);
  void* (*allocate)(Device* device, size_t bytes, Status* status);
  void (*release)(Device* device, void* pointer);
  /// Waits for the workers' calls so far, then copies; returns when it is done.
  void (*copy)(Device* device, const CopyRequest* request, Status* status);
  void (*synchronize)(Device* device, Status* status);
  void (*zero)(Device* device, void* pointer, size_t bytes, Status* status);

  Weight* (*prepare)(Device* device, const WeightRequest* request, Status* status);
  /// Other numbers of the same shape into the same memory; no worker may use it meanwhile.
  void (*repack)(Weight* weight, const WeightRequest* request, Status* status);
  /// The same from the device's memory, behind the worker's ops so far; not int8.
  void (*repack_within)(Worker* worker, Weight* weight, const WeightPart* part, Status* status);
  void (*release_weight)(Weight* weight);
  uint64_t (*weight_bytes)(const Weight* weight);
  /// What prepare() would take; looks at the request's sizes alone.
  uint64_t (*prepared_bytes)(const Device* device, const WeightRequest* request);
  /// Writes the prepared numbers back: request's pointers are targets, either may be null.
  void (*unpack)(const Weight* weight, float* matrix, float* bias, Status* status);

  Worker* (*open_worker)(Device* device, WorkerUse use, Status* status);
  void (*close_worker)(Worker* worker);
  /// Memory beside the ops' tensors that it holds, or, planning, would hold.
  uint64_t (*scratch_bytes)(const Worker* worker);
  /// Changes whenever that memory moves: graphs captured before are not to be launched any more.
  uint64_t (*memory_generation)(const Worker* worker);
  /// Host memory that copies of this worker may be made from and to; after finish() it may be read
  /// until this is called again.
  void* (*stage)(Worker* worker, size_t bytes, Status* status);
  /// Enqueues a copy; its host side is staged memory.
  void (*enqueue_copy)(Worker* worker, const CopyRequest* request, Status* status);
  void (*enqueue_zero)(Worker* worker, void* pointer, size_t bytes, Status* status);
  /// Waits for everything that was enqueued.
  void (*finish)(Worker* worker, Status* status);
  /// From begin_capture() to end_capture() ops are recorded instead of run; null where something
  /// was asked for that cannot be.
  void (*begin_capture)(Worker* worker, Status* status);
  Graph* (*end_capture)(Worker* worker, Status* status);
  void (*launch_graph)(Worker* worker, const Graph* graph, Status* status);
  void (*release_graph)(Graph* graph);
  /// Enqueues one op; `op` is the struct at `number` of CrossingOps.
  void (*run)(Worker* worker, uint32_t number, const void* op, Status* status);
};

/// The library's one entry: its functions, or null where it does not speak this version.
inline constexpr char kLibraryEntry[] = "albert_cuda_library";
using LibraryEntry = const Library* (*)(uint32_t version);

}  // namespace albert::cuda
