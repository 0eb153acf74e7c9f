// One user's share of the CPU: kernels of an instruction set, a width on the pool, and scratch.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/host_memory.h"
#include "core/thread_pool.h"
#include "ops/cpu/isa/kernel_table.h"
#include "ops/ops.h"

namespace albert::cpu {

class PackedWeight;

class CpuOps final : public Ops {
 public:
  CpuOps(const KernelTable& kernels, std::shared_ptr<ThreadPool> pool, int width);

 private:
  void run(const EmbeddingForward& op) override;
  void run(const LinearForward& op) override;
  void run(const LayerNormForward& op) override;
  void run(const AttentionForward& op) override;
  void run(const GatherRowsForward& op) override;
  void run(const ConvertForward& op) override;
  void run(const ActivationForward& op) override;
  void run(const SoftmaxForward& op) override;
  void run(const WeightedSumForward& op) override;
  void run(const CrossEntropyForward& op) override;
  void run(const BinaryCrossEntropyForward& op) override;
  void run(const SquaredErrorForward& op) override;
  void run(const SquareSum& op) override;
  void run(const ClipFactor& op) override;
  void run(const AdamWUpdate& op) override;
  void run(const LambUpdate& op) override;
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
  /// Pieces of work for at most `threads` threads, each of which needs some scratch.
  struct Items {
    int64_t count;
    int threads;
    size_t floats;
  };
  /// Calls body(item, scratch) for every item in [0, count), scratch being `floats` floats that no
  /// other thread uses meanwhile.
  void for_items(const Items& items, FunctionRef<void(int64_t, float*)> body);

  const float* word_row(const EmbeddingForward& op, int32_t token, float* wide) const;

  /// Points the task's left side at x, or at x as the weight's format needs it.
  void stage(const Tensor& x, const PackedWeight& weight, GemmTask& task);
  /// Runs a task in parts; what is staged stays.
  void multiply(const GemmTask& whole, const FormatKernels& format);

  Tensor inner_gradient(const LinearBackward& op, const FormatKernels& format);
  void add_weight_gradient(const LinearBackward& op, const Tensor& dz, const FormatKernels& format);
  /// Leaves dz transposed and adds its rows to dbias.
  void transpose(const Tensor& dz, const Tensor& dbias, bool sums_only,
                 const FormatKernels& format);
  /// Leaves x as the right side of a product whose inputs are its rows.
  void pack_down(const Tensor& x, const FormatKernels& format);

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

  /// A run of a tensor's elements: the part of an optimizer's work that has its own partial sums.
  struct OptimizerChunk {
    size_t slot;
    int64_t begin;
    int64_t count;
  };
  void append_optimizer_chunks(size_t slot, int64_t size);
  void list_optimizer_chunks(std::span<const OptimizerSlot> slots);
  /// Calls body(chunk, index) for every chunk, on several threads if the work is worth it.
  template <class Body>
  void for_chunks(double units_per_element, const Body& body);
  static AdamTask adam_task(const AdamTask& rates, const OptimizerSlot& slot,
                            const OptimizerChunk& chunk);
  void find_trust_ratios(const LambUpdate& op);

  const KernelTable& kernels_;
  std::shared_ptr<ThreadPool> pool_;
  int width_;
  std::vector<FloatBuffer> scratch_;              // one a thread slot
  FloatBuffer staged_;                            // the left side of a linear, and, for int8,
  std::vector<float> row_scales_;                 // how its rows are quantized
  std::vector<int32_t> row_zero_points_;          //
  FloatBuffer gradients_;                         // of a linear's preactivation,
  FloatBuffer transposed_;                        // the same transposed,
  FloatBuffer panels_;                            // what that is multiplied with,
  FloatBuffer zeros_;                             // and its bias
  FloatBuffer partial_gradients_;                 // of a norm: two rows a block of rows
  std::vector<AttentionItem> attention_items_;    // kept for its memory
  std::vector<OptimizerChunk> optimizer_chunks_;  // kept for its memory
  std::vector<LambSums> partial_sums_;            // one an optimizer chunk; kept for its memory
};

/// The mask of the rows from `first_row` on.
DropoutMask mask_of(const Dropout& dropout, int64_t first_row);

/// The kernels' names for an activation and an element type.
Epilogue epilogue_of(Activation activation);
inline Element element_of(const Tensor& tensor) {
  return tensor.dtype == DType::kBF16 ? Element::kBF16 : Element::kF32;
}
inline int64_t size_of(Element element) {
  return element == Element::kBF16 ? 2 : 4;
}
/// A row of either element type.
inline void* row_of(const Tensor& tensor, int64_t index) {
  return tensor.as<char>() + index * tensor.row_stride * size_of(element_of(tensor));
}

}  // namespace albert::cpu
