// Capture and replay of recordings.
#include "ops/cuda/recorder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <utility>

#include "ops/cuda/loader.h"

namespace albert::cuda {

namespace {

/// Row counts in use at a time, twice: the last pass differs from the others.
constexpr size_t kMostRecordings = 32;
/// How often a list of ops is captured in vain before that is given up.
constexpr int kMostFailures = 3;

bool is_turned_off() {
  const char* wish = std::getenv("ALBERT_CUDA_GRAPHS");
  return wish != nullptr && std::strcmp(wish, "0") == 0;
}

void launch(Worker* worker, const Graph* graph) {
  Status status{};
  library().launch_graph(worker, graph, &status);
  check(status);
}

}  // namespace

Recorder::Recorder(Worker* worker) : worker_(worker), off_(is_turned_off()) {}

void Recorder::clear() noexcept {
  for (const Recording& recording : recordings_) {
    if (recording.graph) library().release_graph(recording.graph);
  }
  recordings_.clear();
}

void Recorder::run(const std::function<void()>& body) {
  if (off_ || recording_) return body();
  ops_.clear();
  serial_ = 0;
  recording_ = true;
  try {
    body();
  } catch (...) {
    recording_ = false;
    throw;
  }
  if (!std::exchange(recording_, false)) return;
  Recording* const known = find();
  if (known == nullptr) {
    call_all();
    return remember();
  }
  known->last_use = ++uses_;
  if (may_replay(*known)) return launch(worker_, known->graph);
  call_all();
  known->generation = memory_generation();
}

/// Whether there is a graph of it that may be launched, captured now if it has to be.
bool Recorder::may_replay(Recording& recording) {
  if (recording.generation != memory_generation()) {
    if (recording.graph) library().release_graph(std::exchange(recording.graph, nullptr));
    return false;  // memory may have to grow again, which no capture allows
  }
  if (recording.graph) return true;
  if (recording.failures >= kMostFailures) return false;
  if (capture(recording)) return true;
  ++recording.failures;
  return false;
}

uint64_t Recorder::memory_generation() const {
  return library().memory_generation(worker_);
}

/// The body asks for something that is not kept: it runs as it would without a recorder.
void Recorder::give_up() {
  recording_ = false;
  call_all();
}

void Recorder::call_all() const {
  for (const RecordedOp& recorded : ops_) {
    std::visit(
        [&](const auto& op) {
          Status status{};
          const uint32_t number = CrossingOps::number_of<std::decay_t<decltype(op)>>();
          library().run(worker_, number, &op, &status);
          check(status);
        },
        recorded.op);
  }
}

/// False where it failed: the ops, run as they are, tell what is wrong with them.
bool Recorder::capture(Recording& recording) {
  Status begin{}, end{};
  library().begin_capture(worker_, &begin);
  if (begin.failed) return false;
  bool is_whole = true;
  try {
    call_all();
  } catch (const std::exception&) {
    is_whole = false;
  }
  recording.graph = library().end_capture(worker_, &end);
  if (!is_whole && recording.graph) {
    library().release_graph(std::exchange(recording.graph, nullptr));
  }
  return recording.graph != nullptr;
}

Recorder::Recording* Recorder::find() {
  const auto found = std::find_if(recordings_.begin(), recordings_.end(),
                                  [&](const Recording& each) { return each.ops == ops_; });
  return found == recordings_.end() ? nullptr : &*found;
}

void Recorder::remember() {
  if (recordings_.size() >= kMostRecordings) {
    const auto oldest = std::min_element(
        recordings_.begin(), recordings_.end(),
        [](const Recording& a, const Recording& b) { return a.last_use < b.last_use; });
    if (oldest->graph) library().release_graph(oldest->graph);
    recordings_.erase(oldest);
  }
  recordings_.push_back(
      {.ops = std::move(ops_), .generation = memory_generation(), .last_use = ++uses_});
}

}  // namespace albert::cuda
