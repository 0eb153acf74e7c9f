// Streams run their work at once, unless they are captured; graphs run what was captured.
#include "stream.h"

#include <atomic>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime.h"

struct CUgraph_st {
  std::vector<emulator::Work> works;
};
struct CUstream_st {
  emulator::Schedule schedule;
  bool capturing = false;
  std::vector<emulator::Work> captured;
};
struct CUgraphExec_st {
  std::vector<emulator::Work> works;
};

namespace emulator {

Schedule default_schedule;

namespace {

std::atomic<uint64_t> stream_count{0};
std::atomic<int> capturing_streams{0};
thread_local bool thread_captures = false;

/// How many captures are to fail, as where somebody else in the process waits for the whole GPU.
std::atomic<int> failing_captures{number_from("ALBERT_EMULATOR_FAILING_CAPTURES", 0)};
/// How much longer a capture is to last, so that what other threads do falls into it.
const int capture_milliseconds = number_from("ALBERT_EMULATOR_CAPTURE_MS", 0);

std::FILE* open_log() {
  const char* file = std::getenv("ALBERT_EMULATOR_LOG");
  return file ? std::fopen(file, "a") : nullptr;
}

}  // namespace

Schedule schedule_of(cudaStream_t stream) {
  return stream ? stream->schedule : default_schedule;
}

bool is_capturing(cudaStream_t stream) {
  return stream && stream->capturing;
}

void keep(cudaStream_t stream, const Work& work) {
  stream->captured.push_back(work);
}

bool is_thread_capturing() {
  return thread_captures;
}

cudaError_t refused_while_capturing(cudaStream_t stream) {
  if (is_capturing(stream)) return cudaErrorStreamCaptureUnsupported;
  return !stream && capturing_streams > 0 ? cudaErrorStreamCaptureImplicit : cudaSuccess;
}

void log_call(const char* format, ...) {
  static std::FILE* const file = open_log();
  static std::mutex& mutex = *new std::mutex;
  if (!file) return;
  const std::lock_guard lock(mutex);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(file, format, arguments);
  va_end(arguments);
  std::fputc('\n', file);
  std::fflush(file);
}

}  // namespace emulator

using emulator::log_call;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const uint64_t number = emulator::stream_count++;
  *stream = new CUstream_st{{emulator::Order(number % 3), number + 1}, false, {}};
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  log_call("synchronize");
  return emulator::refused_while_capturing(stream);
}

cudaError_t cudaDeviceSynchronize() {
  log_call("synchronize");
  return emulator::refused_while_capturing(nullptr);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  if (!stream || stream->capturing) return cudaErrorStreamCaptureUnsupported;
  if (mode != cudaStreamCaptureModeThreadLocal) return cudaErrorInvalidValue;
  log_call("capture");
  stream->capturing = emulator::thread_captures = true;
  ++emulator::capturing_streams;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (!emulator::is_capturing(stream)) return cudaErrorInvalidValue;
  std::this_thread::sleep_for(std::chrono::milliseconds(emulator::capture_milliseconds));
  stream->capturing = emulator::thread_captures = false;
  --emulator::capturing_streams;
  if (emulator::failing_captures-- > 0) {
    for (const emulator::Work& work : stream->captured) work.release(work.context);
    stream->captured.clear();
    *graph = nullptr;
    return cudaErrorStreamCaptureInvalidated;
  }
  *graph = new CUgraph_st{std::move(stream->captured)};
  stream->captured.clear();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  *executable = new CUgraphExec_st{std::move(graph->works)};
  graph->works.clear();
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  for (const emulator::Work& work : graph->works) work.release(work.context);
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  for (const emulator::Work& work : executable->works) work.release(work.context);
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  const cudaError_t error = emulator::refused_while_capturing(stream);
  if (error != cudaSuccess) return error;
  log_call("graph %zu", executable->works.size());
  for (const emulator::Work& work : executable->works) work.run(work.context);
  return cudaGetLastError();
}

}  // extern "C"
