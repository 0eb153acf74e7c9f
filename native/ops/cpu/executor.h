// One user's share of the CPU: kernels of an instruction set, a width on the pool, and scratch.
#pragma once

#include <memory>
#include <vector>

#include "core/thread_pool.h"
#include "ops/cpu/host_memory.h"
#include "ops/cpu/isa/kernel_table.h"
#include "ops/ops.h"

namespace albert::cpu {

class CpuOps final : public Ops {
 public:
  CpuOps(const KernelTable& kernels, std::shared_ptr<ThreadPool> pool, int width);

 private:
  void run(const EmbeddingForward& op) override;
  void run(const LinearForward& op) override;
  void run(const LayerNormForward& op) override;
  void run(const AttentionForward& op) override;
  void run(const GatherRowsForward& op) override;
  void run(const ActivationForward& op) override;
  void run(const SoftmaxForward& op) override;
  void run(const WeightedSumForward& op) override;
  void run(const CrossEntropyForward& op) override;
  void run(const BinaryCrossEntropyForward& op) override;
  void run(const SquaredErrorForward& op) override;
  void run(const DropoutForward& op) override;
  void run(const EmbeddingBackward& op) override;
  void run(const LinearBackward& op) override;
  void run(const LayerNormBackward& op) override;
  void run(const AttentionBackward& op) override;
  void run(const GatherRowsBackward& op) override;
  void run(const ActivationBackward& op) override;
  void run(const SoftmaxBackward& op) override;
  void run(const WeightedSumBackward& op) override;
  void run(const CrossEntropyBackward& op) override;
  void run(const BinaryCrossEntropyBackward& op) override;
  void run(const SquaredErrorBackward& op) override;

  /// How many chunks `units` of work are worth, at most `limit`: 1 where a thread would cost more
  /// than it brings. A unit is about a nanosecond.
  int64_t chunks_for(double units, int64_t limit) const;
  /// Calls body(begin, end) for parts of [0, count), on several threads if the work is worth it.
  void for_ranges(int64_t count, double units_each, FunctionRef<void(int64_t, int64_t)> body);
  /// Calls body(item, scratch) for every item in [0, count), scratch being `floats` floats that no
  /// other thread uses meanwhile.
  void for_items(int64_t count, size_t floats, FunctionRef<void(int64_t, float*)> body);

  /// Some query rows of a head of a sequence.
  struct AttentionItem {
    int64_t sequence;
    int64_t head;
    int64_t query_begin;  // row of queries
    int64_t query_count;
    int64_t probabilities;  // where the item's first row begins in the flat probabilities
  };
  void list_attention_items(const AttentionForward& op);
  AttentionTask attention_task(const AttentionForward& op, const AttentionItem& item) const;

  const KernelTable& kernels_;
  std::shared_ptr<ThreadPool> pool_;
  int width_;
  std::vector<FloatBuffer> scratch_;            // one a thread slot
  std::vector<AttentionItem> attention_items_;  // kept for its memory
};

/// The kernels' name for an activation.
Epilogue epilogue_of(Activation activation);

}  // namespace albert::cpu
