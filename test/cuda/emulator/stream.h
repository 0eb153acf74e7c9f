// Work that streams are asked for, graphs that it is captured into, and a log of what was called.
#pragma once

#include "cuda_runtime.h"

namespace emulator {

/// Something to run, once or each time that a graph is launched.
struct Work {
  void (*run)(void* context);
  void (*release)(void* context);
  void* context;
};

bool is_capturing(cudaStream_t stream);
/// Whether the calling thread captures: it may not allocate then.
bool is_thread_capturing();
/// Takes work for the graph that the stream is being captured into.
void keep(cudaStream_t stream, const Work& work);
/// What keeps a call from being made now: that a stream is captured which it would have to wait
/// for, or which must not wait.
cudaError_t refused_while_capturing(cudaStream_t stream);

/// Writes a line to the file that ALBERT_EMULATOR_LOG names, if it does.
void log_call(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace emulator
