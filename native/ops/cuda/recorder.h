// Recordings of a pass's ops as CUDA graphs: a pass that asks for the same ops again costs one
// launch.
#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ops/cuda/library.h"

namespace albert::cuda {

/// Of one executor. A graph stands for a list of ops that is equal in every field, tensors by their
/// addresses and weights by their serials, so that to replay it is to run these ops. A list is run
/// as it is until the worker's memory is as large as it has to be, then captured. What cannot be
/// captured (another part of the process may wait for the whole GPU meanwhile, which ends captures)
/// is run as it is. ALBERT_CUDA_GRAPHS=0 turns all of it off.
class Recorder {
 public:
  explicit Recorder(Worker* worker);
  ~Recorder() { clear(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Calls body() and runs the ops that it asked for.
  void run(const std::function<void()>& body);
  /// The weight of the op that comes next.
  void note(uint64_t serial) { serial_ = serial; }

  /// Whether it keeps the op for the end of run(); else it is to run now, as all that was kept did.
  template <class Op>
  bool takes(const Op& op) {
    if (!recording_) return false;
    if constexpr (std::is_constructible_v<AnyOp, const Op&>) {
      if (may_keep(op)) {
        ops_.push_back({op, std::exchange(serial_, 0)});
        return true;
      }
    }
    give_up();
    return false;
  }

  /// Releases all graphs.
  void clear() noexcept;

 private:
  using AnyOp = std::variant<LinearForwardCall, LayerNormForward, AttentionForward,
                             GatherRowsForward, ConvertForward>;
  struct RecordedOp {
    AnyOp op;
    uint64_t weight;  // its serial; 0 = none
    bool operator==(const RecordedOp&) const = default;
  };
  struct Recording {
    std::vector<RecordedOp> ops;
    uint64_t generation;  // of the worker's memory, when it was run or captured
    uint64_t last_use;
    Graph* graph = nullptr;
    int failures = 0;  // to capture it
  };

  static bool may_keep(const LinearForwardCall& op) { return op.x.rows() <= kReplayedRows; }
  static bool may_keep(const LayerNormForward& op) { return op.dropout.probability == 0; }
  static bool may_keep(const AttentionForward& op) { return op.dropout.probability == 0; }
  static bool may_keep(const GatherRowsForward&) { return true; }
  static bool may_keep(const ConvertForward&) { return true; }

  void give_up();
  void call_all() const;
  uint64_t memory_generation() const;
  bool may_replay(Recording& recording);
  bool capture(Recording& recording);
  Recording* find();
  void remember();

  Worker* const worker_;
  const bool off_;
  bool recording_ = false;
  uint64_t serial_ = 0;
  uint64_t uses_ = 0;
  std::vector<RecordedOp> ops_;
  std::vector<Recording> recordings_;
};

}  // namespace albert::cuda
