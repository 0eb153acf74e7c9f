// A loaded model that answers jobs: what the addon and albert_check talk to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/job.h"
#include "ops/backend.h"

namespace albert::engine {

struct LoadRequest {
  std::string config;  // text of config.json
  /// "base", "pretraining", "masked_lm", "sequence_classification", "token_classification",
  /// "question_answering", "question_answering_v2", "multiple_choice".
  std::string kind;
  /// A checkpoint directory or .safetensors file; empty = fresh weights.
  std::string path;
  /// Of fresh weights, and of heads that the checkpoint lacks.
  uint64_t seed = 0;
  BackendOptions backend;
  /// Upper bound for this model's jobs; 0 = all threads of the pool.
  int threads = 0;
  /// Tokens that may wait before submit() refuses with kBusy.
  int64_t max_queued_tokens = int64_t{1} << 20;
  /// Tokens of a tile; 0 = planned from the load. Changes speed, never results.
  int64_t tile_tokens = 0;
};

/// Thread-safe. Owns nothing of JavaScript; lives as long as somebody holds it or work is running.
class Engine {
 public:
  /// Reads, checks and packs the weights, or shares those that the process has already. Blocks:
  /// call it from a thread of the pool. Throws Error (kConfig, kFormat, kShape, kNotFound,
  /// kBackend, ...).
  static std::shared_ptr<Engine> load(const LoadRequest& request);

  virtual ~Engine() = default;

  /// Missing and unexpected tensors, one sentence each.
  virtual const std::vector<std::string>& warnings() const = 0;

  /// Checks the request on the caller's thread and queues it. Throws Error: kRange and kShape for
  /// bad input, kBusy when the queue is full, kDisposed after close().
  virtual std::shared_ptr<Job> submit(JobRequest request, Job::Done done) = 0;

  /// Takes a job out of the queue, or stops it between passes once nobody else needs its tile.
  /// True if the job had not finished: its `done` will not be called any more.
  virtual bool abort(Job& job) = 0;

  /// Bytes held for weights, and by the largest run so far for activations, by name.
  virtual std::vector<BillItem> memory() const = 0;

  /// Writes all parameters as one float32 safetensors file, atomically. Blocks. Throws kIo.
  virtual void save(const std::string& file) const = 0;

  virtual const model::Architecture& architecture() const = 0;
  virtual const std::shared_ptr<Backend>& backend() const = 0;

  /// The newest weights, packed now if nobody has computed with them. Blocks. Throws
  /// Error{kDisposed}.
  virtual WeightVersion::Weights weights() const = 0;

  /// Jobs that begin from now on compute with other weights, of the same architecture and on the
  /// same backend, packed when the first of them does. Nothing happens after close().
  virtual void publish(WeightVersion::Pack pack) = 0;

  /// Refuses new jobs and fails the queued ones with kDisposed (through their `done`); running
  /// tiles go on. `idle` is called once, on any thread, when nothing runs any more and the weights
  /// were let go (at once, on this thread, if nothing runs). Later calls also get their `idle`
  /// called.
  virtual void close(std::function<void()> idle) = 0;
};

}  // namespace albert::engine
