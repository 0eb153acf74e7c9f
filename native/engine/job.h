// One caller's forward pass: its input, its outputs, its state.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/tensor.h"
#include "data/labels.h"
#include "data/packed_batch.h"
#include "engine/weight_version.h"

namespace albert::engine {

using data::kIgnored;
using data::Labels;
using data::ProblemType;

struct JobRequest {
  data::PackedBatch batch;
  /// (T): the column of the output row that each token fills; strictly ascending in a sequence.
  std::vector<int32_t> columns;
  /// S of the outputs; columns lie in [0, width).
  int64_t width = 0;
  bool hidden_states = false;
  bool attentions = false;
  /// Outputs as f64 instead of f32; the reference backend only.
  bool float64 = false;
  /// Packed token indices that the head computes (masked LM) or may answer with (span v2), grouped
  /// by sequence, with (B + 1) offsets. Absent: all tokens.
  std::optional<std::vector<int32_t>> head_rows;
  std::vector<int32_t> head_cu;
  /// Multiple choice: consecutive sequences of one question.
  int64_t choices = 1;
  /// Span v2: how many starts, and how many ends for each start, come back.
  int64_t start_top = 5;
  int64_t end_top = 5;
  std::optional<Labels> labels;
};

/// A named result in row-major order, zero where nothing is written.
struct JobOutput {
  /// Throws Error{kMemory} where it does not fit.
  JobOutput(std::string name, DType dtype, std::vector<int64_t> dims);

  /// Rows of `columns` elements, the first at element `offset`.
  Tensor view(int64_t offset, int64_t rows, int64_t columns) const;

  std::string name;
  DType dtype;
  std::vector<int64_t> dims;
  std::shared_ptr<void> data;
  size_t bytes;
};

/// Shared by the caller and the engine. The engine writes outputs from several threads, each to the
/// rows of its own sequences; the caller reads them after `done` was called.
class Job {
 public:
  /// Called once, on a thread of the pool: when the last sequence is finished or the job failed.
  /// Not called after Engine::abort returned true.
  using Done = std::function<void(Job&)>;

  Job(JobRequest job_request, Done done_callback)
      : request(std::move(job_request)), done(std::move(done_callback)) {}

  const JobRequest request;
  std::vector<JobOutput> outputs;
  /// Span v2 with labels: start, end and answerability loss of each sequence.
  std::vector<std::array<double, 3>> span_losses;
  /// Set before `done` if the job failed.
  std::optional<Error> error;
  const Done done;

  bool aborted() const { return aborted_.load(std::memory_order_acquire); }
  /// The output of that name; it must exist.
  const JobOutput& output(std::string_view name) const;

 private:
  friend class Scheduler;
  std::atomic<bool> aborted_{false};
  /// Guarded by the scheduler's mutex.
  std::shared_ptr<WeightVersion> version_;  // that its sequences compute with; none has begun yet
  int64_t next_sequence_ = 0;
  int64_t unfinished_ = 0;
  bool finished_ = false;
};

}  // namespace albert::engine
